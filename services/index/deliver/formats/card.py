"""What a message says, in the parts of which every chat service makes its own form."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from services.index.deliver.formats.fitted import units

LONGEST_LINK: Final = 2_000  # of a button in Slack 3,000, of an embed in Discord 2,048
NAMES: Final = 12  # of countries and clauses

HEADINGS: Final = {
    "match": "New match",
    "growth": "A story spreads",
    "revision": "A text was changed",
    "digest": "What was held back",
    "correction": "Correction",
    "withdrawn": "Withdrawn",
    "spike": "More than usual",
    "silent_feed": "A feed is silent",
    "search_failed": "A saved search no longer runs",
    "test": "Test",
}
TEXTS: Final = {
    "test": "This endpoint is called when the saved search matches.",
    "withdrawn": "An item that you were told of was withdrawn. Do not use it, and remove what you kept of it.",
    "search_failed": "It matches nothing until it is saved anew.",
}
LABELS: Final = {"item": "Open in the monitor", "article": "Read the article", "story": "Story", "monitor": "Monitor"}


class Line(msgspec.Struct, frozen=True):
    """One of several items: a title that opens a link, and a note."""

    title: str
    link: str | None
    note: str


class Card(msgspec.Struct, kw_only=True, frozen=True):
    """heading: what it is about, in a few words. facts: names and values. more: items that no line tells of.

    links: labels and addresses, the most useful first. None of it is escaped or cut.
    """

    heading: str
    title: str = ""
    link: str | None = None
    text: str = ""
    facts: Sequence[tuple[str, str]] = ()
    lines: Sequence[Line] = ()
    more: int = 0
    links: Sequence[tuple[str, str]] = ()
    at: str

    @property
    def summary(self) -> str:
        """The card in one line, for notifications."""
        return f"{self.heading}: {self.title}" if self.title else self.heading


def card(message: Mapping[str, Any]) -> Card:
    """Return what a message says, of whatever kind it is."""
    data = message["data"]
    kind, search = data["kind"], data.get("search") or {}
    heading = HEADINGS.get(kind, kind)
    if name := _line(search.get("name") or ""):
        heading = f"{heading}: {name}"
    links = [(label, link) for key, label in LABELS.items() if (link := _link(data.get("links", {}).get(key)))]
    common = Card(heading=heading, at=message["timestamp"], links=links, text=TEXTS.get(kind, ""))
    if digest := data.get("digest"):
        return _digest(common, digest)
    if feed := data.get("feed"):
        return _feed(common, feed)
    if item := data.get("item"):
        return _item(common, data, item)
    facts = [(label, str(data[key])) for key, label in (("reason", "Reason"), ("item_id", "Item")) if data.get(key)]
    return msgspec.structs.replace(common, facts=facts)


def _item(common: Card, data: Mapping[str, Any], item: Mapping[str, Any]) -> Card:
    countries = [f"{country['code']} ({country['role']})" for country in item["countries"][:NAMES]]
    facts = [
        ("Source", _line(f"{item['feed_title']} ({item['language']})")),
        ("Published", _when(item["published_at"])),
        ("Countries", ", ".join(countries)),
        ("Matched", ", ".join(dict.fromkeys(_reason(why) for why in data["why"][:NAMES]))),
        ("Late", "caught up with after an outage" if data["late"] else ""),
    ]
    return msgspec.structs.replace(
        common,
        title=_line(item["title"]),
        link=_link(data["links"].get("article")) or _link(data["links"].get("item")),
        text=item["summary"].strip(),
        facts=[(name, value) for name, value in facts if value],
    )


def _digest(common: Card, digest: Mapping[str, Any]) -> Card:
    lines = [
        Line(
            _line(line["title"]) or line["kind"],
            _link(line["links"].get("article")) or _link(line["links"].get("item")),
            " · ".join(filter(None, (_line(line["feed_title"]), line["language"], line["late"] and "late"))),
        )
        for line in digest["items"]
    ]
    return msgspec.structs.replace(
        common, title=f"{digest['count']} items", lines=lines, more=digest["count"] - len(lines)
    )


def _feed(common: Card, feed: Mapping[str, Any]) -> Card:
    limit_s = feed["limit_s"]
    facts = [
        ("Silent since", _when(feed["silent_since"])),
        ("Its habit allows", f"{limit_s / 3_600:.1f} h" if limit_s is not None else ""),
        ("Latest poll", feed["outcome"]),
        ("Error", _line(feed["error"] or "")),
    ]
    return msgspec.structs.replace(
        common,
        title=_line(feed["title"] or feed["url"]),
        link=_link(feed["url"]),
        facts=[(name, value) for name, value in facts if value],
    )


def _reason(why: Mapping[str, Any]) -> str:
    return f"{why['clause']} ({why['surface']})" if why.get("surface") else why["clause"]


def _line(text: str) -> str:
    """The text without line breaks and other letters that nothing shows."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _link(address: str | None) -> str | None:
    """The address where a person may follow it."""
    if not address or not address.startswith(("https://", "http://")):
        return None
    quoted = "".join(QUOTED.get(letter, letter) for letter in address)
    return quoted if units(quoted) <= LONGEST_LINK else None


# Letters that would end a link in one of the markups, or that no address may have.
QUOTED: Final = {letter: f"%{ord(letter):02X}" for letter in ' "<>|\\^`{}()'}


def _when(at: str | None) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC" if at else ""
