"""A record of a file of old articles to an entry as feeds have them. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from schemas.canonical_url import canonical_url
from schemas.errors import Invalid
from services.ingest.formats.absolute_url import absolute_url
from services.ingest.formats.html_text import html_text, inline_text, paragraphs
from services.ingest.formats.parsed_feed import Entry, language_code, sane

# (field, other names that are read as well, what it holds); docs/import.md shows this table
FIELDS: Final = (
    ("url", ("link",), "address of the article; http or https"),
    ("title", ("headline",), "headline"),
    ("text", ("body", "content"), "text; plain or HTML"),
    ("summary", ("description", "abstract"), "summary; plain or HTML"),
    (
        "published_at",
        ("published", "publish_date", "date"),
        "ISO 8601, RFC 5322 or seconds since 1970; without a zone UTC",
    ),
    ("language", ("lang", "feed_language"), "ISO 639, e.g. fr or fr-HT"),
    ("country", ("outlet_country",), "of the outlet; ISO 3166-1 alpha-2, e.g. HT"),
    ("outlet", ("feed_title", "source", "media_name"), "who published it"),
    ("authors", ("author", "byline"), "a list, or names with semicolons between them"),
    ("image_url", ("image",), "address of a picture"),
    ("entry_id", ("id", "guid"), "what tells articles without an address apart"),
)
_FIELD: Final = {name: field for field, others, _ in FIELDS for name in (field, *others)}

_HTML: Final = re.compile(r"</?(?:p|br|div|a|b|i|em|strong|span|ul|li|h[1-6]|img|blockquote)\b[^<>]*>", re.IGNORECASE)
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_MILLISECONDS: Final = 100_000_000_000  # as seconds: the year 5138


class Old(msgspec.Struct, frozen=True, kw_only=True):
    """An article of the past. Without a title and a text its page is needed."""

    entry: Entry
    language: str | None
    country: str | None
    outlet: str

    @property
    def is_address_only(self) -> bool:
        return not (self.entry.title or self.entry.text)


def known_columns(names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return name -> field for the names that mean one, and the names that mean none. Raises Invalid (`columns`)."""
    known: dict[str, str] = {}
    for name in names:
        field = _FIELD.get(_plain(name))
        if field and field in known.values():
            raise Invalid(f"two columns mean {field}: {name!r} and {_name_of(field, known)!r}", reason="columns")
        if field:
            known[name] = field
    if not {"url", "title"} & set(known.values()):
        raise Invalid("no column is called url or title: is line 1 the header?", reason="columns")
    return known, [name for name in names if name not in known]


def old_article(fields: Mapping[str, Any]) -> Old:
    """Return the article that a record describes. Raises Invalid, which names the field and what it held.

    Of several names for one field the first that holds something counts.
    """
    given: dict[str, Any] = {}
    for name, value in fields.items():
        field = _FIELD.get(_plain(name))
        if field and given.get(field) in (None, "", []):
            given[field] = value.strip() if isinstance(value, str) else value
    url, title = _url(given.get("url")), inline_text(_string(given, "title"))
    if not (url or title):
        raise Invalid("neither url nor title", reason="line")
    summary = _text(_string(given, "summary"))
    published = given.get("published_at")
    return Old(
        entry=Entry(
            entry_id=_string(given, "entry_id") or None,
            url=url,
            title=title,
            summary=summary.rstrip("\n"),
            text=_text(_string(given, "text")) or summary,
            authors=_authors(given.get("authors")),
            image_url=absolute_url(_string(given, "image_url"), url or "") if given.get("image_url") else None,
            published_at=_date(published) if published not in (None, "") else None,
            published_raw=str(published) if published not in (None, "") else None,
        ),
        language=_language(_string(given, "language")),
        country=_country(_string(given, "country")),
        outlet=inline_text(_string(given, "outlet")),
    )


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _name_of(field: str, known: Mapping[str, str]) -> str:
    return next(name for name, meant in known.items() if meant == field)


def _string(given: Mapping[str, Any], field: str) -> str:
    value = given.get(field)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Invalid(f"{field}: not a text: {value!r}"[:200], reason="line")
    return str(value)


def _url(value: object) -> str | None:
    if value in (None, ""):
        return None
    url = absolute_url(value, "")
    if url is None:
        raise Invalid(f"url: not an http or https address: {value!r}"[:200], reason="line")
    canonical_url(url)
    return url


def _text(value: str) -> str:
    return html_text(value) if _HTML.search(value) else paragraphs(value)


def _authors(value: object) -> list[str]:
    if isinstance(value, str):
        value = value.split(";")
    if value is not None and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
        raise Invalid(f"authors: not names: {value!r}"[:200], reason="line")
    return [name for name in map(inline_text, value or []) if name]


def _date(value: object) -> datetime:
    """Dates that nobody could read would be lost for ever: the line is refused."""
    try:
        moment = sane(_moment(value))
    except (ValueError, TypeError, OverflowError, OSError):
        moment = None
    if moment is None:
        raise Invalid(f"published_at: not a date: {value!r}"[:200], reason="line")
    return moment


def _moment(value: object) -> datetime:
    if isinstance(value, str) and not re.fullmatch(r"\d{9,}(\.\d+)?", value):
        try:
            return datetime.fromisoformat(value.replace(" UTC", "Z").replace("/", "-"))
        except ValueError:
            return parsedate_to_datetime(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(type(value))
    seconds = float(value)
    return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)


def _language(value: str) -> str | None:
    code = language_code(value)
    if value and not code:
        raise Invalid(f"language: not a code such as fr: {value!r}"[:200], reason="line")
    return code


def _country(value: str) -> str | None:
    code = value.upper()
    if value and not _COUNTRY.fullmatch(code):
        raise Invalid(f"country: not a code of two letters such as HT: {value!r}"[:200], reason="line")
    return code or None
