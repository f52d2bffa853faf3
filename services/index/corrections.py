"""What people correct on an item, and what its tags are then. Pure: order and repetition never matter.

A document keeps every correction that was made of it, for ever. Of those about one subject (a country, an entity, the
relevance, ...) the last wins, by (at, id); a withdrawn one does not count. A withdrawal is a correction as well.
What counts is laid over the merged tags each time a document is shown, so no message, revision or re-tagging undoes it.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from typing import Any, Literal, TypeVar

import msgspec

from schemas.messages import (
    Country,
    CountryCode,
    EnrichedItem,
    Entity,
    EntityType,
    Event,
    Evidence,
    Figure,
    FigureKind,
    Slug,
    Utc,
)
from schemas.messages import Role as Part

T = TypeVar("T")
State = Literal["counts", "superseded", "withdrawn", "withdrawal"]


class Relevance(msgspec.Struct, kw_only=True, frozen=True, tag_field="tag", tag="relevance"):
    """The item is about the mission, or not."""

    relevant: bool


class Story(msgspec.Struct, kw_only=True, frozen=True, tag_field="tag", tag="story"):
    """The item belongs to this story; None: to no other item's, it is a story by itself."""

    story_id: str | None


class CountryTag(msgspec.Struct, kw_only=True, frozen=True, tag_field="tag", tag="country"):
    """The item names this country, in this role; None: it does not name it."""

    code: CountryCode
    role: Part | None


class EntityTag(msgspec.Struct, kw_only=True, frozen=True, tag_field="tag", tag="entity"):
    """The item names this entity, or not. `id` is the gazetteer's; None for one that the gazetteer lacks."""

    id: str | None
    type: EntityType
    name: str
    remove: bool = False


class MissionTag(msgspec.Struct, kw_only=True, frozen=True, tag_field="tag", tag="mission"):
    """The item is about this mission, or not."""

    id: str
    remove: bool = False


class EventTag(msgspec.Struct, kw_only=True, frozen=True, tag_field="tag", tag="event"):
    """The item reports an event of this type, or none."""

    type: Slug
    remove: bool = False


class FigureTag(msgspec.Struct, kw_only=True, frozen=True, tag_field="tag", tag="figure"):
    """The item states this figure, or not."""

    kind: FigureKind
    value: float
    unit: str
    country: CountryCode | None
    approximate: bool = False
    remove: bool = False


class Withdrawal(msgspec.Struct, kw_only=True, frozen=True, tag_field="tag", tag="withdrawal"):
    """The correction of this id does not count any more."""

    of: str


Change = Relevance | Story | CountryTag | EntityTag | MissionTag | EventTag | FigureTag | Withdrawal


class Correction(msgspec.Struct, kw_only=True, frozen=True):
    """One correction: who made it, when and why. author: the name of the API key."""

    id: str
    at: Utc
    author: str
    reason: str
    change: Change


def joined(kept: Iterable[Correction], added: Iterable[Correction]) -> list[Correction]:
    """The union, by (at, id). An id that stands for two is the earlier one: whoever came second did not see it."""
    by_id: dict[str, Correction] = {}
    for one in (*kept, *added):
        by_id[one.id] = min(by_id.get(one.id, one), one, key=lambda each: (each.at, msgspec.json.encode(each)))
    return sorted(by_id.values(), key=_order)


def active(corrections: Iterable[Correction]) -> list[Correction]:
    """Those that count, by (at, id): not withdrawn, and the last one about their subject."""
    corrections = sorted(corrections, key=_order)
    withdrawn = {one.change.of for one in corrections if isinstance(one.change, Withdrawal)}
    last = {
        subject(one.change): one
        for one in corrections
        if one.id not in withdrawn and not isinstance(one.change, Withdrawal)
    }
    return sorted(last.values(), key=_order)


def states(corrections: Iterable[Correction]) -> dict[str, State]:
    """What has become of each, by id."""
    corrections = list(corrections)
    counting = {one.id for one in active(corrections)}
    withdrawn = {one.change.of for one in corrections if isinstance(one.change, Withdrawal)}

    def state(one: Correction) -> State:
        if isinstance(one.change, Withdrawal):
            return "withdrawal"
        if one.id in withdrawn:
            return "withdrawn"
        return "counts" if one.id in counting else "superseded"

    return {one.id: state(one) for one in corrections}


def subject(change: Change) -> tuple[Any, ...]:
    """What a change is about: of two changes about one subject only one can hold."""
    match change:
        case Relevance() | Story():
            return (type(change),)
        case CountryTag(code=code):
            return CountryTag, code
        case EntityTag():
            return EntityTag, *_named(change)
        case MissionTag(id=mission):
            return MissionTag, mission
        case EventTag(type=kind):
            return EventTag, kind
        case FigureTag():
            return FigureTag, *_stated(change)
        case Withdrawal(of=of):
            return Withdrawal, of


def story_of(corrections: Iterable[Correction], assigned: str | None, apart: str) -> str | None:
    """The story that an item is in. assigned: by its words (claims.py). apart: the id of a story by itself."""
    for one in active(corrections):
        if isinstance(one.change, Story):
            return one.change.story_id or apart
    return assigned


