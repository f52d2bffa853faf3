"""Who had an item is told what became of it, and nobody gets its words again."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas import codec
from services.index import merge, notices
from services.index.corrections import Change, Correction, CountryTag, Relevance, Story, Withdrawal
from services.index.deliver import outbox
from services.index.deliver.outbox import Attempt, Delivery, State
from services.index.notices import Told
from tests.unit.services.index.alerts import EXAMPLE
from tests.unit.services.index.enriched import enriched

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FAILED = Attempt(at=NOW, status=500, latency_ms=1, error=None, response="")
DELIVERY = outbox.owed(EXAMPLE, "a search", "endpoint", NOW)[1]
WHO = Told("search", "endpoint", "story")


def digest(state: State, item_id: str | None) -> Delivery:
    body = msgspec.json.encode({"data": {"digest": {"count": 2, "items": [{"item_id": item_id}]}}}).decode()
    return msgspec.structs.replace(DELIVERY, kind="digest", item_id=None, state=state, body=body)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": "delivered"}, True),
        ({"state": "failed", "attempts": [FAILED]}, True),  # it may have arrived all the same
        ({"state": "pending"}, False),
        ({"state": "pending", "leased_until": NOW + timedelta(seconds=1)}, True),
        ({"state": "pending", "leased_until": NOW}, False),
        ({"state": "held"}, False),
        ({"state": "delivered", "kind": "withdrawn"}, False),
        ({"state": "delivered", "kind": "test"}, False),
    ],
)
def test_whoever_may_have_got_it_was_told(changes: dict[str, object], told: bool) -> None:
    assert notices.was_told(msgspec.structs.replace(DELIVERY, **changes), None, NOW) is told


def test_a_digest_tells_what_it_lists_once_it_went_out() -> None:
    member = msgspec.structs.replace(DELIVERY, state="grouped", told_in="digest")
    assert notices.was_told(member, digest("delivered", member.item_id), NOW)
    assert not notices.was_told(member, digest("pending", member.item_id), NOW)
    assert not notices.was_told(member, digest("delivered", "another"), NOW)  # it was counted, and not named


def test_a_withdrawal_has_ids_and_no_word_and_is_the_same_when_made_again() -> None:
    made = notices.withdrawn(WHO, enriched().item_id, NOW)
    assert (made.kind, made.item, made.why, made.links) == ("withdrawn", None, [], {})
    assert made.alert_id == notices.withdrawn(WHO, enriched().item_id, NOW + timedelta(days=1)).alert_id
    assert codec.decode(codec.encode(made), type(made)) == made


def correction(change: Change, number: int = 1) -> Correction:
    return Correction(id=str(number), at=NOW + timedelta(hours=number), author="anna", reason="x", change=change)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (Relevance(relevant=False), {"relevance", "relevant"}),
        (CountryTag(code="JM", role="pledged"), {"countries"}),
        (Story(story_id="b" * 32), {"story_id"}),
        (CountryTag(code="KE", role="contributor"), set()),
    ],
)
def test_a_correction_says_which_fields_it_changed(change: Change, fields: set[str]) -> None:
    made = correction(change)
    assert set(notices.differing(merge.corrected(merge.merge(None, enriched()), made), made)) == fields


def test_a_correction_that_is_taken_back_is_one_more_and_the_alert_has_the_item_as_it_is() -> None:
    document = merge.corrected(merge.merge(None, enriched()), correction(Relevance(relevant=False)))
    back = correction(Withdrawal(of="1"), 2)
    document = merge.corrected(document, back)
    changes = notices.differing(document, back)
    alert = notices.corrected(WHO, merge.shown(document), back, changes, NOW, "https://monitor.example")
    assert (alert.kind, alert.trigger, alert.search_id) == ("correction", "2", "search")
    assert alert.item is not None
    assert alert.item.relevance == enriched().relevance
    assert ("corrected:relevant", "yes") in [(why.clause, why.surface) for why in alert.why]
