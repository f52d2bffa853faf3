"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1). A field of the wrong type counts as missing."""

import json
from typing import Any, Final

import msgspec

from services.ingest.formats.absolute_url import absolute_url
from services.ingest.formats.dates import Dates
from services.ingest.formats.html_text import clean, html_text, inline_text, paragraphs
from services.ingest.formats.parsed_feed import (
    MAX_ENTRIES,
    MAX_ID,
    MAX_RAW_DATE,
    MAX_TITLE,
    Entry,
    NotAFeed,
    ParsedFeed,
    language_code,
)

MAX_CONTENT: Final = 8_000_000  # characters in items


def read(text: str, url: str, damaged: list[str]) -> ParsedFeed:
    """Return what a document at `url` says. Raises NotAFeed."""
    document = _decode(text, damaged)
    version = _string(document.get("version")) if isinstance(document, dict) else ""
    if "jsonfeed.org/version/" not in version:
        raise NotAFeed("json", f"JSON, but no JSON Feed (no version of jsonfeed.org): {text[:100]}")
    items = document.get("items")
    if not isinstance(items, list):
        raise NotAFeed("json", "a JSON Feed without a list of items")
    language = language_code(document.get("language"))
    entries, left_out = _entries(items, url, Dates(language))
    return ParsedFeed(
        title=inline_text(_string(document.get("title")))[:MAX_TITLE],
        language=language,
        entries=[entry for entry in entries if entry.title or entry.text or entry.url],
        format="json" + version.rpartition("/")[2].replace(".", "")[:10],
        damaged="; ".join([*damaged, *left_out]) or None,
        hub=_hub(document.get("hubs"), url),
        self_url=absolute_url(document.get("feed_url"), url),
    )


def _entries(items: list[Any], url: str, dates: Dates) -> tuple[list[Entry], list[str]]:
    """The first MAX_ENTRIES, or as many as hold MAX_CONTENT; and what is left out, in words."""
    entries: list[Entry] = []
    content = 0
    for item in items[:MAX_ENTRIES]:
        if not isinstance(item, dict):
            continue
        content += sum(len(value) for value in item.values() if isinstance(value, str))
        if content > MAX_CONTENT:
            if not entries:
                raise NotAFeed("json", f"refused: an entry of more than {MAX_CONTENT} characters")
            return entries, [f"read up to its entry {len(entries)}: too large"]
        entries.append(_entry(item, url, dates))
    return entries, []


def _hub(hubs: object, base: str) -> str | None:
    """The first WebSub hub it names."""
    named = [hub for hub in hubs if isinstance(hub, dict)] if isinstance(hubs, list) else []
    urls = (absolute_url(hub.get("url"), base) for hub in named if _string(hub.get("type")).lower() == "websub")
    return next((url for url in urls if url), None)


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


def _entry(item: dict[str, Any], base: str, dates: Dates) -> Entry:
    html, plain = _string(item.get("content_html")), _string(item.get("content_text"))
    summary, identifier = paragraphs(_string(item.get("summary"))), _string(item.get("id"))
    raw = _string(item.get("date_published")) or _string(item.get("date_modified"))
    link = absolute_url(item.get("url"), base) or absolute_url(item.get("external_url"), base)
    return Entry(
        entry_id=identifier if 0 < len(identifier) <= MAX_ID else None,
        url=link,
        title=inline_text(_string(item.get("title"))),
        summary=summary.rstrip("\n"),
        text=html_text(html) or paragraphs(plain) or summary,
        authors=_authors(item),
        image_url=absolute_url(item.get("image"), base) or absolute_url(item.get("banner_image"), base),
        published_at=dates.read(raw),
        published_raw=raw[:MAX_RAW_DATE] or None,
    )


def _authors(item: dict[str, Any]) -> list[str]:
    authors = item.get("authors")
    listed = authors if isinstance(authors, list) else [item.get("author")]  # 1.1, 1.0
    names = (inline_text(_string(author.get("name"))) for author in listed if isinstance(author, dict))
    return list(dict.fromkeys(name for name in names if name))


def _string(value: object) -> str:
    """Text; numbers as text, which ids may be (as the specification asks)."""
    if isinstance(value, str):
        return clean(value).strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
