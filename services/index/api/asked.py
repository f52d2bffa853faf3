"""What a request searches for: the same parameters for the list, changes, facets, exports and feeds."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from fastapi import Depends
from fastapi import Query as Parameter

from services.index.api.context import Context
from services.index.api.errors import Refusal
from services.index.api.models import MAX_FILTERS, CountryCode, EntityId, LanguageCode, Text
from services.index.indices import NEWS
from services.index.query import Query, engine_query

ENGINE_TIMEOUT = "5s"


class Asked(msgspec.Struct, frozen=True):
    """A search over the archive. since, until: bounds of event_at, [since, until)."""

    wanted: Query
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> dict[str, Any]:
        """Return the engine's query. Raises Invalid where the text is none."""
        return engine_query(self.wanted, since=self.since, until=self.until)

    def parameters(self) -> str:
        """Return it as a query string: one search has one, whatever the order in which it was given."""
        pairs: list[tuple[str, str]] = [("q", self.wanted.text)] if self.wanted.text else []
        for name, values in (
            ("country", self.wanted.countries),
            ("entity", self.wanted.entities),
            ("language", self.wanted.languages),
        ):
            pairs += [(name, value) for value in sorted(set(values))]
        pairs += [
            (name, at.astimezone(UTC).isoformat()) for name, at in (("since", self.since), ("until", self.until)) if at
        ]
        return urlencode([*pairs, *([("relevant", "true")] if self.wanted.relevant_only else [])])


def asked(
    q: Text = "",
    country: Annotated[list[CountryCode], Parameter(max_length=MAX_FILTERS)] = [],  # noqa: B006 (FastAPI copies it)
    entity: Annotated[list[EntityId], Parameter(max_length=MAX_FILTERS)] = [],  # noqa: B006
    language: Annotated[list[LanguageCode], Parameter(max_length=MAX_FILTERS)] = [],  # noqa: B006
    since: Annotated[datetime | None, Parameter(description="event_at, from this on; without a zone, UTC")] = None,
    until: Annotated[datetime | None, Parameter(description="event_at, before this")] = None,
    relevant: Annotated[bool, Parameter(description="Only items about the mission")] = False,
) -> Asked:
    """Read the parameters of a search. Raises Refusal."""
    since, until = zoned(since), zoned(until)
    if since and until and since >= until:
        raise Refusal(422, "invalid_request", "since comes after until", field="since")
    wanted = Query(text=q.strip(), countries=country, entities=entity, languages=language, relevant_only=relevant)
    return Asked(wanted, since, until)


InAsked = Annotated[Asked, Depends(asked)]


async def search(context: Context, body: dict[str, Any]) -> dict[str, Any]:
    """Ask the engine. Raises Refusal where it ran out of time: part of an answer is none."""
    answer = await context.engine.search(NEWS, body | {"timeout": ENGINE_TIMEOUT})
    if answer["timed_out"]:
        hint = "use more words, fewer word* or a shorter time"
        raise Refusal(503, "too_slow", f"the search took longer than {ENGINE_TIMEOUT}", hint=hint)
    return answer


def zoned(at: datetime | None) -> datetime | None:
    """A time without a zone is UTC."""
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at
