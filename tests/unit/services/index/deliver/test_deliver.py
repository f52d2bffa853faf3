from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from schemas import identity
from services.index.deliver.endpoints import Endpoint
from services.index.deliver.obstacle import obstacle
from services.index.deliver.outbox import NO_ENDPOINT, owed
from services.index.deliver.run import addressed, decoded
from services.index.query import Query
from services.index.searches import SavedSearch
from services.kafka import Record
from tests.unit.services.index.alerts import EXAMPLE

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SEARCH = SavedSearch(
    search_id=EXAMPLE.search_id or "",
    name="Kenya",
    query=Query(countries=["KE"]),
    endpoint_id="endpoint",
    created_at=NOW,
    updated_at=NOW,
)
ENDPOINT = Endpoint(url="https://hooks.example/a", secrets=["token"], created_at=NOW)
PAUSED = msgspec.structs.replace(SEARCH, enabled=False)
SNOOZED = msgspec.structs.replace(SEARCH, snoozed_until=NOW + timedelta(hours=1))
AWAKE = msgspec.structs.replace(SEARCH, snoozed_until=NOW)
MOVED = msgspec.structs.replace(SEARCH, endpoint_id="another")
DISABLED = msgspec.structs.replace(ENDPOINT, disabled_at=NOW, disabled_reason="it answered 410 Gone")


def test_an_alert_is_owed_to_the_endpoint_of_its_search() -> None:
    delivery_id, delivery = addressed(EXAMPLE, SEARCH, NOW)
    assert delivery_id == identity.delivery_id(EXAMPLE.alert_id, "endpoint")
    assert (delivery.state, delivery.endpoint_id) == ("pending", "endpoint")


def test_an_alert_that_nobody_can_get_is_on_record_with_the_reason() -> None:
    _, deleted = addressed(EXAMPLE, None, NOW)
    _, silent = addressed(EXAMPLE, msgspec.structs.replace(SEARCH, endpoint_id=None), NOW)
    assert (deleted.state, deleted.endpoint_id, deleted.reason) == (
        "cancelled",
        NO_ENDPOINT,
        "the saved search was deleted",
    )
    assert (silent.state, silent.reason) == ("cancelled", "the saved search has no endpoint")


@pytest.mark.parametrize(
    ("search", "endpoint", "kind", "state"),
    [
        (SEARCH, ENDPOINT, "match", None),
        (None, ENDPOINT, "match", "cancelled"),
        (SEARCH, None, "match", "cancelled"),
        (MOVED, ENDPOINT, "match", "cancelled"),
        (PAUSED, ENDPOINT, "match", "held"),
        (SEARCH, DISABLED, "match", "held"),
        (SEARCH, DISABLED, "test", None),
        (PAUSED, ENDPOINT, "test", None),
        (SNOOZED, ENDPOINT, "growth", "held"),
        (AWAKE, ENDPOINT, "match", None),
        (PAUSED, ENDPOINT, "withdrawn", None),
        (SNOOZED, ENDPOINT, "correction", None),
        (SEARCH, DISABLED, "withdrawn", "held"),
        (None, ENDPOINT, "test", "cancelled"),
        (None, ENDPOINT, "silent_feed", None),
        (None, None, "silent_feed", "cancelled"),
        (None, DISABLED, "silent_feed", "held"),
    ],
)
def test_what_stands_against_an_attempt(
    search: SavedSearch | None, endpoint: Endpoint | None, kind: str, state: str | None
) -> None:
    _, delivery = owed(EXAMPLE, "Kenya", "endpoint", NOW)
    found = obstacle(msgspec.structs.replace(delivery, kind=kind), search, endpoint, NOW)
    assert (found and found[0]) == state


def test_what_is_no_alert_is_rejected_and_the_rest_goes_on() -> None:
    good = Path("schemas/examples/alert.json").read_bytes()
    records = [Record("news.alerts", 0, n, None, value, (), 0) for n, value in enumerate((b"{", good, None))]
    alerts, rejected = decoded(records)
    assert [record.offset for record, _ in alerts] == [1]
    assert [record.offset for record, _ in rejected] == [0, 2]
