"""What a feed document says, whichever format it came in."""

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

MAX_ENTRIES: Final = 1_000  # of a document that are read
MAX_ID: Final = 2_000  # characters; a longer id is none
MAX_RAW_DATE: Final = 500  # characters that are kept
MAX_TITLE: Final = 1_000  # characters of a feed's and a source's

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LANGUAGE: Final = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_].*)?\s*")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. At least one of title, text and url is there.

    url: absolute, http or https, as given (not canonical). text: plain; paragraphs end with a line feed; the summary
    where the feed has no content. published_at: UTC; None where it is missing, unreadable or out of 1970 to 9999,
    with what the feed said in published_raw. source_title, source_url: whom an aggregator names (RSS source).
    """

    entry_id: str | None
    url: str | None
    title: str
    summary: str
    text: str
    authors: list[str]
    image_url: str | None
    published_at: datetime | None
    published_raw: str | None
    source_title: str | None = None
    source_url: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How often the document asks to be read. ttl: RSS; update period: sy:updatePeriod over sy:updateFrequency.

    skip_hours: 0 to 23, UTC. skip_days: 0 is Monday.
    """

    ttl_s: int | None = None
    update_period_s: int | None = None
    skip_hours: list[int] = []
    skip_days: list[int] = []


class ParsedFeed(msgspec.Struct, frozen=True, kw_only=True):
    """A document. format: e.g. rss20, atom10, json11. damaged: what was wrong where entries were read all the same.

    hub, self_url: WebSub, as the document names them.
    """

    title: str
    language: str | None
    entries: list[Entry]
    format: str
    damaged: str | None
    asked: Asked = Asked()
    hub: str | None = None
    self_url: str | None = None


class NotAFeed(Exception):
    """The document is no feed. `kind` is a slug for counting, `detail` says what it is. Crosses process pools.

    html, bot_wall, login, empty, json (not a JSON Feed), sitemap (without news), sitemap_index, xml (another document,
    or refused), unparsable; parser_hung and parser_died of the process that parses
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def language_code(value: object) -> str | None:
    """Return the language of a tag (RFC 5646): fr-HT is fr. None for what is no tag."""
    found = _LANGUAGE.fullmatch(value) if isinstance(value, str) else None
    return found[1].lower() if found else None


def sane(moment: datetime) -> datetime | None:
    """Return the moment in UTC, taken as UTC where it has no zone; None before 1970 or where UTC has no such year."""
    try:
        utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        return None
    return utc if utc >= _EARLIEST else None
