"""Lists of feeds as files: OPML or YAML to read, OPML to write. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
import yaml
from msgspec import UNSET, UnsetType

from schemas import identity
from schemas.errors import Invalid
from schemas.messages import Feed
from services.feeds import rules
from services.feeds.opml import Outline, read_opml, write_opml

__all__ = ["Entry", "merged", "read_feeds", "write_opml"]

_FORM: Final = "Write `feeds:` and below it a list of entries such as `- url: https://news.example/rss`."


class Listed(rules.Change, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What an entry may say."""

    url: str
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | UnsetType = UNSET


class Entry(msgspec.Struct, frozen=True):
    """An entry of a file; `where` is for errors."""

    where: str
    listed: Listed

    @property
    def feed_id(self) -> str:
        """The id that it gives, or that its address gives."""
        return identity.feed_id(self.listed.url) if self.listed.id is UNSET else self.listed.id


def read_feeds(text: str, name: str) -> list[Entry]:
    """Return the entries of an OPML or YAML file, in its order.

    name: of the file, for errors. Raises Invalid (`feeds_file`), which names file, line and entry, and what to do.
    """
    text = text.removeprefix("\ufeff")
    outlines = read_opml(text.lstrip(), name) if text.lstrip().startswith("<") else _read_yaml(text, name)
    entries: list[Entry] = []
    lines: dict[str, int] = {}
    for number, outline in enumerate(outlines, start=1):
        where = f"{name}, line {outline.line} (entry {number})"
        entry = Entry(where, _listed(outline, where))
        for what, key in (("address", entry.listed.url), ("id", entry.feed_id)):
            if key in lines:
                raise _invalid(f"{where}: the {what} {key} is on line {lines[key]} already. Remove one of the two.")
        lines |= {entry.listed.url: outline.line, entry.feed_id: outline.line}
        entries.append(entry)
    return entries


def merged(
    entries: Sequence[Entry], known: Mapping[str, Feed], allowed_hosts: frozenset[str], now: datetime
) -> list[Feed]:
    """Return the feeds of the entries as they are to be stored: what an entry does not name stays as it is known.

    known: by id. Raises Invalid (`feeds_file`) for a feed that cannot be polled.
    """
    by_url = {feed.url: feed for feed in known.values()}
    feeds: list[Feed] = []
    for entry in entries:
        listed = entry.listed
        before = known.get(entry.feed_id)
        if listed.id is UNSET:
            before = by_url.get(listed.url, before)
        if before is None:
            before = msgspec.structs.replace(rules.new_feed(listed.url, now), feed_id=entry.feed_id)
        if before.url != listed.url:
            before = rules.moved(before, listed.url, now)
        feed = rules.changed(before, listed, now)
        for field, words in rules.problems(feed, allowed_hosts):
            raise _invalid(f"{entry.where}: {field}: {words}")
        feeds.append(feed)
    return feeds


def _listed(outline: Outline, where: str) -> Listed:
    try:
        listed = msgspec.convert(outline.fields, Listed, strict=False)  # not strict: YAML is read as text
    except msgspec.ValidationError as error:
        raise _invalid(f"{where}: {error}. An entry may have {', '.join(Listed.__struct_fields__)}.") from error
    _check_url(listed.url, where)
    return listed


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
