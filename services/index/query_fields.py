"""The fields that a query may name, each with what it makes of a value. To add a field, add a line to FIELDS."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from schemas.messages import EntityType
from services.index import stems
from services.index.merge import ROLES
from services.index.query_language import All, Either, Field, Misread, Node, Not, Phrase, Word

Clause = dict[str, Any]
Value = Word | Phrase
Now = Callable[[], datetime]

TEXT_FIELDS: Final = ("title^3", "summary^2", "text")
STANDING_FIELDS: Final = ("words",)  # of a document that meets saved searches: those three in one
_STEMMED: Final = re.compile("[A-Za-z\u00c0-\u024f]+(?:['\u2019][A-Za-z\u00c0-\u024f]+)?")
_SPANS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def words(value: Value, fields: tuple[str, ...] = TEXT_FIELDS) -> Clause:
    """A word or phrase, in any of these fields. A word counts by its stem too; in a phrase, as it is written."""
    if isinstance(value, Word) and value.prefix:
        # of the engine's syntaxes the one that analyses the letters of a prefix
        query = re.sub(r"([^\w\s])", r"\\\1", value.text) + "*"
        return {"simple_query_string": {"query": query, "fields": list(fields), "flags": "PREFIX|ESCAPE"}}
    if isinstance(value, Word) and fields in (TEXT_FIELDS, STANDING_FIELDS) and _STEMMED.fullmatch(value.text):
        # once in any field: every analysis makes one term of it, or none where it is a stop word there
        return {"multi_match": {"query": value.text, "fields": [*fields, *stems.FIELDS], "operator": "and"}}
    # A word such as Port-au-Prince is several to the analyser: they must stand together.
    return {"multi_match": {"query": value.text, "fields": list(fields), "type": "phrase"}}


def _title(value: Value, _: Now) -> Clause:
    return words(value, ("title",))


def keyword(field: str, pattern: str, takes: str, case: Callable[[str], str] = str) -> Callable[[Value, Now], Clause]:
    """A keyword of this pattern. takes: says what the value should be, to whoever got it wrong."""
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


def role(value: Value) -> str:
    """Return the role that the value names. Raises Misread."""
    if value.text not in ROLES:
        raise Misread(f"role takes one of {', '.join(ROLES)}, not {value.text}", value.at)
    return value.text


def _role(value: Value, _: Now) -> Clause:
    return {"exists": {"field": f"country_{role(value)}"}}


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


def time(field: str, bound: str) -> Callable[[Value, Now], Clause]:
    """A time on one side of a bound: gte, lt."""

    def clause(value: Value, now: Now) -> Clause:
        return {"range": {field: {bound: _moment(value, now).isoformat()}}}

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


COUNTRY: Final = ("[A-Z]{2}", "a country is a code of ISO 3166-1, such as KE", str.upper)
ENTITY: Final = ("[a-z]+/.+", "an entity is an id of the gazetteer, such as person/godfrey-otunge")
EVENT: Final = ("[a-z0-9_]+", "an event is a type, such as deployment", str.lower)
FIELDS: Final[dict[str, Callable[[Value, Now], Clause]]] = {
    "title": _title,
    "country": keyword("country", *COUNTRY),
    **{role: keyword(f"country_{role}", *COUNTRY) for role in ROLES},
    "role": _role,
    "outlet": keyword("outlet_country", *COUNTRY),
    "entity": keyword("entity", *ENTITY),
    **{kind: _name(kind) for kind in get_args(EntityType) if kind != "mission"},
    "mission": keyword("mission", ".+", "a mission is an id of the gazetteer, such as mission/mss"),
    "event": keyword("event", *EVENT),
    "lang": keyword("language", "[a-z]{2,3}", "a language is a code of ISO 639, such as ht", str.lower),
    "feed": keyword("feeds", ".+", "a feed is its id"),
    "story": keyword("story_id", ".+", "a story is its id"),
    "relevant": _yes_no("relevant"),
    "corrected": _corrected,
    "since": time("event_at", "gte"),
    "until": time("event_at", "lt"),
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
