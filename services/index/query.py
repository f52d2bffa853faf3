"""What a person asks for, as a query of the engine: the same for a saved search and for a search over the archive.

The text goes through the engine's safe simple syntax (words, "phrases", -not, |, parentheses, word*), never as JSON.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from schemas.errors import Invalid
from schemas.messages import CountryCode, LanguageCode

FIELDS = ("title^3", "summary^2", "text")
# Left out: FUZZY, NEAR and SLOP, whose cost has no bound worth the name, and with them a reading of `~`.
FLAGS = "AND|OR|NOT|PHRASE|PRECEDENCE|ESCAPE|WHITESPACE|PREFIX"
TEXT_LIMIT = 1_000


class Query(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """All parts must hold; of a list, one is enough. entities: ids of the gazetteer, e.g. `person/godfrey-otunge`."""

    text: str = ""
    countries: Annotated[list[CountryCode], msgspec.Meta(max_length=250)] = []
    entities: Annotated[list[str], msgspec.Meta(max_length=250)] = []
    languages: Annotated[list[LanguageCode], msgspec.Meta(max_length=50)] = []
    relevant_only: bool = True


def check(query: Query) -> None:
    """Raise Invalid with reason `query` when the text cannot mean anything, saying where."""
    text = query.text
    if len(text) > TEXT_LIMIT:
        raise Invalid(f"the search text has {len(text)} characters, at most {TEXT_LIMIT} are taken", reason="query")
    quotes = [at for at, letter in enumerate(text) if letter == '"' and text[at - 1 : at] != "\\"]
    if len(quotes) % 2:
        raise Invalid(f"the quotation mark at position {quotes[-1] + 1} is not closed", reason="query")
    words = [word for word in text.split() if any(map(str.isalnum, word))]
    if text.strip() and not words:
        raise Invalid(f"the search text {text!r} has no word", reason="query")
    narrowed = query.countries or query.entities or query.languages
    if words and not narrowed and _all_excluded(text):
        raise Invalid("the search text only excludes: add a word that must occur, or a country", reason="query")


def _all_excluded(text: str) -> bool:
    """Whether every word or phrase outside parentheses stands behind a minus."""
    outside_phrases = text.split('"')[::2]
    bare = " ".join(
        f"{part}x" if number < len(outside_phrases) - 1 else part for number, part in enumerate(outside_phrases)
    )
    return "(" not in text and all(word.startswith("-") for word in bare.split() if any(map(str.isalnum, word)))


def engine_query(query: Query, *, since: datetime | None = None, until: datetime | None = None) -> dict[str, Any]:
    """Return the query in the engine's terms. since, until: bounds of event_at, [since, until). Raises as `check`."""
    check(query)
    filters: list[dict[str, Any]] = [
        {"terms": {field: values}}
        for field, values in (
            ("country", query.countries),
            ("entity", query.entities),
            ("language", query.languages),
        )
        if values
    ]
    if query.relevant_only:
        filters.append({"term": {"relevant": True}})
    if since or until:
        bounds = {"gte": since, "lt": until}
        filters.append({"range": {"event_at": {name: at.isoformat() for name, at in bounds.items() if at}}})
    made: dict[str, Any] = {"filter": filters, "must_not": [{"term": {"takedown": True}}]}
    if query.text.strip():
        text = {"query": query.text, "fields": list(FIELDS), "flags": FLAGS, "default_operator": "and"}
        made["must"] = [{"simple_query_string": text}]
    elif not filters:
        made["must"] = [{"match_all": {}}]
    return {"bool": made}
