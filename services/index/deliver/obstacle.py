"""What is in the way of a delivery. Pure."""

from services.index.deliver.endpoints import Endpoint
from services.index.deliver.outbox import Delivery, State
from services.index.searches import SavedSearch


def obstacle(delivery: Delivery, search: SavedSearch | None, endpoint: Endpoint | None) -> tuple[State, str] | None:
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
    if search and not search.enabled:
        return "held", "the saved search is paused"
    return None
