import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas import identity
from services.index.deliver.outbox import (
    Attempt,
    Delivery,
    State,
    cleared,
    grouped,
    leased,
    owed,
    recorded,
    released,
    resumed,
    settled,
)
from tests.unit.services.index.alerts import EXAMPLE

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)


def attempt(status: int | None) -> Attempt:
    return Attempt(at=NOW, status=status, latency_ms=12, error=None if status else "no answer within 20 s", response="")


def delivery() -> Delivery:
    return owed(EXAMPLE, "a search", "endpoint", NOW)[1]


def test_a_delivery_is_named_by_alert_and_endpoint_and_due_at_once() -> None:
    delivery_id, new = owed(EXAMPLE, "a search", "endpoint", NOW)
    assert delivery_id == identity.delivery_id(EXAMPLE.alert_id, "endpoint")
    assert new.is_due(NOW)
    assert json.loads(new.body)["data"]["alert_id"] == EXAMPLE.alert_id


def test_a_delivery_survives_the_trip_through_the_engine() -> None:
    full = recorded(leased(delivery(), "me", LATER), "me", attempt(500), 5.0, NOW)
    assert msgspec.convert(json.loads(msgspec.json.encode(msgspec.to_builtins(full))), Delivery) == full


def test_a_leased_delivery_is_nobody_else_s_until_the_lease_ends() -> None:
    taken = leased(delivery(), "me", LATER)
    assert not taken.is_due(LATER - timedelta(seconds=1))
    assert taken.is_due(LATER)


def test_only_its_holder_releases_a_delivery() -> None:
    taken = leased(delivery(), "me", LATER)
    assert released(taken, "me").is_due(NOW)
    assert released(taken, "somebody else") == taken


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_any_2xx_delivers(status: int) -> None:
    done = recorded(leased(delivery(), "me", LATER), "me", attempt(status), 5.0, NOW)
    assert (done.state, done.settled_at, len(done.attempts)) == ("delivered", NOW, 1)


@pytest.mark.parametrize("status", [None, 100, 301, 307, 400, 404, 410, 429, 500, 503])
def test_anything_else_is_tried_again_when_it_is_due(status: int | None) -> None:
    failed = recorded(leased(delivery(), "me", LATER), "me", attempt(status), 5.0, NOW)
    assert failed.state == "pending"
    assert not failed.is_due(NOW + timedelta(seconds=4))
    assert failed.is_due(NOW + timedelta(seconds=5))


def test_after_the_last_attempt_it_has_failed_and_says_so() -> None:
    failed = recorded(leased(delivery(), "me", LATER), "me", attempt(500), None, NOW)
    assert (failed.state, failed.reason) == ("failed", "attempt 1 was the last one")


def test_a_holder_frozen_past_its_lease_does_not_undo_its_heir() -> None:
    heirs = leased(delivery(), "heir", LATER)
    woken = recorded(heirs, "frozen", attempt(500), 5.0, NOW)
    assert msgspec.structs.replace(woken, attempts=[]) == heirs
    assert len(woken.attempts) == 1
    assert recorded(woken, "heir", attempt(200), 5.0, NOW).state == "delivered"


def test_a_holder_frozen_past_its_lease_that_had_delivered_has_delivered() -> None:
    woken = recorded(leased(delivery(), "heir", LATER), "frozen", attempt(200), 5.0, NOW)
    assert woken.state == "delivered"
    assert recorded(woken, "heir", attempt(500), 5.0, NOW).state == "delivered"


@pytest.mark.parametrize("state", ["pending", "held", "delivered", "failed", "cancelled"])
def test_of_an_item_that_was_taken_down_no_words_are_kept_and_nothing_is_owed(state: State) -> None:
    told = recorded(leased(delivery(), "me", LATER), "me", attempt(500), 5.0, NOW)
    kept = cleared(msgspec.structs.replace(told, state=state), NOW)
    assert (kept.body, [one.response for one in kept.attempts]) == ("", [""])
    assert kept.state == ("cancelled" if state in ("pending", "held") else state)
    assert cleared(kept, LATER) == kept
    late = recorded(kept, "me", msgspec.structs.replace(attempt(500), at=LATER), 5.0, LATER)
    assert late.state == kept.state, "an attempt that was under way does not bring it back"


def test_what_is_settled_is_never_due() -> None:
    assert not settled(delivery(), "held", "the endpoint is disabled", NOW).is_due(LATER)


@pytest.mark.parametrize("status", [200, 500])
def test_an_attempt_is_recorded_once_however_often_it_is_tried(status: int) -> None:
    once = recorded(leased(delivery(), "me", LATER), "me", attempt(status), 5.0, NOW)
    assert recorded(once, "me", attempt(status), 5.0, NOW) == once


def test_what_was_held_is_due_again_or_waits_and_nothing_else_changes() -> None:
    held = settled(delivery(), "held", "the saved search is paused", NOW)
    again = resumed(held, LATER)
    assert (again.state, again.reason, again.settled_at, again.is_due(LATER)) == ("pending", None, None, True)
    assert resumed(held, LATER, "held").state == "waiting"
    delivered = settled(delivery(), "delivered", None, NOW)
    assert resumed(delivered, LATER) == delivered


def test_one_that_a_crash_left_held_is_told_with_its_window_and_not_released_again() -> None:
    told = grouped(settled(delivery(), "held", "the saved search is paused", NOW), "digest", LATER)
    assert (told.state, told.told_in) == ("grouped", "digest")
    assert resumed(told, LATER, "held") == told
