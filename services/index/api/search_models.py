"""What is given and shown of saved searches beyond creating them."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.index.api.models import Given, Labels, Name, Owner, Query, Timing


class PreviewAsked(Given):
    """A search that is not saved (yet)."""

    query: Query


class SearchChange(Given):
    """What is given changes, as a whole: a `query` replaces the query. The rest stays."""

    name: Name = Field(default_factory=str)
    query: Query = Field(default_factory=Query)
    timing: Timing = Field(default_factory=Timing)
    labels: Labels = Field(default_factory=list)
    owner: Owner = None
    enabled: bool = Field(default_factory=bool, description="false: paused; what matches is held until it is true")
    snoozed_until: datetime | None = Field(
        None, description="Paused until then; null: no longer. Without a zone, UTC", examples=["2026-02-01T08:00:00Z"]
    )
    version: int | None = Field(None, ge=1, description="Refused with 409 when the search is another version by now")


class Version(BaseModel):
    """What a search was, or is. updated_at, updated_by: of this version; updated_by is the name of an API key."""

    version: int
    name: str
    query: Query
    timing: Timing
    labels: list[str]
    owner: str | None
    enabled: bool
    snoozed_until: datetime | None
    updated_at: datetime
    updated_by: str | None


class Versions(BaseModel):
    """The present version and the latest 50 before it, the newest first."""

    versions: list[Version]
