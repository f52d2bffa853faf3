"""The body of a webhook: {type, timestamp, data}, always under 20 KB. What was left out is at `data.links.item`."""

from collections.abc import Callable
from typing import Any

import msgspec

from schemas import codec
from schemas.messages import Alert

MAX_BYTES = 20_000  # Standard Webhooks 1.0.0 recommends less than 20 KB

SCHEMA_VERSION = 1
LISTS = ("missions", "countries", "entities", "figures")
LINKS = ("item", "story", "article", "feed")

Trim = Callable[[dict[str, Any]], None]


def body(alert: Alert, search_name: str | None) -> bytes:
    """Return the exact bytes to sign and send, as UTF-8 JSON. docs/webhooks.md describes the fields.

    A body that is too large is shortened step by step, which `data.trimmed` tells; it never fails.
    """
    data = codec.to_builtins(alert) | {
        "schema_version": SCHEMA_VERSION,
        "search": {"id": alert.search_id, "name": search_name} if alert.search_id else None,
        "trimmed": False,
    }
    del data["search_id"]
    if alert.feed is None:
        del data["feed"]  # of alerts about feeds only
    message = {"type": f"news.{alert.kind}", "timestamp": data["matched_at"], "data": data}
    encoded = msgspec.json.encode(message)
    for trim in TRIMS:
        if len(encoded) < MAX_BYTES:
            return encoded
        trim(data)
        data["trimmed"] = True
        encoded = msgspec.json.encode(message)
    return encoded


def _texts(limit: int) -> Trim:
    def trim(data: dict[str, Any]) -> None:
        for field in ("title", "summary", "feed_title"):
            if data["item"] and len(data["item"][field]) > limit:
                data["item"][field] = data["item"][field][: limit - 1] + "…"

    return trim


def _lists(limit: int) -> Trim:
    """Mission and entity lists come with the most mentioned first: what is cut is what matters least."""

    def trim(data: dict[str, Any]) -> None:
        del data["why"][limit:]
        for field in LISTS if data["item"] else ():
            del data["item"][field][limit:]

    return trim


def _to_the_bone(data: dict[str, Any]) -> None:
    """Drop everything whose length nothing limits: ids, times and links remain."""
    data["item"] = None
    data["why"] = []
    links = {name: data["links"][name] for name in LINKS if name in data["links"]}
    data["links"] = {name: link for name, link in links.items() if len(msgspec.json.encode(link)) < 2_000}
    data["search"] = data["search"] and {"id": data["search"]["id"], "name": (data["search"]["name"] or "")[:200]}
    for field in ("subject", "trigger", "story_id"):
        data[field] = data[field] and data[field][:200]
    if feed := data.get("feed"):
        data["feed"] = {name: value[:500] if isinstance(value, str) else value for name, value in feed.items()}


TRIMS: tuple[Trim, ...] = (_texts(2_000), _lists(50), _texts(500), _lists(10), _lists(3), _to_the_bone)
