"""What a person asks for, as a query of the engine: the same for a saved search and for a search over the archive.

The text is read here (query_language.py) and never reaches the engine as JSON or as one of its own syntaxes.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from schemas.errors import Invalid
from schemas.messages import CountryCode, LanguageCode
from services.index import query_fields, query_language, query_pairs
from services.index.query_fields import Clause, Now
from services.index.query_language import All, Either, Field, Misread, Node, Not, Phrase, Word


class Query(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """All parts must hold; of a list, one is enough. entities: ids of the gazetteer, e.g. `person/godfrey-otunge`."""

    text: str = ""
    countries: Annotated[list[CountryCode], msgspec.Meta(max_length=250)] = []
    entities: Annotated[list[str], msgspec.Meta(max_length=250)] = []
    languages: Annotated[list[LanguageCode], msgspec.Meta(max_length=50)] = []
    relevant_only: bool = True


def engine_query(
    query: Query,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    standing: bool = False,
    now: Now = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """Return the query in the engine's terms. since, until: bounds of event_at, [since, until).

    standing: of a saved search, which meets new items only: it cannot name a time. Only the text is in the query, each
    word as few terms as can be: what the rest asks for is looked at before and after (percolate.py).
    Raises Invalid with reason `query` (Misread, with the position, where it is about the text).
    """
    node = query_language.parse(query.text)
    if query.text.strip() and node is None:
        raise Invalid(f"the search text {query.text!r} has no word", reason="query")
    filters: list[Clause] = [
        {"terms": {field: values}}
        for field, values in (
            ("country", query.countries),
            ("entity", query.entities),
            ("language", query.languages),
        )
        if values
    ]
    if node and not filters and (excluding := _excluding(node)):
        raise Misread("the search only excludes: add a word that must occur, or a country", excluding)
    if standing:
        if node is None:
            return {"match_all": {}}
        _refuse_times(node)
        return {"bool": {"filter": [_clause(node, now, query_fields.STANDING_FIELDS)]}}
    if query.relevant_only:
        filters.append({"term": {"relevant": True}})
    if since or until:
        bounds = {"gte": since, "lt": until}
        filters.append({"range": {"event_at": {name: at.isoformat() for name, at in bounds.items() if at}}})
    made: dict[str, Any] = {"filter": filters, "must_not": [{"term": {"takedown": True}}]}
    if node:
        made["must"] = [_clause(node, now, query_fields.TEXT_FIELDS)]
    elif not filters:
        made["must"] = [{"match_all": {}}]
    return {"bool": made}


def has_pairs(query: Query) -> bool:
    """Whether the query asks for several things of one figure or event. Raises Misread."""
    node = query_language.parse(query.text)
    return node is not None and any(
        isinstance(part, Field) and query_pairs.is_pair(part) for part in query_language.walk(node)
    )


def _clause(node: Node, now: Now, fields: tuple[str, ...]) -> Clause:
    match node:
        case Word():
            query_fields.refuse_space(node)
            return query_fields.words(node, fields)
        case Phrase():
            return query_fields.words(node, fields)
        case Field() if query_pairs.is_pair(node):
            return query_pairs.pair(node, now)
        case Field():
            return {"constant_score": {"filter": _field(node, node.value, now)}}
        case Not(part=part):
            return {"bool": {"must_not": [_clause(part, now, fields)]}}
        case Either(parts=parts):
            return {"bool": {"should": [_clause(part, now, fields) for part in parts], "minimum_should_match": 1}}
        case All(parts=parts):
            return {
                "bool": {
                    "must": [_clause(part, now, fields) for part in parts if not isinstance(part, Not)],
                    "must_not": [_clause(part.part, now, fields) for part in parts if isinstance(part, Not)],
                }
            }
    raise AssertionError(node)


def _field(field: Field, value: Node, now: Now) -> Clause:
    """country:(KE OR JM) holds what country:KE OR country:JM holds."""

    def leaf(node: Word | Phrase | Field) -> Clause:
        if isinstance(node, Field):
            raise Misread(f"{node.name}: cannot stand inside {field.name}:( )", node.at)
        return query_fields.field(field, node, now)

    return query_fields.filtered(value, leaf)


def _excluding(node: Node) -> int | None:
    """Where the query, or an alternative of it, only excludes: it would find nearly everything."""
    match node:
        case Not(at=at):
            return at
        case Either(parts=parts):
            return next(filter(None, map(_excluding, parts)), None)
        case All(parts=parts):
            excluded = [_excluding(part) for part in parts]
            return excluded[0] if all(excluded) else None
        case Field(value=value) if not query_pairs.is_pair(node):
            return _excluding(value)  # country:(-KE)
    return None


def _refuse_times(node: Node) -> None:
    for part in query_language.walk(node):
        if isinstance(part, Field) and part.name in query_fields.TIMES:
            raise Misread(f"a saved search meets new items only, so {part.name}: means nothing in it", part.at)
