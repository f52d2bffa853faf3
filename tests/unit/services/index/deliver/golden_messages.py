"""The messages whose every form is kept in golden/. `python -m tests.unit.services.index.deliver.golden_messages`
writes the files again: look at the difference before you keep it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec

from schemas.messages import SilentFeed
from services.index import notices
from services.index.deliver import follow_up, outbox, payload
from services.index.deliver.endpoints import Format
from services.index.deliver.formats.shape import shaped
from services.index.deliver.windows import Waiting
from tests.unit.services.index.alerts import EXAMPLE

GOLDEN = Path(__file__).parent / "golden"
FORMATS: tuple[Format, ...] = get_args(Format)
NOW = datetime(2024, 9, 12, 20, 15, tzinfo=UTC)
MONITOR = "https://monitor.example"

assert EXAMPLE.item
MATCH = msgspec.structs.replace(
    EXAMPLE,
    links=EXAMPLE.links | {"item": f"{MONITOR}/#item={EXAMPLE.item_id}"},
    item=msgspec.structs.replace(
        EXAMPLE.item,
        title="Officers <land> in *Port-au-Prince* | Q&A [photos](x) @everyone",
        summary="One.\n\nTwo & <!here>.",
    ),
)
NOTHING: dict[str, Any] = {"item": None, "item_id": None, "story_id": None, "revision": None, "why": []}
TEST = msgspec.structs.replace(EXAMPLE, kind="test", links={"monitor": MONITOR}, **NOTHING)
SILENT = msgspec.structs.replace(
    EXAMPLE,
    kind="silent_feed",
    search_id=None,
    links={},
    feed=SilentFeed(
        feed_id="f",
        title="Example News",
        url="https://news.example/rss",
        silent_since=NOW - timedelta(hours=30),
        limit_s=64_800,
        outcome="http_404",
        error="the server said 404",
    ),
    **NOTHING,
)
TOLD = outbox.owed(MATCH, "Kenya", "e" * 32, NOW)[1]
assert TOLD.item_id
GONE = msgspec.structs.replace(notices.withdrawn(notices.whom(TOLD), TOLD.item_id, NOW), trace_id="f" * 32)
WITHDRAWN = outbox.owed(GONE, "Kenya", "e" * 32, NOW)[1]


def digest(count: int) -> bytes:
    message = msgspec.json.decode(payload.body(MATCH, "Kenya"))
    members = [(Waiting(f"d{number}", NOW, "thread"), message) for number in range(count)]
    return follow_up.body("a" * 32, "s" * 32, "Kenya", "window:0", members, NOW, "t" * 32)


MESSAGES: dict[str, bytes] = {
    "match": payload.body(MATCH, "Kenya & <friends>"),
    "digest": digest(2),
    "test": payload.body(TEST, "Kenya"),
    "silent_feed": payload.body(SILENT, None),
    "withdrawn": WITHDRAWN.body.encode(),
}


def pretty(form: Format, kind: str) -> str:
    return msgspec.json.format(shaped(form, MESSAGES[kind]).decode()) + "\n"


if __name__ == "__main__":
    for form in FORMATS:
        for kind in MESSAGES:
            (GOLDEN / f"{form}-{kind}.json").write_text(pretty(form, kind))
