"""What killed a message, in words that are the same for all that died of it. Pure."""

import re
from collections import Counter
from collections.abc import Iterable

import msgspec

from schemas.messages import DeadLetter

LONGEST = 120  # characters
_IDS = re.compile(r"[0-9a-f]{16,}")
_NUMBERS = re.compile(r"\d+")


class Cause(msgspec.Struct, frozen=True):
    """Dead letters of one kind. error: with ids and numbers as `#`."""

    stage: str
    topic: str | None
    reason: str
    error: str


def cause_of(letter: DeadLetter) -> Cause:
    """Return the letter's cause. A traceback is known by its last line."""
    lines = [line for line in letter.error.splitlines() if line.strip()] or [""]
    told = lines[-1] if letter.reason == "bug" else lines[0]
    same = _NUMBERS.sub("#", _IDS.sub("#", told.strip()))
    return Cause(letter.stage, letter.topic, letter.reason, printable(same)[:LONGEST])


def by_cause(letters: Iterable[DeadLetter]) -> list[tuple[Cause, int]]:
    """Return each cause and how many died of it, the most frequent first."""
    return Counter(map(cause_of, letters)).most_common()


def printable(text: str) -> str:
    """Return the text without what would steer a terminal: a dead letter is anything."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
