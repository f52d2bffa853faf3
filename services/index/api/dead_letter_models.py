"""What the API takes and tells about dead letters. What happens to them: services/index/dead."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.index.api.models import Given

Place = Annotated[
    str, Field(pattern=r"^[0-9]{1,5}/[0-9]{1,18}$", description="PARTITION/OFFSET in news.dead", examples=["0/41"])
]


class Cause(BaseModel):
    """How many died of the same. Ids and numbers in `error` are `#`."""

    stage: str
    topic: str | None
    reason: str
    error: str
    count: int


class Handled(BaseModel):
    """What was done about a letter, last."""

    action: Literal["replayed", "dropped"]
    by: str = Field(description="Name of an API key, or `command`")
    at: datetime


class DeadLetter(BaseModel):
    """A message that a stage gave up. Its text is not told: `python -m services.index dead show` has it."""

    place: str
    at: datetime
    stage: str
    reason: str
    error: str
    topic: str | None
    partition: int | None
    offset: int | None
    key: str | None
    size: int = Field(description="Bytes of the original")
    handled: Handled | None


class DeadLetters(BaseModel):
    """The newest first; `causes` and `total` count all that were asked for, the most frequent cause first."""

    dead_letters: list[DeadLetter]
    causes: list[Cause]
    total: int


class Chosen(Given):
    """Dead letters by their places."""

    places: list[Place] = Field(min_length=1, max_length=100)


class ToReplay(Chosen):
    """Dead letters to send to their topics again."""

    again: bool = Field(False, description="Also those that were replayed or dropped before")


class PassedOver(BaseModel):
    """A letter that nothing was done about, and why."""

    place: str
    why: str


class Outcome(BaseModel):
    """What was done about which letters."""

    done: list[str]
    passed_over: list[PassedOver]
