"""How far an import got, in a file beside the one that it reads, so that an interrupted import goes on."""

from pathlib import Path

import msgspec

from services.ingest.archive.archive_file import Position

ENDING = ".import-progress"


class Counts(msgspec.Struct, kw_only=True):
    """What an import came to so far. pages: outcomes of the pages that were asked for."""

    items: int = 0
    bad: int = 0
    pages: dict[str, int] = {}

    def told(self) -> str:
        """In words."""
        pages = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(self.pages.items()))
        return f"{self.items:,} items, {self.bad:,} bad lines" + (f" (pages: {pages})" if pages else "")


class Progress(msgspec.Struct, kw_only=True, frozen=True):
    """Everything before `position` is confirmed by the broker, or was reported as bad.

    feed_id, size, modified_ns: of which import and which file this is the progress; of another it says nothing.
    """

    feed_id: str
    size: int
    modified_ns: int
    position: Position
    counts: Counts


class Checkpoint:
    """The progress file of one import."""

    def __init__(self, file: Path, feed_id: str) -> None:
        self.path = file.with_name(file.name + ENDING)
        told = file.stat()
        self._feed_id, self._size, self._modified_ns = feed_id, told.st_size, told.st_mtime_ns

    def read(self) -> tuple[Position, Counts]:
        """Where to go on, and the counts so far; the beginning where there is no progress of this import."""
        try:
            known = msgspec.json.decode(self.path.read_bytes(), type=Progress)
        except (FileNotFoundError, msgspec.DecodeError):
            return Position(), Counts()
        if (known.feed_id, known.size, known.modified_ns) != (self._feed_id, self._size, self._modified_ns):
            return Position(), Counts()
        return known.position, known.counts

    def write(self, position: Position, counts: Counts) -> None:
        """Replace the file in one step. Raises OSError."""
        known = Progress(
            feed_id=self._feed_id, size=self._size, modified_ns=self._modified_ns, position=position, counts=counts
        )
        new = self.path.with_name(self.path.name + ".new")
        new.write_bytes(msgspec.json.encode(known))
        new.replace(self.path)

    def remove(self) -> None:
        """The import is complete."""
        self.path.unlink(missing_ok=True)
