"""What a fetched document is read as: values that pass between processes."""

from datetime import datetime
from typing import Literal

import msgspec

NoFeedReason = Literal["empty", "html", "blocked", "login", "json", "sitemap", "broken", "unknown"]


class Entry(msgspec.Struct, kw_only=True, frozen=True):
    """An entry as the feed gave it. Texts are plain, links absolute http(s); None is what the feed does not say."""

    entry_id: str | None
    url: str | None
    title: str
    summary: str
    text: str
    authors: list[str]
    image_url: str | None
    published_at: datetime | None
    published_raw: str | None


class ParsedFeed(msgspec.Struct, kw_only=True, frozen=True):
    """A feed document. `format` is feedparser's name of it (rss20, atom10, ...) or json. Entries in its order.

    cut_entries: how many more there were than are looked at.
    """

    format: str
    title: str
    language: str | None
    self_url: str | None
    entries: list[Entry]
    cut_entries: int = 0


class NotAFeed(msgspec.Struct, kw_only=True, frozen=True):
    """A document that is no feed, and what it is instead."""

    reason: NoFeedReason
    detail: str
