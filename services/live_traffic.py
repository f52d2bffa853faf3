"""Live items come first: who works on the archive gives way while more of them wait than a batch holds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from schemas.errors import Transient

QUIET_S = 1.0  # after the last full batch, until it is certain that no more were waiting behind it


class LiveTraffic:
    """Batches of live items as their consumer takes them. full: records that a batch holds at most."""

    def __init__(self, full: int, now: Callable[[], float] = time.monotonic) -> None:
        self._full = full
        self._now = now
        self._busy_until = float("-inf")

    @contextmanager
    def batch(self, records: int) -> Iterator[None]:
        """While a batch is worked on, and a little longer after a full one, others give way."""
        if records >= self._full:
            self._busy_until = float("inf")
        try:
            yield
        finally:
            if records >= self._full:
                self._busy_until = self._now() + QUIET_S

    def give_way(self) -> None:
        """Raise Transient while live items wait."""
        if self._now() < self._busy_until:
            raise Transient("live items come first")
