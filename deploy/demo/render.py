"""Feeds and article pages as bytes: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1, HTML. Pure functions."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from xml.etree import ElementTree as ET

import msgspec
import yaml

from deploy.demo.articles import Entry, Feed, Run, changed_at, visible

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
CONTENT_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}

ET.register_namespace("atom", ATOM)
ET.register_namespace("content", CONTENT)
ET.register_namespace("dc", DC)


class Rendered(msgspec.Struct, frozen=True):
    """A feed's answer: body, media type, and the validators for a conditional GET (RFC 9110, section 13)."""

    body: bytes
    content_type: str
    etag: str
    last_modified: str


def feed_url(base_url: str, feed: Feed) -> str:
    return f"{base_url}/{feed.id}/feed.{'json' if feed.outlet.format == 'json' else 'xml'}"


def article_url(base_url: str, feed: Feed, entry: Entry, *, tracked: bool) -> str:
    """The address of an article's page; tracked as the feed links to it."""
    query = f"?{feed.outlet.tracking}" if tracked and feed.outlet.tracking else ""
    return f"{base_url}/{feed.id}/{entry.slug}{query}"


def render(feed: Feed, run: Run, base_url: str, now: datetime) -> Rendered:
    """The feed as a poll at `now` gets it."""
    updated = changed_at(feed, run, now)
    body = _WRITERS[feed.outlet.format](feed, visible(feed, run, now), base_url, updated)
    return Rendered(
        body,
        CONTENT_TYPES[feed.outlet.format],
        f'"{hashlib.sha256(body).hexdigest()[:16]}"',
        format_datetime(updated, usegmt=True),
    )


def not_modified(rendered: Rendered, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether a conditional GET gets 304. If-None-Match decides alone where it is given (RFC 9110, section 13.2.2)."""
    if if_none_match is not None:
        offered = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in offered or rendered.etag in offered
    if if_modified_since is None:
        return False
    try:
        return parsedate_to_datetime(rendered.last_modified) <= parsedate_to_datetime(if_modified_since)
    except (TypeError, ValueError):  # no date, or one without a zone: as if it were not there
        return False


def page(feed: Feed, entry: Entry) -> bytes:
    """The article as a web page, saying that it belongs to a demo."""
    paragraphs = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in entry.paragraphs)
    return f"""<!doctype html>
<html lang="{escape(feed.outlet.language)}">
<head><meta charset="utf-8"><title>{escape(entry.title)} | {escape(feed.outlet.title)}</title></head>
<body style="max-width: 40em; margin: 2em auto; font-family: serif; line-height: 1.5">
<article>
<h1>{escape(entry.title)}</h1>
<p><em>{escape(entry.author)}, {escape(feed.outlet.title)},
<time datetime="{entry.updated.isoformat()}">{entry.updated:%Y-%m-%d %H:%M} UTC</time></em></p>
{paragraphs}
</article>
<footer><small lang="en">An article of the demo. The outlet and its people are invented; what is said of the mission
follows public reports of 2023 to 2026.</small></footer>
</body>
</html>
""".encode()


def index(feeds: Sequence[Feed], base_url: str) -> bytes:
    """A page that links to every feed."""
    links = "\n".join(
        f'<li><a href="{escape(feed_url(base_url, feed))}">{escape(feed.outlet.title)}</a>'
        f" ({escape(feed.outlet.language)}, {escape(feed.outlet.format)})</li>"
        for feed in feeds
    )
    return f'<!doctype html>\n<html lang="en"><title>Demo feeds</title>\n<ul>\n{links}\n</ul></html>\n'.encode()


def feeds_list(feeds: Sequence[Feed], base_url: str, interval_s: int) -> str:
    """The list that ingest imports, as YAML. interval_s: seconds between two polls of each."""
    listed = [
        {
            "url": feed_url(base_url, feed),
            "title": feed.outlet.title,
            "language": feed.outlet.language,
            "country": feed.outlet.country,
            "tags": feed.outlet.tags,
            "interval_s": interval_s,
        }
        for feed in feeds
    ]
    return yaml.safe_dump({"feeds": listed}, allow_unicode=True, sort_keys=False)


def _html(entry: Entry) -> str:
    return "".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in entry.paragraphs)


def _rss(feed: Feed, entries: Sequence[Entry], base_url: str, updated: datetime) -> bytes:
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    _text(channel, "title", feed.outlet.title)
    _text(channel, "link", f"{base_url}/")
    _text(channel, "description", f"News from {feed.outlet.title}")
    _text(channel, "language", feed.outlet.language)
    _text(channel, "lastBuildDate", format_datetime(updated, usegmt=True))
    ET.SubElement(channel, f"{{{ATOM}}}link", rel="self", type="application/rss+xml", href=feed_url(base_url, feed))
    for entry in entries:
        item = ET.SubElement(channel, "item")
        _text(item, "title", entry.title)
        _text(item, "link", article_url(base_url, feed, entry, tracked=True))
        _text(item, "guid", f"{feed.id}:{entry.slug}", isPermaLink="false")
        _text(item, f"{{{DC}}}creator", entry.author)
        _text(item, "pubDate", format_datetime(entry.published, usegmt=True))
        _text(item, "description", entry.summary)
        _text(item, f"{{{CONTENT}}}encoded", _html(entry))
    return _document(rss)


def _atom(feed: Feed, entries: Sequence[Entry], base_url: str, updated: datetime) -> bytes:
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": feed.outlet.language})
    _text(root, "title", feed.outlet.title)
    _text(root, "id", f"tag:demo.example,2026:{feed.id}")
    _text(root, "updated", updated.isoformat())
    ET.SubElement(root, "link", rel="self", type="application/atom+xml", href=feed_url(base_url, feed))
    for entry in entries:
        element = ET.SubElement(root, "entry")
        _text(element, "title", entry.title)
        _text(element, "id", f"tag:demo.example,2026:{feed.id}/{entry.slug}")
        ET.SubElement(element, "link", rel="alternate", href=article_url(base_url, feed, entry, tracked=True))
        _text(element, "published", entry.published.isoformat())
        _text(element, "updated", entry.updated.isoformat())
        _text(ET.SubElement(element, "author"), "name", entry.author)
        _text(element, "summary", entry.summary)
        _text(element, "content", _html(entry), type="html")
    return _document(root)


def _json(feed: Feed, entries: Sequence[Entry], base_url: str, updated: datetime) -> bytes:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.outlet.title,
        "home_page_url": f"{base_url}/",
        "feed_url": feed_url(base_url, feed),
        "language": feed.outlet.language,
        "items": [
            {
                "id": f"{feed.id}:{entry.slug}",
                "url": article_url(base_url, feed, entry, tracked=True),
                "title": entry.title,
                "summary": entry.summary,
                "content_html": _html(entry),
                "date_published": entry.published.isoformat(),
                "date_modified": entry.updated.isoformat(),
                "authors": [{"name": entry.author}],
                "language": feed.outlet.language,
            }
            for entry in entries
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


_WRITERS: dict[str, Callable[[Feed, Sequence[Entry], str, datetime], bytes]] = {
    "rss": _rss,
    "atom": _atom,
    "json": _json,
}


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = text


def _document(root: ET.Element) -> bytes:
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
