"""A feed document to entries: RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0, CDF through feedparser, JSON Feed and news
sitemaps by json_feed.py and sitemap.py.

Pure, slow for large documents and exposed to hostile ones: to be run in a process of its own.
"""

import io
import re
from collections.abc import Mapping
from typing import Any, Final
from xml.parsers import expat

from services.ingest.formats import json_feed, markup, sitemap
from services.ingest.formats.absolute_url import absolute_url
from services.ingest.formats.asked import asked
from services.ingest.formats.dates import Dates
from services.ingest.formats.document import read_document
from services.ingest.formats.html_text import clean, html_text, inline_text, paragraphs
from services.ingest.formats.parsed_feed import (
    MAX_ID,
    MAX_RAW_DATE,
    MAX_TITLE,
    Entry,
    NotAFeed,
    ParsedFeed,
    language_code,
)

__all__ = ["Entry", "NotAFeed", "ParsedFeed", "parse"]

# feedparser's keys of an entry, the first that is there counts
_DATES: Final = ("published", "updated", "created")
_END: Final = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf|channel)\s*>\s*\Z", re.IGNORECASE)
_CDF: Final = re.compile(r"<(?:[\w.-]+:)?channel\s[^<>]*href", re.IGNORECASE)
_ENTRY: Final = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_TEXT_TYPES: Final = frozenset(("text/html", "application/xhtml+xml", "text/plain", ""))


def parse(body: bytes, content_type: str | None, url: str) -> ParsedFeed:
    """Return what the document says; at most its first 1,000 entries. A feed without entries is a feed.

    content_type: of the response, believed in its charset only. url: where the document came from, for relative links.
    Raises NotAFeed and nothing else.
    """
    document = read_document(body, content_type, url)
    match document.format:
        case "json":
            return json_feed.read(document.text, url, document.damaged)
        case "sitemap":
            return sitemap.read(document.text, url, document.damaged)
        case "xml":
            return _read_xml(document.text, url, document.damaged)


def prepare() -> None:
    """Load what parsing needs, which takes a second: at the start of a process, not within a document's time."""
    import feedparser  # noqa: F401


