"""Cursors: the sort values of the last hit, opaque to callers. Pages go on behind it, whatever was added before it."""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from services.index.api.errors import Refusal

Values = list[int | float | str]


def encode(sort: str, hits: Sequence[dict[str, Any]], size: int) -> str | None:
    """Return the cursor of the page after these hits, None after the last one. `sort` is the name of their order."""
    if len(hits) < size:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, hits[-1]["sort"]])).decode()


def decode(cursor: str, sort: str, length: int) -> Values:
    """Return the sort values to go on behind. Raises Refusal for a cursor of another order, or that we did not make."""
    try:
        made_for, values = msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=tuple[str, Values])
    except ValueError:
        raise Refusal(422, "invalid_request", "this is no cursor of ours", field="cursor") from None
    if made_for != sort or len(values) != length:
        hint = "give the same sort and filters as for the first page"
        raise Refusal(422, "invalid_request", "this cursor belongs to another order", field="cursor", hint=hint)
    return values
