"""/v1/items/facets and /v1/items/histogram: counts over a search."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter
from fastapi import Query as Parameter

from services.index.api.asked import InAsked, search
from services.index.api.context import InContext
from services.index.api.errors import Refusal
from services.index.api.models import Bar, Facet, Facets, FacetValue, Histogram
from services.index.merge import ROLES

router = APIRouter(prefix="/v1", tags=["items"])

FacetName = Literal["country", "role", "person", "organisation", "place", "gang", "event", "language", "feed", "story"]
FIELDS: Final = {"feed": "feeds", "story": "story_id"}  # facet -> field where the names differ
MAX_BARS: Final = 2_000

Interval = Literal["minute", "hour", "day", "week", "month", "year"]
SECONDS: Final[dict[Interval, int]] = {
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "week": 7 * 86_400,
    "month": 28 * 86_400,
    "year": 365 * 86_400,
}


@router.get("/items/facets", summary="Count by country, person, event, ...")
async def facets(
    context: InContext,
    asked: InAsked,
    facet: Annotated[
        list[FacetName], Parameter(description="What to count by; several times for several; default all but story")
    ] = [],  # noqa: B006 (FastAPI copies it)
    values: Annotated[int, Parameter(ge=1, le=100, description="Values of each facet, the most frequent first")] = 10,
) -> Facets:
    """How many items of a search name each country, person and so on, the most frequent first.

    An item counts once for each value that it has. `role` counts countries by their part in the mission. `others` is
    how many items lie beyond the listed values. `stories` is how many stories the items make, near enough.
    """
    names = list(dict.fromkeys(facet)) or [name for name in get_args(FacetName) if name != "story"]
    body: dict[str, Any] = {
        "size": 0,
        "query": asked.query(),
        "track_total_hits": True,
        "aggs": {"stories": {"cardinality": {"field": "story_id"}}}
        | {f"by {name}": _terms(name, values) for name in names if name != "role"},
    }
    if "role" in names:
        body["aggs"] |= {f"role {role}": _terms(f"country_{role}", values) for role in ROLES}
    answer = await search(context, body)
    counted = answer["aggregations"]
    return Facets(
        total=answer["hits"]["total"]["value"],
        stories=counted["stories"]["value"],
        facets={name: _facet(counted[f"by {name}"]) for name in names if name != "role"},
        roles={role: _facet(counted[f"role {role}"]) for role in ROLES} if "role" in names else {},
    )


@router.get("/items/histogram", summary="Count over time")
async def histogram(
    context: InContext,
    asked: InAsked,
    interval: Annotated[Interval, Parameter(description="The length of a bar, in UTC; weeks begin on Monday")] = "day",
) -> Histogram:
    """How many items of a search happened (`event_at`) in each interval, the earliest first; also where there are none.

    At most 2,000 bars: a longer span needs a longer interval, or `since`.
    """
    query = asked.query()
    span = {"first": {"min": {"field": "event_at"}}, "last": {"max": {"field": "event_at"}}}
    edges = (await search(context, {"size": 0, "query": query, "track_total_hits": False, "aggs": span}))[
        "aggregations"
    ]
    if edges["first"]["value"] is None:
        return Histogram(bars=[])
    if edges["last"]["value"] - edges["first"]["value"] > MAX_BARS * SECONDS[interval] * 1000:
        raise Refusal(
            422,
            "too_many_bars",
            f"these items span more than {MAX_BARS:,} intervals of a {interval}",
            field="interval",
            hint="choose a longer interval, or a later `since`",
        )
    bars = {"bars": {"date_histogram": {"field": "event_at", "calendar_interval": interval}}}
    body = {"size": 0, "query": query, "track_total_hits": False, "aggs": bars}
    buckets = (await search(context, body))["aggregations"]["bars"]["buckets"]
    return Histogram(
        bars=[Bar(at=datetime.fromtimestamp(one["key"] / 1000, UTC), items=one["doc_count"]) for one in buckets]
    )


def _terms(name: str, values: int) -> dict[str, Any]:
    return {"terms": {"field": FIELDS.get(name, name), "size": values}}


def _facet(counted: dict[str, Any]) -> Facet:
    return Facet(
        values=[FacetValue(value=str(one["key"]), items=one["doc_count"]) for one in counted["buckets"]],
        others=counted["sum_other_doc_count"],
    )
