"""Saved searches as the API takes and shows them. Pure."""

from typing import Any

import msgspec

from schemas.errors import Invalid
from services.index.api.asked import zoned
from services.index.api.errors import Refusal
from services.index.api.models import Endpoint, Preview, Query, Search, Timing
from services.index.api.search_models import SearchChange, Version
from services.index.deliver import endpoints
from services.index.query import Query as IndexQuery
from services.index.query_language import Misread
from services.index.searches import Earlier, SavedSearch
from services.index.timing import Timing as IndexTiming
from services.index.timing import check


def shown(
    saved: SavedSearch,
    endpoint: endpoints.Endpoint | None,
    secret: str | None = None,
    preview: Preview | None = None,
) -> Search:
    """Return a saved search with its endpoint."""
    return Search(
        id=saved.search_id,
        name=saved.name,
        enabled=saved.enabled,
        snoozed_until=saved.snoozed_until,
        query=_shown_query(saved),
        timing=Timing.model_validate(msgspec.to_builtins(saved.timing)),
        labels=saved.labels,
        owner=saved.owner,
        version=saved.version,
        endpoint=endpoint
        and Endpoint(
            id=saved.endpoint_id or "",
            url=endpoint.url,
            enabled=endpoint.disabled_at is None,
            disabled_reason=endpoint.disabled_reason,
            failing_since=endpoint.failing_since,
            feed_alarms=endpoint.feed_alarms,
            format=endpoint.format,
            secret=secret,
        ),
        created_at=saved.created_at,
        updated_at=saved.updated_at,
        updated_by=saved.updated_by,
        preview=preview,
        failure=saved.failure,
    )


def version(one: SavedSearch | Earlier) -> Version:
    """Return one version of a saved search."""
    told = {name: getattr(one, name) for name in Version.model_fields if name not in ("query", "timing")}
    return Version(query=_shown_query(one), timing=Timing.model_validate(msgspec.to_builtins(one.timing)), **told)


def _shown_query(one: SavedSearch | Earlier) -> Query:
    return Query.model_validate(msgspec.to_builtins(one.query) | {"every": one.every, "outlets": one.outlets})


def query_fields(given: Query) -> dict[str, Any]:
    """The fields of a saved search that a query sets."""
    said = given.model_dump()
    every, outlets = said.pop("every"), said.pop("outlets")
    return {"query": IndexQuery(**said), "every": every, "outlets": outlets}


def timing(given: Timing) -> IndexTiming:
    """Return the timing. Raises Refusal for what cannot be meant."""
    made = IndexTiming(**given.model_dump())
    try:
        check(made)
    except Invalid as error:
        raise Refusal(422, "invalid_request", str(error), field=f"timing.{error.reason}") from error
    return made


def changes(given: SearchChange) -> dict[str, Any]:
    """The fields of a saved search that a change sets."""
    said = given.model_fields_set
    fields: dict[str, Any] = {name: getattr(given, name) for name in ("name", "labels", "owner", "enabled")}
    fields["snoozed_until"] = zoned(given.snoozed_until)
    changes = {name: value for name, value in fields.items() if name in said}
    changes |= query_fields(given.query) if "query" in said else {}
    return changes | ({"timing": timing(given.timing)} if "timing" in said else {})


def refused(refusal: Invalid) -> Refusal:
    """The refusal of a query that cannot be saved."""
    position = refusal.position if isinstance(refusal, Misread) else None
    return Refusal(422, "invalid_request", _words(refusal), field="query.text", position=position)


def _words(refusal: Invalid) -> str:
    """Only refusals of our own are worded for people."""
    return str(refusal) if refusal.reason == "query" else "the search engine cannot run this query"
