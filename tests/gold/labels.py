"""What the labels of an item accept, and what the tagger gave, class by class.

An item of the label files: id, language, title, summary, text, authors, relevant, and
- missions, persons, organisations, places, gangs: ids; a person outside the gazetteer by name or as person/SLUG.
- countries: code -> role. figures: [kind, value, unit, country]. What is not listed is not to be tagged.
- "a|b" anywhere: either is right. `none` is no country.
- optional: class -> values that an analyst might give or not: neither right nor wrong. Of figures the value alone.
- must: class -> tags that have to be there; other tags of organisations, places, gangs, events and quotes are then not
  judged in that item, for what deserves one is a matter of the gazetteer. Quotes are labelled by their speaker.
Roles and figures are judged in relevant items only. Events and quotes are judged only where `must` names them.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from schemas.messages import EnrichedItem, Figure

CLASSES = (
    "language", "relevance", "missions", "countries", "roles", "persons", "organisations", "places", "gangs", "figures",
    "personnel", "events", "quotes",
)  # fmt: skip
PERSONNEL = {"deployed", "arrived", "pledged", "authorised", "total"}
OPEN_ENDED = ("organisations", "places", "gangs", "events", "quotes")

Tag = frozenset[Any]
"""The values that say the same: of a label all that are accepted, of a given tag the id and the name."""


@dataclass(frozen=True)
class Labels:
    """Labels of one class of one item. judged: tags beyond these are wrong."""

    wanted: list[Tag] = field(default_factory=list)
    optional: frozenset[Any] = frozenset()
    judged: bool = True


def labelled(row: dict[str, Any]) -> dict[str, Labels]:
    """The labels of an item, by class."""
    optional, must, relevant = row.get("optional", {}), row.get("must", {}), row["relevant"]
    labels = {
        "language": Labels([frozenset({row["language"]})]),
        "relevance": Labels([frozenset({"relevant"})] if relevant else []),
        "countries": Labels([_either(code) for code in row["countries"]], frozenset(optional.get("countries", ()))),
        "roles": _roles(row["countries"], optional.get("countries", ())) if relevant else Labels(judged=False),
        "missions": Labels([_either(one) for one in row.get("missions", ())], frozenset(optional.get("missions", ()))),
        "persons": Labels([_names("person", one) for one in row.get("persons", ())], _persons(optional)),
        "figures": Labels(judged=False),
        "personnel": Labels(judged=False),
    }
    if relevant:
        rows, loose = row.get("figures", ()), frozenset(float(value) for value in optional.get("figures", ()))
        labels["figures"] = Labels([_figure(one) for one in rows], loose)
        labels["personnel"] = Labels([_personnel(one) for one in rows if set(one[0].split("|")) & PERSONNEL], loose)
    for name in OPEN_ENDED:
        wanted = [_names(name.removesuffix("s"), one) for one in must.get(name, row.get(name, ()))]
        labels[name] = Labels(wanted, judged="must" not in row and name not in ("events", "quotes"))
    return labels


def tagged(item: EnrichedItem) -> dict[str, list[Tag]]:
    """What the tagger says of an item, by class."""
    tags: dict[str, list[Tag]] = {
        kind + "s": [
            frozenset({entity.id or key(kind, entity.name), key(kind, entity.name)})
            for entity in item.entities
            if entity.type == kind
        ]
        for kind in ("person", "organisation", "place", "gang")
    }
    return tags | {
        "language": [frozenset({item.language})],
        "relevance": [frozenset({"relevant"})] if item.relevant else [],
        "missions": [frozenset({mission}) for mission in item.missions],
        "countries": [frozenset({country.code}) for country in item.countries],
        "roles": [frozenset({(country.code, country.role), country.code}) for country in item.countries]
        if item.relevant
        else [],
        "figures": [
            frozenset({(one.kind, one.value, one.unit, one.country), one.value}) for one in _distinct(item.figures)
        ],
        "personnel": [
            frozenset({(one.kind, one.value, one.country), one.value})
            for one in _distinct(item.figures)
            if one.kind in PERSONNEL
        ],
        "events": [frozenset({type_}) for type_ in {event.type for event in item.events}],
        "quotes": [
            frozenset({quote.speaker_id, key("person", quote.speaker or "")}) for quote in item.quotes if quote.speaker
        ],
    }


def key(kind: str, name: str) -> str:
    """A name as an id would be written: `person/korir-singoei`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).lower()
    plain = plain.replace("ı", "i")  # has no decomposition
    return kind + "/" + re.sub(r"[^a-z0-9]+", "-", re.sub("['’ʼ`]", "", plain)).strip("-")


def _either(text: str) -> Tag:
    return frozenset(text.split("|"))


def _names(kind: str, text: str) -> Tag:
    if kind == "event":
        return _either(text)
    return frozenset(one if "/" in one else key("person" if kind == "quote" else kind, one) for one in text.split("|"))


def _persons(optional: dict[str, Any]) -> frozenset[Any]:
    return frozenset[Any]().union(*(_names("person", one) for one in optional.get("persons", ())))


def _roles(countries: dict[str, str], optional: Iterable[str]) -> Labels:
    wanted = [frozenset(product(code.split("|"), role.split("|"))) for code, role in countries.items()]
    return Labels(wanted, frozenset(optional))


def _figure(row: list[Any]) -> Tag:
    kind, value, unit, country = row
    return frozenset(product(kind.split("|"), [float(value)], unit.split("|"), _countries(country)))


def _personnel(row: list[Any]) -> Tag:
    return frozenset(product(row[0].split("|"), [float(row[1])], _countries(row[3])))


def _countries(text: str | None) -> list[str | None]:
    return [None if code == "none" else code for code in (text or "none").split("|")]


def _distinct(figures: Iterable[Figure]) -> list[Figure]:
    return list({(one.kind, one.value, one.unit, one.country): one for one in figures}.values())