def _read_xml(original: str, url: str, damaged: list[str]) -> ParsedFeed:
    mended = markup.mend(original)
    broken = _broken(mended.text)
    if broken and mended.cost > markup.MAX_COST // 2:
        mended = markup.mend(original, markup.MAX_COST // 2)  # feedparser's other parser takes twice the time
    text = mended.text
    damaged = [*damaged, *mended.damaged, *([broken] if broken else [])]
    parsed = _run_feedparser(text, broken, damaged)
    version, feed = str(parsed.get("version") or ("cdf" if _CDF.match(text) else "")), parsed["feed"]
    whole = not broken or _END.search(text)
    if not parsed["entries"] and (not whole or _ENTRY.search(text)):
        raise NotAFeed("unparsable", f"no entry can be read: {'; '.join(damaged) or 'its items are of no known kind'}")
    if not version and not parsed["entries"]:
        raise NotAFeed("xml", f"no feed, though it begins like one: {text[:100]}")
    # RSS says nothing about relative links: readers take them as relative to the site. Atom does (RFC 4287, 2).
    base = url if version.startswith("atom") else absolute_url(feed.get("link"), url) or url
    language = language_code(feed.get("language") or feed.get("title_detail", {}).get("language"))
    dates = Dates(language)
    entries = (_entry(entry, base, version, dates) for entry in parsed["entries"])
    return ParsedFeed(
        title=inline_text(_string(feed.get("title")))[:MAX_TITLE],
        language=language,
        entries=[entry for entry in entries if entry.title or entry.text or entry.url],
        format=version or "unknown",
        damaged="; ".join(damaged) or None,
        asked=asked(feed.get, text),
        hub=_linked(feed, "hub", url),
        self_url=_linked(feed, "self", url),
    )


def _broken(text: str) -> str | None:
    """Why it is not well-formed, or None."""
    try:
        expat.ParserCreate(namespace_separator=" ").Parse(text, True)
    except expat.ExpatError as error:
        return str(error)
    return None


def _run_feedparser(text: str, broken: str | None, damaged: list[str]) -> Any:
    import feedparser  # takes a while, and only this needs it

    def run(document: str) -> Any:
        # Without the document's address relative links stay as they are, but for xml:base.
        return feedparser.parse(
            io.BytesIO(document.encode()),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            resolve_relative_uris=False,
            sanitize_html=False,  # nothing but text is taken from markup
        )

    if not broken:
        try:
            return run(text)
        except Exception as error:  # whatever a document does to a parser that is not ours, such as U+00A0 in a name
            damaged.append(f"the parser failed: {type(error).__name__}: {error}"[:300])
    try:
        return run("&" + text)  # a stray "&" makes it choose its loose parser, at once
    except Exception as error:
        raise NotAFeed("unparsable", f"the parser failed: {type(error).__name__}: {error}"[:300]) from error


def _entry(entry: Any, base: str, version: str, dates: Dates) -> Entry:
    short = _string(entry.get("summary")), str(entry.get("summary_detail", {}).get("type"))
    summary = _text(*short)
    entry_id = _string(entry.get("id"))
    date = next((key for key in _DATES if key in entry), "")
    raw = _string(dict.get(entry, date))
    source_title, source_url = _source(entry.get("source"), base)
    return Entry(
        entry_id=entry_id if 0 < len(entry_id) <= MAX_ID else None,
        url=_link(entry, base),
        title=_title(entry, version),
        summary=summary.rstrip("\n"),
        text=_content(entry, {short: summary}) or summary,
        authors=_authors(entry),
        image_url=_image(entry, base),
        published_at=dates.read(raw, dict.get(entry, f"{date}_parsed")),
        published_raw=raw[:MAX_RAW_DATE] or None,
        source_title=source_title,
        source_url=source_url,
    )


def _source(source: object, base: str) -> tuple[str | None, str | None]:
    """RSS: <source url="">; Atom: its title and its page, or else its feed."""
    if not isinstance(source, Mapping):
        return None, None
    url = (
        absolute_url(source.get("link"), base)
        or absolute_url(source.get("href"), base)
        or _linked(source, "self", base)
    )
    return inline_text(_string(source.get("title")))[:MAX_TITLE] or None, url


def _linked(feed: Mapping[str, Any], rel: str, base: str) -> str | None:
    """The first of its links of that kind (RFC 8288 names are of any case)."""
    links = (link for link in feed.get("links", []) if str(link.get("rel", "")).lower() == rel)
    return next((url for url in (absolute_url(link.get("href"), base) for link in links) if url), None)


def _title(entry: Any, version: str) -> str:
    title = _string(entry.get("title"))
    if version.startswith("atom") and entry.get("title_detail", {}).get("type") == "text/plain":
        return " ".join(title.split())  # tags in it would be meant as text: RFC 4287, 3.1.1.1
    return inline_text(title)


def _content(entry: Any, known: dict[tuple[str, str], str]) -> str:
    """The longest of its contents that are text. known: by source, for feedparser repeats one as the summary."""
    longest = ""
    for content in entry.get("content", []):
        if content.get("type", "") in _TEXT_TYPES:
            source = _string(content.get("value")), str(content.get("type"))
            longest = max(longest, known.get(source) or _text(*source), key=len)
    return longest


def _text(value: str, media_type: str) -> str:
    return paragraphs(value) if media_type == "text/plain" else html_text(value)


def _link(entry: Any, base: str) -> str | None:
    href = entry.get("feedburner_origlink") or entry.get("link")
    if entry.get("guidislink") and href == entry.get("id"):
        base = ""  # a guid that is no URL is a permalink by default only: RSS 2.0, guid
    return absolute_url(href, base)


def _authors(entry: Any) -> list[str]:
    names = [author.get("name") or author.get("email") for author in entry.get("authors", [])]
    return list(dict.fromkeys(inline_text(_string(name)) for name in names if name)) or [
        author for author in [inline_text(_string(entry.get("author")))] if author
    ]


def _image(entry: Any, base: str) -> str | None:
    """The first of: media:content that is an image, media:thumbnail, an enclosure that is one, itunes:image."""
    media: list[Mapping[str, str]] = [item for item in entry.get("media_content", []) if _is_image(item)]
    media += entry.get("media_thumbnail", [])
    media += [item for item in entry.get("links", []) if item.get("rel") == "enclosure" and _is_image(item)]
    media += [image] if isinstance(image := entry.get("image"), Mapping) else []
    urls = (absolute_url(item.get("url") or item.get("href"), base) for item in media)
    return next((url for url in urls if url), None)


def _is_image(item: Mapping[str, str]) -> bool:
    if item.get("medium") or item.get("type"):
        return item.get("medium") == "image" or item.get("type", "").startswith("image/")
    path = (item.get("url") or item.get("href") or "").partition("?")[0].lower()
    return path.endswith((".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"))


def _string(value: object) -> str:
    return clean(value).strip() if isinstance(value, str) else ""
