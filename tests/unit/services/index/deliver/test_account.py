"""Which deliveries can be made again, and how endpoints' figures are counted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.index.__main__ import main
from services.index.deliver import account, fares, outbox
from services.index.deliver.endpoints import Endpoint
from services.index.deliver.outbox import Attempt, Delivery, owed
from services.index.query import Query
from services.index.searches import SavedSearch
from tests.unit.services.index.alerts import EXAMPLE

NOW = datetime(2026, 3, 1, tzinfo=UTC)
_, DELIVERY = owed(EXAMPLE, "Kenya", "e", NOW)
ENDPOINT = Endpoint(url="https://hooks.example", secrets=[], created_at=NOW)
SEARCH = SavedSearch(
    search_id=EXAMPLE.search_id or "", name="Kenya", query=Query(), endpoint_id="e", created_at=NOW, updated_at=NOW
)
FAILED = Attempt(at=NOW, status=500, latency_ms=3, error=None, response="")


def changed(**fields: Any) -> Delivery:
    return msgspec.structs.replace(DELIVERY, **fields)


@pytest.mark.parametrize("state", ["pending", "delivered", "failed", "held", "cancelled", "grouped"])
def test_a_delivery_can_be_made_again(state: str) -> None:
    assert account.refusal(changed(state=state), SEARCH, ENDPOINT, NOW) is None


@pytest.mark.parametrize(
    ("delivery", "search", "endpoint", "reason"),
    [
        (None, SEARCH, ENDPOINT, "no such delivery"),
        (changed(state="waiting"), SEARCH, ENDPOINT, "follow-up"),
        (changed(body=""), SEARCH, ENDPOINT, "taken down"),
        (changed(attempts=[FAILED] * account.MOST_ATTEMPTS), SEARCH, ENDPOINT, "attempted"),
        (DELIVERY, None, ENDPOINT, "search was deleted"),
        (DELIVERY, SEARCH, None, "endpoint was deleted"),
        (DELIVERY, SEARCH, msgspec.structs.replace(ENDPOINT, disabled_at=NOW, disabled_reason="x"), "disabled: x"),
        (DELIVERY, msgspec.structs.replace(SEARCH, enabled=False), ENDPOINT, "paused"),
    ],
)
def test_what_nobody_could_get_is_not_made_again(
    delivery: Delivery | None, search: SavedSearch | None, endpoint: Endpoint | None, reason: str
) -> None:
    assert reason in (account.refusal(delivery, search, endpoint, NOW) or "")


def test_a_delivery_made_again_has_a_whole_schedule_before_it() -> None:
    failed = outbox.settled(changed(attempts=[FAILED] * 10), "failed", "the last one", NOW)
    later = NOW + timedelta(days=5)
    again = outbox.again(failed, later)
    assert (again.state, again.due_at, again.reason, again.settled_at) == ("pending", later, None, None)
    assert again.is_due(later)
    assert again.body == failed.body
    assert (outbox.tries(failed), outbox.tries(again)) == (10, 0)
    attempted = outbox.recorded(again, "t", msgspec.structs.replace(FAILED, at=later), 5.0, later)
    assert outbox.tries(attempted) == 1


def test_a_selection_asks_for_all_that_it_names() -> None:
    chosen = account.Selection(endpoint_id="e", states=["held"], kinds=["match"], since=NOW)
    assert account.query(chosen)["bool"]["filter"] == [
        {"term": {"endpoint_id": "e"}},
        {"terms": {"state": ["held"]}},
        {"terms": {"kind": ["match"]}},
        {"range": {"created_at": {"gte": NOW.isoformat()}}},
    ]
    assert account.query(account.Selection()) == {"bool": {"filter": []}}


def test_figures_are_of_the_attempts_made() -> None:
    attempts: list[dict[str, Any]] = [
        {"at": NOW.isoformat(), "status": 204, "latency_ms": number} for number in range(1, 20)
    ]
    hits = [
        {"_source": {"attempts": [*attempts, {"at": NOW.isoformat(), "status": None, "latency_ms": 9_999}]}},
        {"_source": {}},
    ]
    counts = [{"key": "held", "doc_count": 4}]
    answer = {
        "hits": {"hits": hits},
        "aggregations": {"states": {"buckets": counts}, "pending": {"next": {"value": None}}},
    }
    fare = fares.counted(answer)
    assert (fare.attempts, fare.success_rate, fare.p95_ms) == (20, 0.95, 19)
    assert (fare.last_success_at, fare.next_attempt_at, fare.deliveries) == (NOW, None, {"held": 4})
    assert fares.p95([]) is None


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--since", "2026-01-01"],
        ["--search", "s"],
        ["abc", "--search", "s"],
        ["--search", "s", "--since", "2026-01-01", "--state", "waiting"],
    ],
)
def test_an_unclear_redelivery_is_refused_before_anything_is_done(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["deliveries", "redeliver", *arguments]) == 2
    assert "nothing was redelivered" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["listen"], *(["deliveries", action] for action in ("list", "show", "redeliver"))])
def test_help_has_examples(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    assert f"python -m services.index {' '.join(command)}" in capsys.readouterr().out
