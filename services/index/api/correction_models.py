"""What the API takes as corrections. What they do: services/index/corrections.py."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from schemas.messages import FigureKind, Role
from services.index.api.models import CountryCode, EntityId, Given

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Remove = Annotated[bool, Field(description="Take it away")]


class Relevance(Given):
    """The item is about the mission, or not."""

    tag: Literal["relevance"]
    relevant: bool


class Story(Given):
    """The item tells this story; null: it is a story by itself."""

    tag: Literal["story"]
    story_id: str | None = Field(max_length=64)


class Country(Given):
    """The item names this country in this role; null: it does not name it."""

    tag: Literal["country"]
    code: CountryCode
    role: Role | None


class Entity(Given):
    """The item names this entity. Without `id`: one that the gazetteer lacks, by type and name."""

    tag: Literal["entity"]
    id: EntityId | None = None
    type: Literal["person", "organisation", "place", "gang"] | None = Field(
        None, description="Where there is no id; an id begins with it"
    )
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = Field(
        None, description="Needed where no item names the id"
    )
    remove: Remove = False


class Mission(Given):
    """The item is about this mission."""

    tag: Literal["mission"]
    id: str = Field(pattern=r"^mission/[a-z0-9-]{1,100}$", examples=["mission/gsf"])
    remove: Remove = False


class Event(Given):
    """The item reports such an event."""

    tag: Literal["event"]
    type: str = Field(pattern="^[a-z0-9_]{1,50}$", examples=["arrival"])
    remove: Remove = False


class Figure(Given):
    """The item states this figure. To change one, remove it and add another."""

    tag: Literal["figure"]
    kind: FigureKind
    value: float = Field(ge=0, le=1e15, allow_inf_nan=False)
    unit: str = Field(min_length=1, max_length=50, examples=["personnel", "people", "USD"])
    country: CountryCode | None = None
    approximate: bool = False
    remove: Remove = False


Change: TypeAlias = Annotated[
    Relevance | Story | Country | Entity | Mission | Event | Figure, Field(discriminator="tag")
]


class NewCorrection(Given):
    """A correction. `id`: of your choice; a request that is repeated with it makes no second correction."""

    id: Id | None = None
    change: Change
    reason: Annotated[Line, Field(min_length=1, description="Why: others read it beside the item")]