def applied(item: EnrichedItem, corrections: Sequence[Correction]) -> EnrichedItem:
    """Return the item with its tags as people corrected them. Evidence of what was removed goes, with its numbers."""
    for one in active(corrections) if corrections else ():
        item = _changed(item, one.change)
    return item


def has(item: EnrichedItem, change: Change) -> bool:
    """Whether the item has the tag that the change is about."""
    match change:
        case CountryTag(code=code):
            return any(one.code == code for one in item.countries)
        case EntityTag():
            return any(_named(one) == _named(change) for one in item.entities)
        case MissionTag(id=mission):
            return mission in item.missions
        case EventTag(type=kind):
            return any(one.type == kind for one in item.events)
        case FigureTag():
            return any(_stated(one) == _stated(change) for one in item.figures)
    return True


def removes(change: Change) -> bool:
    """Whether the change takes a tag away."""
    return change.role is None if isinstance(change, CountryTag) else getattr(change, "remove", False)


def _changed(item: EnrichedItem, change: Change) -> EnrichedItem:
    match change:
        case Relevance(relevant=relevant):
            return msgspec.structs.replace(item, relevant=relevant, relevance=float(relevant))
        case CountryTag(code=code, role=role):
            return _with_country(item, code, role)
        case EntityTag():
            return _with_entity(item, change)
        case MissionTag(id=mission, remove=remove):
            missions = [one for one in item.missions if one != mission] if remove else [*item.missions, mission]
            evidence = _without(item.evidence, {mission}) if remove else item.evidence
            return msgspec.structs.replace(item, missions=list(dict.fromkeys(missions)), evidence=evidence)
        case EventTag(type=kind, remove=True):
            return _without_numbered(item, "events", "event", lambda one: one.type == kind)
        case EventTag(type=kind) if not has(item, change):
            return msgspec.structs.replace(
                item, events=[*item.events, Event(type=kind, countries=[], entities=[], when=None)]
            )
        case FigureTag(remove=True):
            return _without_numbered(item, "figures", "figure", lambda one: _stated(one) == _stated(change))
        case FigureTag():
            made = Figure(**{name: getattr(change, name) for name in Figure.__struct_fields__})
            return msgspec.structs.replace(
                item, figures=_put(item.figures, made, lambda one: _stated(one) == _stated(change))
            )
    return item


def _with_country(item: EnrichedItem, code: str, role: Part | None) -> EnrichedItem:
    stale = [
        one.tag for one in item.evidence if one.tag.startswith(f"role:{code}:") and one.tag != f"role:{code}:{role}"
    ]
    if role is None:
        left = [one for one in item.countries if one.code != code]
        return msgspec.structs.replace(
            item, countries=left, evidence=_without(item.evidence, {f"country:{code}", *stale})
        )
    mentions = sum(one.mentions for one in item.countries if one.code == code)
    countries = _put(item.countries, Country(code=code, role=role, mentions=mentions), lambda one: one.code == code)
    return msgspec.structs.replace(item, countries=countries, evidence=_without(item.evidence, set(stale)))


def _with_entity(item: EnrichedItem, change: EntityTag) -> EnrichedItem:
    same = [one for one in item.entities if _named(one) == _named(change)]
    if change.remove:
        gone = {change.id} if change.id else {f"{change.type}:{one.name}" for one in same}
        left = [one for one in item.entities if one not in same]
        return msgspec.structs.replace(item, entities=left, evidence=_without(item.evidence, gone))
    mentions = sum(one.mentions for one in same)
    made = Entity(id=change.id, type=change.type, name=change.name, mentions=mentions)
    return msgspec.structs.replace(item, entities=_put(item.entities, made, lambda one: _named(one) == _named(change)))


def _put(values: Sequence[T], made: T, same: Callable[[T], bool]) -> list[T]:
    """The values with `made` in the place of the first that is the same, else at the end."""
    at = next((place for place, one in enumerate(values) if same(one)), len(values))
    left = [(place, one) for place, one in enumerate(values) if not same(one)]
    return [*(one for place, one in left if place < at), made, *(one for place, one in left if place > at)]


def _without(evidence: Sequence[Evidence], tags: Set[str]) -> list[Evidence]:
    return [one for one in evidence if one.tag not in tags]


def _without_numbered(item: EnrichedItem, field: str, kind: str, gone: Callable[[Any], bool]) -> EnrichedItem:
    """Take tags away whose evidence names them by their place (`figure:0`)."""
    values = getattr(item, field)
    kept = [place for place, one in enumerate(values) if not gone(one)]
    renamed = {f"{kind}:{place}": f"{kind}:{after}" for after, place in enumerate(kept)}
    stale = {f"{kind}:{place}" for place in range(len(values))} - renamed.keys()
    evidence = [
        msgspec.structs.replace(one, tag=renamed.get(one.tag, one.tag)) for one in item.evidence if one.tag not in stale
    ]
    return msgspec.structs.replace(item, evidence=evidence, **{field: [values[place] for place in kept]})


def _named(entity: Entity | EntityTag) -> tuple[str, str]:
    """What makes two entities the same: the gazetteer's id, else type and name."""
    return ("id", entity.id) if entity.id else (entity.type, entity.name.casefold())


def _stated(figure: Figure | FigureTag) -> tuple[str, float, str, str | None]:
    return figure.kind, figure.value, figure.unit, figure.country


def _order(correction: Correction) -> tuple[Utc, str]:
    return correction.at, correction.id
