"""/v1/items/changes: what was indexed since, for programs that follow. services/index/following.py has the cursor."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as Parameter

from schemas.errors import Invalid
from services.index import following
from services.index.api.asked import InAsked, search
from services.index.api.context import InContext
from services.index.api.errors import Refusal
from services.index.api.models import Changes, Item
from services.index.following import Cursor, Hit, Position

router = APIRouter(prefix="/v1", tags=["items"])

SHOWN = [*Item.model_fields, "takedown"]


@router.get("/items/changes", summary="Follow a search")
async def changes(
    context: InContext,
    asked: InAsked,
    start: Annotated[
        datetime | None,
        Parameter(description="Without a cursor: items indexed from then on; without either, the whole archive"),
    ] = None,
    size: Annotated[int, Parameter(ge=1, le=200, description="Items at once")] = 100,
    cursor: Annotated[str | None, Parameter(max_length=8_000, description="Of the answer before")] = None,
) -> Changes:
    """Items in the order in which they were indexed: each once, and again when it has changed.

    Keep the `cursor` of each answer and ask with it: at once where `more` is true, else when you like, say every
    30 seconds. Nothing is left out and nothing comes twice, also where an item is indexed late or out of order.
    After more than 500 new items in five minutes the others come when they are five minutes old.
    `taken_down` names items whose content must go: delete what you keep of them.
    """
    now = datetime.now(UTC)
    position = _position(cursor, start, asked.parameters())
    body: dict[str, Any] = {
        "size": following.needed(position, size),
        "query": {"bool": {"should": [asked.query(), {"term": {"takedown": True}}], "minimum_should_match": 1}},
        "sort": [{"indexed_at": "asc"}, {"item_id": "asc"}],
        "search_after": [position.settled.indexed_at_ms, position.settled.item_id],
        "_source": SHOWN,
        "track_total_hits": False,
    }
    found = (await search(context, body))["hits"]["hits"]
    step = following.step(position, list(map(_hit, found)), size, now)
    served = [found[number]["_source"] for number in step.serve]
    return Changes(
        items=[Item.model_validate(source) for source in served if not source.get("takedown")],
        taken_down=[source["item_id"] for source in served if source.get("takedown")],
        cursor=following.encode(step.cursor, asked.parameters()),
        more=step.more,
    )


def _position(cursor: str | None, start: datetime | None, parameters: str) -> Cursor:
    if not cursor:
        at = start.replace(tzinfo=start.tzinfo or UTC) if start else datetime.fromtimestamp(0, UTC)
        return Cursor(Position(max(0, int(at.timestamp() * 1000)), ""))
    try:
        return following.decode(cursor, parameters)
    except Invalid as error:
        hint = "give the cursor of the last answer, and the same search; or begin again with `start`"
        raise Refusal(422, "invalid_request", str(error), field="cursor", hint=hint) from None


def _hit(found: dict[str, Any]) -> Hit:
    at_ms, item_id = found["sort"]
    return Hit(Position(at_ms, item_id), found["_source"]["indexed_at"])
