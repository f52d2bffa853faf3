"""The servers' jars: those that the lock file names, kept in the user's cache and checked against its sums.

A jar enters the cache by an atomic rename after its sum was found right, so that neither a crash nor a second process
leaves a bad one there. After a full check a stamp notes size and modification time of each; later starts compare those.
"""

import hashlib
import json
import os
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalStackError
from deploy.local.locking import locked
from deploy.local.say import Say

LOCK_FILE = Path(__file__).with_name("jars.lock")
REGENERATE = "Write it anew with: python -m deploy.local.lock"


@dataclass(frozen=True)
class Jar:
    """A jar by its Maven coordinate group:artifact:version[:classifier] and the SHA-256 of its bytes (hex)."""

    coordinate: str
    sha256: str

    @property
    def file_name(self) -> str:
        return file_name(self.coordinate)


def file_name(coordinate: str) -> str:
    """Return the name of a jar's file: artifact-version[-classifier].jar."""
    return "-".join(coordinate.split(":")[1:]) + ".jar"


def read_lock(text: str, server: str) -> list[Jar]:
    """Return the jars of a server in the order of its class path. Raises LocalStackError where the lock is no such."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LocalStackError(f"{LOCK_FILE.name} cannot be read: {error}. {REGENERATE}") from error
    jars = [Jar(coordinate, sha256) for coordinate, sha256 in table.get(server, {}).items()]
    if not jars:
        raise LocalStackError(f"{LOCK_FILE.name} names no jars for {server}. {REGENERATE}")
    for jar in jars:
        if len(jar.coordinate.split(":")) not in (3, 4) or len(jar.sha256) != 64:
            raise LocalStackError(f"{LOCK_FILE.name}: {jar} is not a jar and its sum. {REGENERATE}")
    if len({jar.file_name for jar in jars}) < len(jars):
        raise LocalStackError(f"{LOCK_FILE.name}: two jars of {server} have the same file name. {REGENERATE}")
    return jars


def cache_folder() -> Path:
    """Return the folder that all checkouts of this user share."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "mss-news-monitor"


def class_path(server: str, say: Say, verify: bool = False) -> list[Path]:
    """Return the jars of "kafka" or "engine", fetched where they are missing.

    verify: compute every sum, also when the stamp says that nothing has changed since they were last computed.
    Raises LocalStackError on a sum other than the recorded one, and when a jar cannot be fetched.
    """
    text = LOCK_FILE.read_text(encoding="utf-8")
    jars = read_lock(text, server)
    cache = cache_folder()
    folder = cache / "jars"
    stamp = cache / f"{server}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.stamp"
    with locked(cache / f"{server}.lock", f"another process that fetches the jars of {server}", say):
        if verify or not stamp.exists() or json.loads(stamp.read_text()) != _marks(folder, jars):
            _complete(jars, folder, server, say)
            stamp.write_text(json.dumps(_marks(folder, jars)))
            say(f"{server}: all {len(jars)} jars have their recorded sha256 sums")
    return [folder / jar.file_name for jar in jars]


def _complete(jars: list[Jar], folder: Path, server: str, say: Say) -> None:
    """Check the jars that are there, fetch and check those that are not."""
    from deploy.local.fetch import fetch  # imported here: a start from a full cache does without

    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for jar in jars:
        path = folder / jar.file_name
        if path.exists():
            check(jar, hashlib.sha256(path.read_bytes()).hexdigest(), f"{path} was damaged: delete it and run again.")
        else:
            missing.append(jar)
    if missing:
        by_coordinate = {jar.coordinate: jar for jar in missing}

        def arrived(coordinate: str, path: Path, sha256: str) -> None:
            check(
                by_coordinate[coordinate], sha256, "The repository, or something on the way to it, serves another file."
            )
            path.replace(folder / path.name)

        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as temporary:
            fetch(list(by_coordinate), Path(temporary), server, say, arrived)


def check(jar: Jar, actual: str, remedy: str) -> None:
    """Raise LocalStackError, with what can be done about it, unless `actual` (SHA-256, hex) is the recorded sum."""
    if actual != jar.sha256:
        raise LocalStackError(
            f"{jar.coordinate} is not the jar that {LOCK_FILE.name} names:\n"
            f"  recorded sha256 {jar.sha256}\n"
            f"  actual sha256   {actual}\n"
            f"{remedy}"
        )


def _marks(folder: Path, jars: list[Jar]) -> dict[str, list[int]]:
    """Return size in bytes and modification time in ns of each jar that is there."""
    stats = {jar.file_name: (folder / jar.file_name).stat() for jar in jars if (folder / jar.file_name).exists()}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}
