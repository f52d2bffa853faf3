"""Dead letters: what no stage can process goes to news.dead whole, and a flood of them stops the process."""

import base64
import traceback
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from prometheus_client import Counter

from schemas import codec, topics
from schemas.errors import Invalid
from schemas.messages import DeadLetter
from services.kafka import Producer, Record
from services.telemetry import logger

log = logger(__name__)

DEAD_LETTERS = Counter("news_dead_letters_total", "Messages sent to news.dead", ["stage", "reason"])


class Flood(Exception):
    """Nearly everything is invalid, or more than a few messages met a bug: a misconfiguration, not bad data."""


class FloodGuard:
    """Raises Flood when 90% of the last 100 messages were invalid, or more than 5 of the last 1,000 met a bug."""

    def __init__(self) -> None:
        self._invalid: deque[bool] = deque(maxlen=100)
        self._bugs: deque[bool] = deque(maxlen=1_000)

    def saw(self, *, reason: str | None) -> None:
        """Count one message: reason None when it was fine."""
        self._invalid.append(reason is not None)
        self._bugs.append(reason == "bug")
        if len(self._invalid) == 100 and sum(self._invalid) >= 90:
            raise Flood(f"{sum(self._invalid)} of the last 100 messages are invalid, the last for {reason!r}")
        if sum(self._bugs) > 5:
            raise Flood(f"{sum(self._bugs)} of the last {len(self._bugs)} messages met a bug")


def dead_letter(stage: str, record: Record, error: Exception, at: datetime) -> DeadLetter:
    """The dead letter for a record. Invalid gives its own reason; any other error is a bug, with its traceback."""
    invalid = isinstance(error, Invalid)
    return DeadLetter(
        stage=stage,
        reason=error.reason if isinstance(error, Invalid) else "bug",
        error=str(error)[:10_000] if invalid else "".join(traceback.format_exception(error))[-10_000:],
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key.decode("utf-8", "replace") if record.key is not None else None,
        value_base64=base64.b64encode(record.value or b"").decode(),
        headers={name: value.decode("utf-8", "backslashreplace") for name, value in record.headers},
        at=at,
    )


class DeadLetters:
    """Sends dead letters of one stage, and stops it when there are too many."""

    def __init__(self, stage: str, producer: Producer, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._stage = stage
        self._producer = producer
        self._now = now
        self._guard = FloodGuard()

    def fine(self) -> None:
        """A message was processed."""
        self._guard.saw(reason=None)

    async def send(self, record: Record, error: Exception) -> None:
        """Send the record to news.dead, confirmed. Raises Flood when too many were, Transient from the broker."""
        letter = dead_letter(self._stage, record, error, self._now())
        await self._producer.send(topics.DEAD, letter.key or "", codec.encode(letter))
        DEAD_LETTERS.labels(self._stage, letter.reason).inc()
        where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        if letter.reason == "bug":
            log.error("bug: dead letter", **where, exc_info=error)
        else:
            log.warning("invalid: dead letter", reason=letter.reason, error=letter.error, **where)
        self._guard.saw(reason=letter.reason)
