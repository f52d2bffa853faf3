"""Lists of feeds as files: OPML 2.0 (opml.org/spec2.opml) both ways, YAML to read. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET
from xml.parsers import expat

import msgspec
import yaml

from schemas import identity
from schemas.errors import Invalid
from schemas.messages import CountryCode, Feed, LanguageCode
from services.ingest.html_text import clean
from services.ingest.parsed_feed import language_code

MAX_TAGS: Final = 50  # folders within each other, too


class _Listed(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a list may say of a feed."""

    url: str
    title: str | None = None
    language: LanguageCode | None = None
    country: CountryCode | None = None
    tags: Annotated[list[Annotated[str, msgspec.Meta(min_length=1)]], msgspec.Meta(max_length=MAX_TAGS)] = []
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None
    interval_s: Annotated[int, msgspec.Meta(gt=0)] | None = None
    paused: bool = False


# A line of the file and what is said there.
_Said = tuple[int, dict[str, Any]]
# The attributes of an outline that say something here, beside those of OPML. Lower case: writers differ.
_ATTRIBUTES: Final = ("language", "country", "id", "interval_s", "paused")


def read_feeds(text: str, name: str, now: datetime) -> list[Feed]:
    """Return the feeds that an OPML or YAML file lists, in its order. A feed without an id gets one from its URL.

    name: of the file, for errors. Raises Invalid (`feeds_file`) that names file, line and entry, and what to do.
    """
    text = text.lstrip("\ufeff \t\r\n") if text.lstrip("\ufeff \t\r\n").startswith("<") else text.lstrip("\ufeff")
    said = _read_opml(text, name) if text.startswith("<") else _read_yaml(text, name)
    feeds: list[Feed] = []
    lines: dict[str, int] = {}
    for number, (line, fields) in enumerate(said, start=1):
        where = f"{name}, line {line} (entry {number})"
        feed = _feed(fields, where, now)
        for key in (feed.url, feed.feed_id):
            if key in lines:
                raise _invalid(f"{where}: {key} is listed already, on line {lines[key]}. Keep one of the two.")
        lines |= {feed.url: line, feed.feed_id: line}
        feeds.append(feed)
    return feeds


def write_opml(feeds: Iterable[Feed]) -> str:
    """Return an OPML document: tags are folders, the first the outermost. read_feeds gives the same feeds back."""
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = "Feeds"
    body = ET.SubElement(root, "body")
    folders: dict[tuple[str, ...], ET.Element] = {(): body}
    for feed in feeds:
        for depth in range(1, len(feed.tags) + 1):
            path = tuple(feed.tags[:depth])
            if path not in folders:
                folders[path] = ET.SubElement(folders[path[:-1]], "outline", text=clean(path[-1]))
        title = clean(feed.title)
        said = {
            "type": "rss",
            "text": title or feed.url,
            "title": title,
            "xmlUrl": feed.url,
            "language": feed.language,
            "country": feed.country,
            "id": feed.feed_id if feed.feed_id != identity.feed_id(feed.url) else None,
            "interval_s": str(feed.interval_s) if feed.interval_s else None,
            "paused": "true" if feed.paused else None,
        }
        ET.SubElement(
            folders[tuple(feed.tags)], "outline", {key: value for key, value in said.items() if value is not None}
        )
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _feed(fields: dict[str, Any], where: str, now: datetime) -> Feed:
    try:
        listed = msgspec.convert(fields, _Listed, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(f"{where}: {error}. An entry may have {', '.join(_Listed.__struct_fields__)}.") from error
    url = listed.url.strip()
    try:
        parts = urlsplit(url)
        host, credentials = parts.hostname, "@" in parts.netloc
    except ValueError:
        host, credentials = None, False
    if not host or parts.scheme not in ("http", "https"):
        raise _invalid(f"{where}: {url[:200]!r} is no address of a feed. Give one that starts with https:// or http://.")
    if credentials:
        raise _invalid(f"{where}: the address of {host} has a user name or password in it. Remove it.")
    return Feed(
        feed_id=listed.id or identity.feed_id(url),
        url=url,
        title=" ".join((listed.title or "").split()),
        language=listed.language,
        country=listed.country,
        tags=list(dict.fromkeys(tag.strip() for tag in listed.tags if tag.strip())),
        paused=listed.paused,
        interval_s=listed.interval_s,
        updated_at=now,
    )


def _read_opml(text: str, name: str) -> list[_Said]:
    said: list[_Said] = []
    folders: list[str | None] = []  # of every open outline its name, None where it is a feed or has no name
    parser = expat.ParserCreate()

    def refuse_entity(*_declaration: object) -> None:
        raise _invalid(f"{name}, line {parser.CurrentLineNumber}: defines an entity. Write the text itself instead.")

    def start(element: str, attributes: dict[str, str]) -> None:
        ...

    return said


def _invalid(text: str) -> Invalid:
    return Invalid(text, reason="feeds_file")
