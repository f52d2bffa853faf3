"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1). A field of the wrong type counts as missing."""

import json
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from services.ingest.absolute_url import absolute_url
from services.ingest.html_text import clean, html_text, inline_text, paragraphs
from services.ingest.parsed_feed import MAX_ENTRIES, Entry, NotAFeed, ParsedFeed, language_code, sane


def read(text: str, url: str, damaged: list[str]) -> ParsedFeed:
    """Return what a document at `url` says. Raises NotAFeed."""
    document = _decode(text, damaged)
    version = _string(document.get("version")) if isinstance(document, dict) else ""
    if "jsonfeed.org/version/" not in version:
        raise NotAFeed("json", f"JSON, but no JSON Feed (no version of jsonfeed.org): {text[:100]}")
    items = document.get("items")
    if not isinstance(items, list):
        raise NotAFeed("json", "a JSON Feed without a list of items")
    entries = [_entry(item, url) for item in items[:MAX_ENTRIES] if isinstance(item, dict)]
    return ParsedFeed(
        title=inline_text(_string(document.get("title"))),
        language=language_code(document.get("language")),
        entries=[entry for entry in entries if entry.title or entry.text or entry.url],
        format="json" + version.rpartition("/")[2].replace(".", "")[:10],
        damaged="; ".join(damaged) or None,
    )


def _decode(text: str, damaged: list[str]) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        wrong = str(error)
    try:
        document = json.loads(text, strict=False)  # lets control characters and lone surrogates in strings pass
    except (ValueError, RecursionError):
        raise NotAFeed("json", f"not JSON: {wrong}") from None
    damaged.append(f"JSON: {wrong}")
    return document


def _entry(item: dict[str, Any], base: str) -> Entry:
    html, plain = _string(item.get("content_html")), _string(item.get("content_text"))
    summary = paragraphs(_string(item.get("summary")))
    raw = _string(item.get("date_published")) or _string(item.get("date_modified"))
    link = absolute_url(item.get("url"), base) or absolute_url(item.get("external_url"), base)
    return Entry(
        entry_id=_string(item.get("id")) or None,
        url=link,
        title=inline_text(_string(item.get("title"))),
        summary=summary.rstrip("\n"),
        text=html_text(html) or paragraphs(plain) or summary,
        authors=_authors(item),
        image_url=absolute_url(item.get("image"), base) or absolute_url(item.get("banner_image"), base),
        published_at=_date(raw),
        published_raw=raw or None,
    )


def _authors(item: dict[str, Any]) -> list[str]:
    authors = item.get("authors")
    listed = authors if isinstance(authors, list) else [item.get("author")]  # 1.1, 1.0
    names = (inline_text(_string(author.get("name"))) for author in listed if isinstance(author, dict))
    return list(dict.fromkeys(name for name in names if name))


def _date(raw: str) -> datetime | None:
    for read_date in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return sane(read_date(raw))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _string(value: object) -> str:
    """Text; numbers as text, which ids may be (as the specification asks)."""
    if isinstance(value, str):
        return clean(value).strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
