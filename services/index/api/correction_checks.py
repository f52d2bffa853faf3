"""Whether what a person asks for can be meant: codes and ids that exist. What is missing is filled in."""

import re
from typing import Any

import msgspec

from services.index import corrections
from services.index.api import correction_models as models
from services.index.api.asked import search
from services.index.api.context import Context
from services.index.api.errors import Refusal
from services.index.country_codes import country_codes
from services.index.indices import NEWS

_ENTITY_ID = re.compile("(person|organisation|place|gang)/[a-z0-9][a-z0-9-]*")


async def checked(context: Context, change: models.Change) -> corrections.Change:
    """Return the change as it is stored. Raises Refusal that names the field, Transient."""
    given = change.model_dump()
    match change:
        case models.Country(code=code):
            _check_country(code, "country.code")
        case models.Figure(country=str(code)):
            _check_country(code, "figure.country")
        case models.Entity():
            given |= await _entity(context, change)
        case models.Story(story_id=str(story_id)):
            await _check_story(context, story_id)
    made: corrections.Change = msgspec.convert(given, corrections.Change)
    return made


def _check_country(code: str, field: str) -> None:
    if code not in country_codes():
        raise _wrong(field, f"{code} is no code of ISO 3166-1", "use the code of two letters, such as KE or HT")


async def _entity(context: Context, change: models.Entity) -> dict[str, Any]:
    """Type and name. An id that no item has is taken with a name only: else a slip of the pen would be an entity."""
    if change.id is None:
        if change.type is None or change.name is None:
            raise _wrong("entity.id", "this names no entity", "give an id, or a type and a name")
        return {"type": change.type, "name": change.name}
    form = _ENTITY_ID.fullmatch(change.id)
    if form is None:
        raise _wrong("entity.id", f"{change.id} is no id", "an id is a type and a slug, such as person/godfrey-otunge")
    if change.type not in (None, form[1]):
        raise _wrong("entity.type", f"{change.id} is no {change.type}", "leave the type out: the id says it")
    name = await _name(context, change.id) or change.name or (change.id if change.remove else None)
    if name is None:
        hint = "look the id up in the gazetteer; where it is right, give the `name` as well"
        raise _wrong("entity.id", f"no item names {change.id}", hint)
    return {"type": form[1], "name": name}


async def _name(context: Context, entity_id: str) -> str | None:
    """The name that an entity of this id has in the archive."""
    body = {"size": 1, "query": {"term": {"entity": entity_id}}, "_source": ["entities"], "track_total_hits": False}
    hits = (await search(context, body))["hits"]["hits"]
    return next((one["name"] for hit in hits for one in hit["_source"]["entities"] if one["id"] == entity_id), None)


async def _check_story(context: Context, story_id: str) -> None:
    await context.engine.refresh(NEWS)
    body = {"size": 1, "query": {"term": {"story_id": story_id}}, "_source": False, "track_total_hits": False}
    if not (await search(context, body))["hits"]["hits"]:
        raise _wrong("story.story_id", f"no item tells story {story_id}", "give another item's, or null")


def _wrong(field: str, detail: str, hint: str) -> Refusal:
    return Refusal(422, "invalid_request", detail, field=f"change.{field}", hint=hint)
