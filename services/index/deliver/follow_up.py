"""The body of a digest or follow-up: what waited, an entry each, under 20 KB. docs/webhooks.md has the fields."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.index.deliver.payload import MAX_BYTES, SCHEMA_VERSION
from services.index.deliver.windows import Waiting

TITLE, NAME = 200, 200  # code points
LINK = 1_000  # a link that is longer is left out


def body(
    alert_id: str,
    search_id: str,
    search_name: str,
    trigger: str,
    members: Sequence[tuple[Waiting, Mapping[str, Any]]],
    now: datetime,
    trace_id: str,
) -> bytes:
    """Return the exact bytes to sign and send.

    members: what waited, with the message that each would have been, oldest first. What does not fit is counted.
    """
    listed = [_line(waiting, message["data"]) for waiting, message in members]
    data: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "alert_id": alert_id,
        "kind": "digest",
        "subject": search_id,
        "trigger": trigger,
        "matched_at": now.isoformat(),
        "late": any(line["late"] for line in listed),
        "search": {"id": search_id, "name": search_name[:NAME]},
        "item": None,
        "why": [],
        "links": _monitor(listed),
        "trace_id": trace_id,
        "digest": {
            "count": len(listed),
            "waited_for": dict(Counter(waiting.why for waiting, _ in members)),
            "items": listed,
        },
        "trimmed": False,
    }
    return _fitting({"type": "news.digest", "timestamp": now.isoformat(), "data": data})


def without(sent: bytes, item_ids: set[str]) -> bytes:
    """Return a body without the words of these items, which were taken down. The count stays as it was."""
    message = msgspec.json.decode(sent)
    digest = message["data"]["digest"]
    digest["items"] = [line for line in digest["items"] if line["item_id"] not in item_ids]
    message["data"]["trimmed"] = len(digest["items"]) < digest["count"]
    return msgspec.json.encode(message)


def item_ids(sent: bytes) -> set[str]:
    """Return the items that a body tells of."""
    lines = msgspec.json.decode(sent)["data"]["digest"]["items"] if sent else []
    return {line["item_id"] for line in lines if line["item_id"]}


def _line(waiting: Waiting, data: Mapping[str, Any]) -> dict[str, Any]:
    item = data.get("item") or {}
    links = {name: link for name, link in data["links"].items() if len(link) <= LINK}
    return {
        "alert_id": data["alert_id"],
        "kind": data["kind"],
        "item_id": data["item_id"],
        "story_id": data["story_id"],
        "title": _cut(item.get("title", "")),
        "feed_title": _cut(item.get("feed_title", "")),
        "language": item.get("language"),
        "matched_at": data["matched_at"],
        "late": data["late"],
        "waited_for": waiting.why,
        "links": links,
    }


def _monitor(lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Where all of it can be seen: the page that opens an item, without the item."""
    pages = [line["links"]["item"].partition("#")[0] for line in lines if "item" in line["links"]]
    return {"monitor": pages[0]} if pages else {}


def _cut(text: str) -> str:
    return text if len(text) <= TITLE else text[: TITLE - 1].rstrip() + "…"


def _fitting(message: dict[str, Any]) -> bytes:
    """Leave out the latest items until the rest fits."""
    lines: list[dict[str, Any]] = message["data"]["digest"]["items"]
    encoded = msgspec.json.encode(message)
    spare = MAX_BYTES - 100 - (len(encoded) - len(msgspec.json.encode(lines)))
    kept = 0
    for line in lines:
        spare -= len(msgspec.json.encode(line)) + 1
        if spare < 0:
            break
        kept += 1
    if kept == len(lines):
        return encoded
    message["data"]["digest"]["items"] = lines[:kept]
    message["data"]["trimmed"] = True
    return msgspec.json.encode(message)
