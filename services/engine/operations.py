"""Writes: what is asked of the engine, and what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from schemas.errors import Transient
from services.engine import verdicts

RETRIED_STATUSES = frozenset({429, 503})
REQUEST_BYTES = 8_000_000


class Stored(msgspec.Struct, frozen=True):
    """A document as it was read. seq_no and primary_term name this state of it, for `Engine.replace`."""

    id: str
    source: dict[str, Any]
    seq_no: int
    primary_term: int


class Create(msgspec.Struct, frozen=True):
    """Write a document that does not exist yet."""

    id: str
    document: Mapping[str, Any]


class Replace(msgspec.Struct, frozen=True):
    """Write a document over the state that was read."""

    stored: Stored
    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The document's."""
        return self.stored.id


class Put(msgspec.Struct, frozen=True):
    """Write a document over anything."""

    id: str
    document: Mapping[str, Any]


class Remove(msgspec.Struct, frozen=True):
    """Delete a document; one that is not there is as good."""

    id: str


Operation = Create | Replace | Put | Remove


class BulkResult(msgspec.Struct, frozen=True):
    """What became of one operation. `error` is the engine's reason where the verdict is invalid or conflict."""

    id: str
    verdict: Literal["ok", "conflict", "invalid"]
    error: str | None = None
    error_type: str | None = None


def encoded(operation: Operation) -> list[bytes]:
    """The action and the document, as lines."""
    match operation:
        case Create():
            action: dict[str, Any] = {"create": {"_id": operation.id}}
        case Replace(stored=stored):
            condition = {"if_seq_no": stored.seq_no, "if_primary_term": stored.primary_term}
            action = {"index": {"_id": stored.id, **condition}}
        case Put():
            action = {"index": {"_id": operation.id}}
        case Remove():
            return [msgspec.json.encode({"delete": {"_id": operation.id}})]
    return [msgspec.json.encode(action), msgspec.json.encode(operation.document)]


def chunks(numbers: Sequence[int], lines: Sequence[list[bytes]]) -> list[list[int]]:
    """Split into requests of at most REQUEST_BYTES, or of one document that is larger."""
    made: list[list[int]] = []
    size = REQUEST_BYTES
    for number in numbers:
        length = sum(map(len, lines[number]))
        if size + length > REQUEST_BYTES:
            made.append([])
            size = 0
        made[-1].append(number)
        size += length
    return made


def result(item: dict[str, dict[str, Any]]) -> BulkResult | None:
    """The result of one item of a bulk answer; None when it is to be sent again. Raises Transient."""
    [answer] = item.values()
    error = answer.get("error")
    if error is None:
        return BulkResult(answer["_id"], "ok")
    reason = verdicts.reason(error)
    judged = verdicts.verdict(answer["status"], error.get("type"))
    if judged == "transient":
        if answer["status"] in RETRIED_STATUSES:
            return None
        raise Transient(reason)
    return BulkResult(answer["_id"], judged, reason, error.get("type"))
