"""A list of items as RSS 2.0, Atom (RFC 4287) or JSON Feed 1.1. Pure: the same items make the same bytes."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final, Literal
from xml.etree import ElementTree as ET

import msgspec

Form = Literal["rss", "atom", "json"]

MEDIA_TYPES: Final[dict[Form, str]] = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}
ATOM: Final = "http://www.w3.org/2005/Atom"
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_TEXT: Final = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An item. Texts are plain text without control characters."""

    item_id: str
    url: str
    title: str
    summary: str
    source: str
    language: str
    published_at: datetime
    updated_at: datetime
    tags: list[str]


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """The list. feed_id: stays the same for one search. home: the page for people, address: where the feed is."""

    feed_id: str
    title: str
    home: str
    address: str
    entries: list[Entry]

    @property
    def updated_at(self) -> datetime:
        """When its latest item was written."""
        return max((entry.updated_at for entry in self.entries), default=NEVER)


def entry(source: dict[str, Any], home: str) -> Entry:
    """Return the entry of an item as it is stored. home: the monitor's page, for one without an address."""
    url = source.get("url") or f"{home}/#item={source['item_id']}"
    tags = [f"country:{one['code']}" for one in source["countries"]] + [one["name"] for one in source["entities"]]
    return Entry(
        item_id=source["item_id"],
        url=_clean(url),
        title=_clean(source["title"]) or "(no title)",
        summary=_clean(source["summary"]),
        source=_clean(source["feed_title"]) or source["feed_id"],
        language=source["language"],
        published_at=datetime.fromisoformat(source["event_at"]),
        updated_at=datetime.fromisoformat(source["indexed_at"]),
        tags=[_clean(tag) for tag in dict.fromkeys(tags)],
    )


def written(channel: Channel, form: Form) -> bytes:
    """Return the document."""
    makers: dict[Form, Callable[[Channel], bytes]] = {"rss": _rss, "atom": _atom, "json": _json}
    return makers[form](channel)


def _rss(channel: Channel) -> bytes:
    root = ET.Element("rss", {"version": "2.0", "xmlns:atom": ATOM})
    made = ET.SubElement(root, "channel")
    _texts(made, title=channel.title, link=channel.home, description=f"News found by: {channel.title}")
    ET.SubElement(made, "atom:link", {"rel": "self", "type": MEDIA_TYPES["rss"], "href": channel.address})
    _texts(made, lastBuildDate=_rfc822(channel.updated_at), ttl="5")
    for one in channel.entries:
        item = ET.SubElement(made, "item")
        _texts(item, title=one.title, link=one.url, description=html.escape(one.summary, quote=False))  # HTML there
        ET.SubElement(item, "guid", {"isPermaLink": "false"}).text = _urn(one)
        _texts(item, pubDate=_rfc822(one.published_at))
        for tag in one.tags:
            _texts(item, category=tag)
    return _xml(root)


def _atom(channel: Channel) -> bytes:
    root = ET.Element("feed", {"xmlns": ATOM})
    _texts(root, id=channel.feed_id, title=channel.title, updated=_iso(channel.updated_at))
    _texts(ET.SubElement(root, "author"), name="MSS news monitor")
    ET.SubElement(root, "link", {"rel": "self", "type": MEDIA_TYPES["atom"], "href": channel.address})
    ET.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": channel.home})
    for one in channel.entries:
        item = ET.SubElement(root, "entry")
        _texts(item, id=_urn(one), title=one.title)
        _texts(item, published=_iso(one.published_at), updated=_iso(one.updated_at), summary=one.summary)
        _texts(ET.SubElement(item, "author"), name=one.source)
        ET.SubElement(item, "link", {"rel": "alternate", "href": one.url, "hreflang": one.language})
        for tag in one.tags:
            ET.SubElement(item, "category", {"term": tag})
    return _xml(root)


def _json(channel: Channel) -> bytes:
    items = [
        {
            "id": _urn(one),
            "url": one.url,
            "title": one.title,
            "summary": one.summary,
            "content_text": one.summary,
            "date_published": _iso(one.published_at),
            "date_modified": _iso(one.updated_at),
            "authors": [{"name": one.source}],
            "tags": one.tags,
            "language": one.language,
        }
        for one in channel.entries
    ]
    return msgspec.json.encode(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": channel.title,
            "home_page_url": channel.home,
            "feed_url": channel.address,
            "items": items,
        }
    )


def _texts(parent: ET.Element, **texts: str) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = _clean(text)


def _xml(root: ET.Element) -> bytes:
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _clean(text: str) -> str:
    return _NOT_TEXT.sub("", text)


def _urn(one: Entry) -> str:
    return f"urn:mss-news-monitor:item:{one.item_id}"


def _rfc822(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
