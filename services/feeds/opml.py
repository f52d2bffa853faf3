"""OPML 2.0 (opml.org/spec2.opml), the format in which readers exchange lists of feeds. Pure."""

import json
import re
from collections.abc import Iterable
from typing import Final
from xml.etree import ElementTree as ET
from xml.parsers import expat

import msgspec

from schemas.errors import Invalid
from schemas.identity import feed_id
from schemas.messages import Feed
from services.feeds.rules import tidied

# What an outline says of a feed under the names that the YAML form uses; not of OPML, other readers ignore them.
OWN_ATTRIBUTES: Final = ("id", "interval_s", "paused", "page_text", "user_agent", "http1", "proxy")

_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")


class Outline(msgspec.Struct, frozen=True):
    """A feed in the document: the line that it starts on, and its fields as the YAML form has them."""

    line: int
    fields: dict[str, object]


def read_opml(text: str, name: str) -> list[Outline]:
    """Return the outlines that are feeds, with the names of the folders around them as tags.

    Read with expat itself: unlike ElementTree it tells lines, and lets entities be refused. Raises Invalid.
    """
    found: list[Outline] = []
    elements: list[str] = []
    folders: list[str] = []  # for every open outline its name; empty for a feed
    parser = expat.ParserCreate()

    def fail(what: str) -> Invalid:
        return Invalid(f"{name}, line {parser.CurrentLineNumber}: {what}", reason="feeds_file")

    def start(element: str, attributes: dict[str, str]) -> None:
        elements.append(element)
        if elements[0].lower() != "opml":
            raise fail(f"the root element is <{elements[0]}>, not <opml>. If this is a feed, add its address instead.")
        if element.lower() != "outline":
            return
        said = {key.lower(): value.strip() for key, value in attributes.items()}  # writers differ in the case
        is_feed = "xmlurl" in said or said.get("type", "").lower() in ("rss", "atom")
        if is_feed:
            try:
                fields = _fields(said, [tag for tag in folders if tag])
            except ValueError as error:
                raise fail(f'headers is no JSON ({error}). Write headers=\'{{"Name": "value"}}\'.') from error
            found.append(Outline(parser.CurrentLineNumber, fields))
        folders.append("" if is_feed else said.get("text") or said.get("title") or "")

    def end(element: str) -> None:
        elements.pop()
        if element.lower() == "outline":
            folders.pop()

    def entity(*_declaration: object) -> None:
        raise fail("defines an entity, which is not read. Write its text where it is used.")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise fail(f"not well-formed XML ({expat.ErrorString(error.code)}). Correct it there.") from error
    return found


def write_opml(feeds: Iterable[Feed]) -> str:
    """Return a document of the feeds: tags are folders, the first the outermost. Credentials are left out."""
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = "Feeds"
    folders: dict[tuple[str, ...], ET.Element] = {(): ET.SubElement(root, "body")}
    for feed in map(tidied, feeds):
        for depth in range(1, len(feed.tags) + 1):
            path = tuple(feed.tags[:depth])
            if path not in folders:
                folders[path] = ET.SubElement(folders[path[:-1]], "outline", text=path[-1])
        ET.SubElement(folders[tuple(feed.tags)], "outline", _attributes(feed))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _fields(said: dict[str, str], tags: list[str]) -> dict[str, object]:
    """What the outline names. Raises ValueError for headers that are no JSON."""
    url, title = said.get("xmlurl", ""), said.get("title") or said.get("text") or ""
    language = _LANGUAGE.fullmatch(said.get("language", ""))
    fields: dict[str, object] = {key: said[key] for key in OWN_ATTRIBUTES if said.get(key)}
    named = {
        "title": title if title != url else "",
        "language": language[1].lower() if language else "",
        "country": said.get("country", "").upper(),
        "home_page": said.get("htmlurl", ""),
        "headers": json.loads(said["headers"]) if said.get("headers") else None,
    }
    return fields | {key: value for key, value in named.items() if value} | {"url": url, "tags": tags}


def _attributes(feed: Feed) -> dict[str, str]:
    attributes = {
        "type": "rss",
        "text": feed.title or feed.url,
        "title": feed.title,
        "xmlUrl": feed.url,
        "htmlUrl": feed.home_page,
        "language": feed.language,
        "country": feed.country,
        "id": feed.feed_id if feed.feed_id != feed_id(feed.url) else None,
        "interval_s": str(feed.interval_s) if feed.interval_s else None,
        "paused": "true" if feed.paused else None,
        "page_text": "true" if feed.page_text else None,
        "user_agent": feed.user_agent,
        "headers": json.dumps(feed.headers) if feed.headers else None,
        "http1": "true" if feed.http1 else None,
        "proxy": feed.proxy,
    }
    return {key: value for key, value in attributes.items() if value}
