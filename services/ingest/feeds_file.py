"""Lists of feeds as files: OPML or YAML to read, OPML to write. Pure."""

from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
import yaml

from schemas import identity
from schemas.errors import Invalid
from schemas.messages import CountryCode, Feed, LanguageCode
from services.ingest.opml import Outline, read_opml, write_opml

__all__ = ["read_feeds", "write_opml"]

MAX_TAGS: Final = 50
_FORM: Final = "Write `feeds:` and below it a list of entries such as `- url: https://news.example/rss`."


class _Listed(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What an entry may say."""

    url: str
    title: str | None = None
    language: LanguageCode | None = None
    country: CountryCode | None = None
    tags: Annotated[list[str], msgspec.Meta(max_length=MAX_TAGS)] | None = None
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None
    interval_s: Annotated[int, msgspec.Meta(gt=0)] | None = None
    paused: bool | None = None


def read_feeds(text: str, name: str, now: datetime) -> list[Feed]:
    """Return the feeds that an OPML or YAML file lists, in its order. A feed without an id is named by its URL.

    name: of the file, for errors. Raises Invalid (`feeds_file`), which names file, line and entry, and what to do.
    """
    text = text.removeprefix("\ufeff")
    outlines = read_opml(text.lstrip(), name) if text.lstrip().startswith("<") else _read_yaml(text, name)
    feeds: list[Feed] = []
    lines: dict[str, int] = {}
    for number, outline in enumerate(outlines, start=1):
        where = f"{name}, line {outline.line} (entry {number})"
        feed = _feed(outline, where, now)
        for what, key in (("address", feed.url), ("id", feed.feed_id)):
            if key in lines:
                raise _invalid(f"{where}: the {what} {key} is on line {lines[key]} already. Remove one of the two.")
        lines |= {feed.url: outline.line, feed.feed_id: outline.line}
        feeds.append(feed)
    return feeds


def _feed(outline: Outline, where: str, now: datetime) -> Feed:
    try:
        listed = msgspec.convert(outline.fields, _Listed, strict=False)  # not strict: YAML is read as text
    except msgspec.ValidationError as error:
        raise _invalid(f"{where}: {error}. An entry may have {', '.join(_Listed.__struct_fields__)}.") from error
    _check_url(listed.url, where)
    return Feed(
        feed_id=listed.id or identity.feed_id(listed.url),
        url=listed.url,
        title=" ".join((listed.title or "").split()),
        language=listed.language,
        country=listed.country,
        tags=list(dict.fromkeys(tag.strip() for tag in listed.tags or [] if tag.strip())),
        paused=listed.paused or False,
        interval_s=listed.interval_s,
        updated_at=now,
    )


def _check_url(url: str, where: str) -> None:
    try:
        parts = urlsplit(url)
        host, credentials = parts.hostname, "@" in parts.netloc
    except ValueError:
        host, credentials = None, False
    if not host or not url.startswith(("http://", "https://")) or len(url.split()) != 1:
        raise _invalid(f"{where}: {url[:200]!r} is no web address. Give one that starts with https:// or http://.")
    if credentials:
        raise _invalid(f"{where}: the address on {host} holds a user name or password. Remove it.")


def _read_yaml(text: str, name: str) -> list[Outline]:
    """As text throughout (BaseLoader): to YAML, the country NO and the language no are false."""
    try:
        loader = yaml.BaseLoader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode) or [key.value for key, _ in root.value] != ["feeds"]:
            raise _invalid(f"{name}, line 1: no list of feeds. {_FORM}")
        feeds = root.value[0][1]
        if isinstance(feeds, yaml.ScalarNode) and not feeds.value:
            return []
        if not isinstance(feeds, yaml.SequenceNode):
            raise _invalid(f"{name}, line {feeds.start_mark.line + 1}: `feeds` is no list. {_FORM}")
        return [_outline(node, loader, name) for node in feeds.value]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _invalid(f"{name}, line {line}: not YAML ({error.problem}). {_FORM}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _invalid(f"{name}: not YAML ({' '.join(str(error).split())}). {_FORM}") from error


def _outline(node: yaml.Node, loader: yaml.BaseLoader, name: str) -> Outline:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Outline(line, {"url": node.value})
    if not isinstance(node, yaml.MappingNode):
        raise _invalid(f"{name}, line {line}: an entry is an address or `url: ...` with more fields. {_FORM}")
    fields = loader.construct_mapping(node, deep=True)
    return Outline(line, {str(key): value for key, value in fields.items() if value != ""})


def _invalid(text: str) -> Invalid:
    return Invalid(text, reason="feeds_file")
