"""A lock between processes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.say import Say


@contextmanager
def locked(path: Path, waiting_for: str, say: Say) -> Iterator[None]:
    """Hold the lock file `path`; where another process holds it, say so and wait.

    The kernel lets go of a flock(2) when its holder ends, however it ends, so no lock is ever stale.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for {waiting_for}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
