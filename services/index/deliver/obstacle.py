"""What is in the way of a delivery. Pure."""

from datetime import datetime
from typing import Final

from services.index.deliver.endpoints import Endpoint
from services.index.deliver.outbox import Delivery, State
from services.index.searches import SavedSearch

AFTERWARDS: Final = frozenset({"correction", "withdrawn"})  # about what was told already: no pause holds them


def obstacle(
    delivery: Delivery, search: SavedSearch | None, endpoint: Endpoint | None, now: datetime
) -> tuple[State, str] | None:
    """Return the state that a delivery gets instead of an attempt, and why; None where nothing is in its way."""
    of_feeds = delivery.kind == "silent_feed"  # of no search
    if search is None and not of_feeds:
        return "cancelled", "the saved search was deleted"
    if endpoint is None or (search and delivery.endpoint_id != search.endpoint_id):
        return "cancelled", "the endpoint was deleted"
    if delivery.kind == "test":
        return None
    if endpoint.disabled_at:
        return "held", f"the endpoint is disabled: {endpoint.disabled_reason}"
    if search and delivery.kind not in AFTERWARDS and (reason := search.silence(now)):
        return "held", reason
    return None
