"""What set-up did, a line for each thing."""

from typing import Literal

import msgspec


class Line(msgspec.Struct, frozen=True):
    """A thing and what became of it. `detail` says what differs or what was made."""

    thing: str
    state: Literal["created", "updated", "unchanged", "drift"]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.state:<10}{self.thing}" + (f"  ({self.detail})" if self.detail else "")
