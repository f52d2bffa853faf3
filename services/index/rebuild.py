"""Documents as they are written today, from those that an earlier version wrote. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from schemas.errors import Invalid
from services.index import merge, searches
from services.index.indices import NEWS, SEARCHES

FAILURE_LIMIT = 1_000  # characters


def rebuilt(index: str, source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document for the new mapping: fields that follow from others are made again.

    An item gets the fields that the present merge gives it; a saved search the engine's query from its words, or a
    failure instead. What cannot be read, and every other index's, stays as it is.
    """
    if index == NEWS:
        return _item(source)
    if index == SEARCHES:
        return _search(source)
    return dict(source)


def _item(source: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return merge.to_stored(merge.from_stored(dict(source)), datetime.fromisoformat(source["indexed_at"]))
    except (Invalid, KeyError, ValueError):
        return dict(source)


def _search(source: Mapping[str, Any]) -> dict[str, Any]:
    saved = msgspec.structs.replace(searches.saved_search(dict(source)), failure=None)
    try:
        return searches.document(saved)
    except Invalid as refusal:
        return failed(source, str(refusal))


def failed(source: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Return a saved search that is kept and matches nothing."""
    saved = searches.saved_search(dict(source))
    return searches.document(msgspec.structs.replace(saved, failure=reason[:FAILURE_LIMIT]))
