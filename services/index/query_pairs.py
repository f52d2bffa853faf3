"""Several things said of one figure or one event: figure:(contributor:JM pledged >100), event:(arrival country:KE)."""

import re
from collections.abc import Callable
from typing import Final, get_args

from schemas.messages import FigureKind
from services.index import query_language
from services.index.merge import ROLES
from services.index.query_fields import (
    COUNTRY,
    ENTITY,
    EVENT,
    FIGURE,
    Clause,
    Now,
    Value,
    filtered,
    keyword,
    role,
    time,
)
from services.index.query_language import Field, Misread, Phrase, Word

_COMPARED: Final = re.compile(r"(>=|<=|>|<|=)?(\d+(?:\.\d+)?)")
_BOUNDS: Final = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
Maker = Callable[[Value, Now], Clause]


def is_pair(node: Field) -> bool:
    """Whether all of the value is to be true of one figure or event. event:(a b) asks for two events, as ever."""
    fields = any(isinstance(part, Field) for part in query_language.walk(node.value))
    return node.name == FIGURE or (node.name == "event" and fields)


def pair(node: Field, now: Now) -> Clause:
    """The clause of such a field. Raises Misread."""
    path, alone, named = _PAIRS[node.name]

    def leaf(part: Word | Phrase | Field) -> Clause:
        if not isinstance(part, Field):
            return alone(part, now)
        if part.name not in named:
            known = ", ".join(f"{name}:" for name in named)
            raise Misread(f"of one {node.name} there are {known}, no {part.name}:", part.at)
        return filtered(part.value, _only_values(part, named[part.name], now))

    return {"nested": {"path": path, "query": filtered(node.value, leaf)}}


def _only_values(field: Field, maker: Maker, now: Now) -> Callable[[Word | Phrase | Field], Clause]:
    def leaf(part: Word | Phrase | Field) -> Clause:
        if isinstance(part, Field):
            raise Misread(f"{part.name}: cannot stand inside {field.name}:( )", part.at)
        return maker(part, now)

    return leaf


def _in_role(name: str) -> Maker:
    country = keyword("figures.country", *COUNTRY)
    return lambda value, now: {"bool": {"filter": [{"term": {"figures.roles": name}}, country(value, now)]}}


def _unit(value: Value, _: Now) -> Clause:
    return {"term": {"figures.unit": {"value": value.text, "case_insensitive": True}}}


def _kind_or_value(value: Value, _: Now) -> Clause:
    if compared := _COMPARED.fullmatch(value.text):
        sign, number = compared.groups()
        if sign in _BOUNDS:
            return {"range": {"figures.value": {_BOUNDS[sign]: float(number)}}}
        return {"term": {"figures.value": float(number)}}
    if value.text not in get_args(FigureKind):
        kinds = ", ".join(get_args(FigureKind))
        raise Misread(f"a figure has a kind ({kinds}) or a value (>100, <=2500, 400), not {value.text}", value.at)
    return {"term": {"figures.kind": value.text}}


_OF_FIGURES: Final[dict[str, Maker]] = {
    "country": keyword("figures.country", *COUNTRY),
    **{name: _in_role(name) for name in ROLES},
    "role": lambda value, _: {"term": {"figures.roles": role(value)}},
    "unit": _unit,
}
_OF_EVENTS: Final[dict[str, Maker]] = {
    "country": keyword("events.countries", *COUNTRY),
    "entity": keyword("events.entities", *ENTITY),
    "since": time("events.when", "gte"),
    "until": time("events.when", "lt"),
}
# name -> path of the nested documents, what a word alone means, what there is by name
_PAIRS: Final[dict[str, tuple[str, Maker, dict[str, Maker]]]] = {
    FIGURE: ("figures", _kind_or_value, _OF_FIGURES),
    "event": ("events", keyword("events.type", *EVENT), _OF_EVENTS),
}
