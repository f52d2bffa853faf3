"""The fields that a query may name, each with what it makes of a value. To add a field, add a line to FIELDS."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from schemas.messages import EntityType, FigureKind
from services.index.merge import ROLES
from services.index.query_language import All, Either, Field, Misread, Node, Not, Phrase, Word

Clause = dict[str, Any]
Value = Word | Phrase
Now = Callable[[], datetime]

TEXT_FIELDS: Final = ("title^3", "summary^2", "text")
_SPANS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_COMPARED: Final = re.compile(r"(>=|<=|>|<|=)?(\d+(?:\.\d+)?)")
_BOUNDS: Final = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def words(value: Value, fields: tuple[str, ...] = TEXT_FIELDS) -> Clause:
    """A word or phrase, in any of these fields."""
    if isinstance(value, Word) and value.prefix:
        # of the engine's syntaxes the one that analyses the letters of a prefix
        query = re.sub(r"([^\w\s])", r"\\\1", value.text) + "*"
        return {"simple_query_string": {"query": query, "fields": list(fields), "flags": "PREFIX|ESCAPE"}}
    # A word such as Port-au-Prince is several to the analyser: they must stand together.
    return {"multi_match": {"query": value.text, "fields": list(fields), "type": "phrase"}}


def _title(value: Value, _: Now) -> Clause:
    return words(value, ("title",))


def _keyword(field: str, pattern: str, takes: str, case: Callable[[str], str] = str) -> Callable[[Value, Now], Clause]:
    form = re.compile(pattern)

    def clause(value: Value, _: Now) -> Clause:
        text = case(value.text)
        if isinstance(value, Word) and value.prefix:
            raise Misread("here a * cannot be used", value.at)
        if not form.fullmatch(text):
            raise Misread(f"{takes}, not {value.text}", value.at)
        return {"term": {field: text}}

    return clause


def _name(field: str) -> Callable[[Value, Now], Clause]:
    """Names as they are shown, whatever the case."""
    return lambda value, _: {"term": {field: {"value": value.text, "case_insensitive": True}}}


def _role(value: Value, _: Now) -> Clause:
    if value.text not in ROLES:
        raise Misread(f"role takes one of {', '.join(ROLES)}, not {value.text}", value.at)
    return {"exists": {"field": f"country_{value.text}"}}


def _yes_no(field: str) -> Callable[[Value, Now], Clause]:
    def clause(value: Value, _: Now) -> Clause:
        if value.text not in ("yes", "no"):
            raise Misread(f"{field} takes yes or no, not {value.text}", value.at)
        return {"term": {field: value.text == "yes"}}

    return clause


def _corrected(value: Value, now: Now) -> Clause:
    """What nobody corrected may have been written before there were corrections, and lack the field."""
    corrected = _yes_no("corrected")(value, now)
    yes = {"term": {"corrected": True}}
    return yes if corrected == yes else {"bool": {"must_not": [yes]}}


def _time(bound: str) -> Callable[[Value, Now], Clause]:
    def clause(value: Value, now: Now) -> Clause:
        return {"range": {"event_at": {bound: _moment(value, now).isoformat()}}}

    return clause


def _moment(value: Value, now: Now) -> datetime:
    if ago := re.fullmatch(r"(\d{1,4})([mhdw])", value.text):
        return now() - timedelta(**{_SPANS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(value.text)
    except ValueError:
        raise Misread(
            f"a time is a date (2026-01-31), a date with a time (2026-01-31T08:00Z) or a while ago (90m, 24h, 7d, 2w), "
            f"not {value.text}",
            value.at,
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


_COUNTRY: Final = ("[A-Z]{2}", "a country is a code of ISO 3166-1, such as KE", str.upper)
FIELDS: Final[dict[str, Callable[[Value, Now], Clause]]] = {
    "title": _title,
    "country": _keyword("country", *_COUNTRY),
    **{role: _keyword(f"country_{role}", *_COUNTRY) for role in ROLES},
    "role": _role,
    "outlet": _keyword("outlet_country", *_COUNTRY),
    "entity": _keyword("entity", "[a-z]+/.+", "an entity is an id of the gazetteer, such as person/godfrey-otunge"),
    **{kind: _name(kind) for kind in get_args(EntityType) if kind != "mission"},
    "mission": _keyword("mission", ".+", "a mission is an id of the gazetteer, such as mission/mss"),
    "event": _keyword("event", "[a-z0-9_]+", "an event is a type, such as deployment", str.lower),
    "lang": _keyword("language", "[a-z]{2,3}", "a language is a code of ISO 639, such as ht", str.lower),
    "feed": _keyword("feeds", ".+", "a feed is its id"),
    "story": _keyword("story_id", ".+", "a story is its id"),
    "relevant": _yes_no("relevant"),
    "corrected": _corrected,
    "since": _time("gte"),
    "until": _time("lt"),
}
TIMES: Final = frozenset({"since", "until"})
FIGURE: Final = "figure"


def refuse_space(word: Word) -> None:
    """Raise Misread for the first word of `country: KE`."""
    name = word.text.removesuffix(":")
    if name != word.text and name.lower() in (*FIELDS, FIGURE):
        raise Misread(f"the value of {name}: must follow without a space", word.at)


def field(node: Field, value: Value, now: Now) -> Clause:
    """The clause of name:value. Raises Misread."""
    made = FIELDS.get(node.name)
    if made is None:
        known = ", ".join(sorted([*FIELDS, FIGURE]))
        raise Misread(f"there is no field {node.name}; there are {known}. Words with a colon go in quotes", node.at)
    return made(value, now)


def filtered(node: Node, leaf: Callable[[Word | Phrase | Field], Clause]) -> Clause:
    """What a value in parentheses asks for, without scores; `leaf` makes the clause of a word, phrase or field."""
    match node:
        case Not(part=part):
            return {"bool": {"must_not": [filtered(part, leaf)]}}
        case Either(parts=parts):
            return {"bool": {"should": [filtered(part, leaf) for part in parts], "minimum_should_match": 1}}
        case All(parts=parts):
            return {"bool": {"filter": [filtered(part, leaf) for part in parts]}}
        case Word() | Phrase() | Field():
            return leaf(node)
    raise AssertionError(node)


def figure(node: Field) -> Clause:
    """figure:killed, figure:(pledged country:JM >100): one figure of which all of it is true. Raises Misread."""
    return {"nested": {"path": "figures", "query": filtered(node.value, _of_figure)}}


def _of_figure(node: Word | Phrase | Field) -> Clause:
    match node:
        case Field(name="country", value=Word() | Phrase() as value):
            return _keyword("figures.country", *_COUNTRY)(value, _never)
        case Field(name="unit", value=Word() | Phrase() as value):
            return {"term": {"figures.unit": {"value": value.text, "case_insensitive": True}}}
        case Field(name=name, at=at):
            raise Misread(f"of a figure there are country: and unit:, no {name}:", at)
        case Word() | Phrase() as value:
            return _kind_or_value(value)
    raise AssertionError(node)


def _kind_or_value(value: Value) -> Clause:
    if compared := _COMPARED.fullmatch(value.text):
        sign, number = compared.groups()
        if sign in _BOUNDS:
            return {"range": {"figures.value": {_BOUNDS[sign]: float(number)}}}
        return {"term": {"figures.value": float(number)}}
    if value.text not in get_args(FigureKind):
        kinds = ", ".join(get_args(FigureKind))
        raise Misread(f"a figure has a kind ({kinds}) or a value (>100, <=2500, 400), not {value.text}", value.at)
    return {"term": {"figures.kind": value.text}}


def _never() -> datetime:
    raise AssertionError("no time here")
