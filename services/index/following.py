"""Following the archive: which items are new to a reader who comes again and again. Pure.

Items are read in the order (indexed_at, item_id). A write carries the time at which it began, and is seen by searches
later than that: after a refresh, after retries, by another machine's clock. So an item may appear behind one that a
reader has had already, but at most WINDOW late (items.py and the engine's BULK_PATIENCE_S hold writes to that).

A cursor is therefore a position up to which everything was read, and the items behind it that were read all the same.
Nothing older than WINDOW can still appear, so the position moves on, and the items before it are forgotten.
"""

import base64
import hashlib
import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from schemas.errors import Invalid

WINDOW: Final = timedelta(minutes=5)
REMEMBERED: Final = 500  # items of the window in a cursor; when there are more, they are read once they are older
_SERVED: Final = struct.Struct(">I6s")  # indexed_at in whole seconds, 48 bits of a hash of the item's state


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in the order of the archive. indexed_at: milliseconds, which is what the engine sorts by."""

    indexed_at_ms: Annotated[int, msgspec.Meta(ge=0, le=32_503_680_000_000)]
    item_id: Annotated[str, msgspec.Meta(max_length=64)]


class Hit(msgspec.Struct, frozen=True):
    """An item as the engine found it. indexed_at as it is stored: a write in the same millisecond differs in it."""

    position: Position
    indexed_at: str

    @property
    def served(self) -> bytes:
        """What a cursor remembers of it."""
        state = hashlib.sha256(f"{self.position.item_id} {self.indexed_at}".encode()).digest()
        return _SERVED.pack(min(self.position.indexed_at_ms // 1000, 2**32 - 1), state[:6])


class Cursor(msgspec.Struct, frozen=True):
    """Everything up to `settled` was read, and of what lies behind it `served`."""

    settled: Position
    served: frozenset[bytes] = frozenset()


class Step(msgspec.Struct, frozen=True):
    """What a reader gets: indices into the hits, the next cursor, and whether to come again at once."""

    serve: list[int]
    cursor: Cursor
    more: bool


def needed(cursor: Cursor, size: int) -> int:
    """How many hits behind `settled` to ask the engine for, so that `size` new ones are among them."""
    return size + len(cursor.served) + 1


def step(cursor: Cursor, hits: Sequence[Hit], size: int, now: datetime) -> Step:
    """Return the next items of a reader.

    hits: the first `needed(cursor, size)` behind `cursor.settled`, in order, searched for after `now`.
    """
    horizon = Position(int((now - WINDOW).timestamp() * 1000), "")
    served = set(cursor.served)
    settled = cursor.settled
    serve: list[int] = []
    left = None  # the first that this page has no room for
    for number, hit in enumerate(hits):
        is_fresh = hit.position >= horizon
        if hit.served not in cursor.served:
            if len(serve) == size or (is_fresh and len(served) >= REMEMBERED):
                left = hit
                break
            serve.append(number)
            if is_fresh:
                served.add(hit.served)
        if not is_fresh:
            settled = hit.position
    if left is None or left.position >= horizon:
        settled = max(settled, horizon)
    kept = frozenset(one for one in served if _SERVED.unpack(one)[0] >= settled.indexed_at_ms // 1000)
    return Step(serve, Cursor(settled, kept), more=left is not None and len(serve) == size)


def encode(cursor: Cursor, search: str) -> str:
    """Return the cursor as an opaque word of at most 7,000 letters. search: what it belongs to, in any words."""
    settled = cursor.settled
    parts = (_fingerprint(search), settled.indexed_at_ms, settled.item_id, b"".join(sorted(cursor.served)))
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(parts)).decode()


def decode(word: str, search: str) -> Cursor:
    """Return the cursor. Raises Invalid with reason `cursor`."""
    try:
        fingerprint, at, item_id, served = msgspec.msgpack.decode(
            base64.urlsafe_b64decode(word), type=tuple[bytes, int, str, bytes]
        )
        settled = msgspec.convert({"indexed_at_ms": at, "item_id": item_id}, Position)
        remembered = [bytes(part) for (part,) in struct.iter_unpack(f"{_SERVED.size}s", served)]
    except (ValueError, struct.error):
        raise Invalid("this is no cursor of ours", reason="cursor") from None
    if len(remembered) > REMEMBERED:
        raise Invalid("this is no cursor of ours", reason="cursor")
    if fingerprint != _fingerprint(search):
        raise Invalid("this cursor belongs to another search", reason="cursor")
    return Cursor(settled, frozenset(remembered))


def _fingerprint(search: str) -> bytes:
    return hashlib.sha256(search.encode()).digest()[:8]
