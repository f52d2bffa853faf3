from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.index.deliver.endpoints import Endpoint
from services.index.deliver.release import is_held
from services.index.query import Query
from services.index.searches import SavedSearch

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SEARCH = SavedSearch(search_id="s", name="S", query=Query(), endpoint_id="e", created_at=NOW, updated_at=NOW)
ENDPOINT = Endpoint(url="https://hooks.example/a", secrets=["token"], created_at=NOW)
DISABLED = msgspec.structs.replace(ENDPOINT, disabled_at=NOW)


@pytest.mark.parametrize(
    ("search", "endpoint", "held"),
    [
        (SEARCH, ENDPOINT, False),
        (msgspec.structs.replace(SEARCH, enabled=False), ENDPOINT, True),
        (msgspec.structs.replace(SEARCH, snoozed_until=NOW + timedelta(seconds=1)), ENDPOINT, True),
        (msgspec.structs.replace(SEARCH, snoozed_until=NOW), ENDPOINT, False),
        (SEARCH, DISABLED, True),
        (None, ENDPOINT, False),
        (None, None, False),
    ],
)
def test_what_is_held_waits_until_nothing_is_in_the_way(
    search: SavedSearch | None, endpoint: Endpoint | None, held: bool
) -> None:
    assert is_held(search, endpoint, NOW) is held
