"""`import --dry-run`: what a file holds and what is wrong with it, without Kafka or a network."""

from collections.abc import Callable
from datetime import datetime

from schemas.errors import Invalid
from schemas.messages import RawItem
from services.ingest.archive.archive_file import Position, read_records
from services.ingest.archive.archive_item import Task, item_of
from services.ingest.archive.checkpoint import Counts


def check(task: Task, say: Callable[[str], None], now: datetime) -> Counts:
    """Read the whole file and say what it holds and each line that is bad. Raises Invalid and OSError."""
    counts, undated = Counts(), 0
    first: RawItem | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    with task.file.open("rb") as file:
        for record in read_records(file, task.form, Position()):
            try:
                item = item_of(task.article(record), task.feed, now)
            except Invalid as error:
                counts.bad += 1
                say(f"{task.file}:{record.line}: {error}")
                continue
            counts.items += 1
            first = first or item
            if date := item.published_at:
                earliest, latest = min(earliest or date, date), max(latest or date, date)
            else:
                undated += 1
    if first:
        say(f"the first: {first.title or '(title from its page)'} | {first.feed_title} | {first.url}")
    between = f", published {earliest:%Y-%m-%d} to {latest:%Y-%m-%d}" if earliest and latest else ""
    say(f"{task.file}: {counts.told()}{between}, {undated:,} without a date; nothing was sent")
    return counts
