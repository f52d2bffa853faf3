"""Corrected items as labelled ones, in the form of tests/gold/*.yaml (tests/gold/labels.py describes it). Pure.

Somebody who corrected a country did not look at everything else. So what a person said is a label, what only the tagger
said is `optional`, neither right nor wrong, and what a person took away is in neither: to tag it again is a mistake.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from schemas.messages import EnrichedItem, Entity
from services.index import corrections, merge
from services.index.corrections import (
    Change,
    Correction,
    CountryTag,
    EntityTag,
    EventTag,
    FigureTag,
    MissionTag,
    Relevance,
    Story,
    Withdrawal,
)
from services.index.merge import Document

_OPEN_ENDED = ("organisation", "place", "gang")  # classes of which the form has no optional labels


def row(document: Document) -> dict[str, Any]:
    """Return the item with its labels. Events that were taken away cannot be said in this form."""
    item = merge.shown(document)
    said = [one.change for one in corrections.active(document.corrections)]
    subjects = {corrections.subject(change) for change in said}

    def is_said(change: Change) -> bool:
        return corrections.subject(change) in subjects

    countries = {one.code: is_said(CountryTag(code=one.code, role=None)) for one in item.countries}
    missions = {one: is_said(MissionTag(id=one)) for one in item.missions}
    entities = [(one, is_said(EntityTag(id=one.id, type=one.type, name=one.name))) for one in item.entities]
    persons = {_name(one): by_person for one, by_person in entities if one.type == "person"}
    figures = [(one, is_said(_tag(one))) for one in item.figures]
    events = [change.type for change in said if isinstance(change, EventTag) and not change.remove]
    # Where one of these was taken away, tags beyond the labels must count as wrong, and so all others are labels.
    is_closed = any(isinstance(one, EntityTag) and one.remove and one.type in _OPEN_ENDED for one in said)
    labels: dict[str, Any] = {
        "missions": _only(missions, True),
        "persons": _only(persons, True),
        **{
            f"{kind}s": [_name(one) for one, by_person in entities if one.type == kind and (by_person or is_closed)]
            for kind in _OPEN_ENDED
        },
        "figures": [
            [one.kind, _number(one.value), one.unit, one.country or "none"] for one, by_person in figures if by_person
        ],
        "events": events,
    }
    optional = {
        "countries": _only(countries, False),
        "missions": _only(missions, False),
        "persons": _only(persons, False),
        "figures": [_number(one.value) for one, by_person in figures if not by_person],
    }
    return {
        **_text(document.item_id, item),
        "relevant": item.relevant,
        "countries": {one.code: one.role for one in item.countries if countries[one.code]},
        **{name: values for name, values in labels.items() if values},
        "optional": {name: values for name, values in optional.items() if values},
        **({} if is_closed else {"must": {}}),
    }


def written(document: Document) -> str:
    """Return the row as YAML, behind comments that say who corrected what, and why."""
    comments = [f"# {line}\n" for line in _comments(corrections.active(document.corrections))]
    body: str = yaml.safe_dump([row(document)], sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    return "".join(comments) + body


def _comments(said: Sequence[Correction]) -> Iterator[str]:
    for one in said:
        change = _in_words(one.change)
        line = " ".join(f"{one.at:%Y-%m-%d} {one.author}: {change} ({one.reason})".split())
        yield "".join(letter for letter in line if letter.isprintable())


def _in_words(change: Change) -> str:
    no = "no " if corrections.removes(change) else ""
    match change:
        case Relevance(relevant=relevant):
            return "about the mission" if relevant else "not about the mission"
        case Story(story_id=story_id):
            return f"story {story_id}" if story_id else "a story by itself"
        case CountryTag(code=code, role=role):
            return f"{no}country {code} {role or ''}".rstrip()
        case EntityTag(id=entity, type=kind, name=name):
            return f"{no}{entity or f'{kind} {name}'}"
        case MissionTag(id=mission):
            return f"{no}{mission}"
        case EventTag(type=kind):
            return f"{no}event {kind}"
        case FigureTag(kind=kind, value=value, unit=unit, country=country):
            return f"{no}figure {kind} {value:.15g} {unit} {country or ''}".rstrip()
        case Withdrawal(of=of):
            return f"{of} withdrawn"


def _text(item_id: str, item: EnrichedItem) -> dict[str, Any]:
    text = {"id": item_id, "language": item.language, "title": item.title, "summary": item.summary, "text": item.text}
    return {name: value for name, value in (text | {"authors": item.authors}).items() if value or name == "text"}


def _only(values: dict[str, bool], by_person: bool) -> list[str]:
    return [value for value, is_said in values.items() if is_said is by_person]


def _name(entity: Entity) -> str:
    return entity.id or entity.name


def _tag(figure: Any) -> FigureTag:
    return FigureTag(kind=figure.kind, value=figure.value, unit=figure.unit, country=figure.country)


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() else value
