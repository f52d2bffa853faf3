from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.index.deliver.endpoints import Endpoint, learned, rotated, signing

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIMIT = timedelta(hours=120)
HEALTHY = Endpoint(url="https://hooks.example/a", secrets=["token"], created_at=NOW)
FAILING = msgspec.structs.replace(HEALTHY, failing_since=NOW)


def test_a_success_of_a_healthy_endpoint_is_nothing_to_write_down() -> None:
    assert learned(HEALTHY, 204, NOW, LIMIT) is HEALTHY


@pytest.mark.parametrize("status", [None, 199, 301, 400, 404, 429, 500, 503])
def test_the_first_failure_is_remembered_and_later_ones_change_nothing(status: int | None) -> None:
    failing = learned(HEALTHY, status, NOW, LIMIT)
    assert failing.failing_since == NOW
    assert failing.disabled_at is None
    assert learned(failing, status, NOW + timedelta(hours=119), LIMIT) is failing


def test_one_success_clears_the_past() -> None:
    assert learned(FAILING, 200, NOW + timedelta(hours=300), LIMIT) == HEALTHY


def test_days_of_failure_disable_it_and_say_so() -> None:
    disabled = learned(FAILING, 500, NOW + LIMIT, LIMIT)
    assert disabled.disabled_at == NOW + LIMIT
    assert disabled.disabled_reason == "every attempt in the last 120 hours failed"


def test_gone_disables_it_at_once() -> None:
    disabled = learned(HEALTHY, 410, NOW, LIMIT)
    assert disabled.disabled_at == NOW
    assert "410" in (disabled.disabled_reason or "")


def test_a_disabled_one_is_enabled_by_a_test_that_succeeds() -> None:
    disabled = learned(HEALTHY, 410, NOW, LIMIT)
    assert learned(disabled, 500, NOW, LIMIT) is disabled
    assert learned(disabled, 200, NOW, LIMIT) == HEALTHY


def test_the_previous_secret_signs_too_until_the_overlap_ends() -> None:
    after = rotated(HEALTHY, "new", timedelta(hours=24), NOW)
    assert signing(HEALTHY, NOW) == ["token"]
    assert signing(after, NOW + timedelta(hours=23)) == ["new", "token"]
    assert signing(after, NOW + timedelta(hours=24)) == ["new"]
    assert signing(rotated(after, "newer", timedelta(hours=1), NOW), NOW) == ["newer", "new"]
