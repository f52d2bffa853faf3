"""One bad message never stops the others of its batch."""

from datetime import UTC, datetime
from typing import cast

import pytest

from schemas import codec
from schemas.errors import Invalid
from services.engine import Stored
from services.index import batch, percolate, stories
from services.index.batch import Message
from services.index.items import Known, Outcome, merged_with
from services.index.merge import Document, merge
from services.index.percolate import Match
from services.index.query import Query
from services.index.searches import SavedSearch
from services.kafka import Producer, Record
from tests.unit.services.index.enriched import FETCHED, enriched

SEARCH = SavedSearch(search_id="s", name="S", query=Query(), endpoint_id=None, created_at=FETCHED, updated_at=FETCHED)


def record(value: bytes | None, offset: int = 0) -> Record:
    return Record("news.enriched", 0, offset, b"key", value, (), 0)


def message(offset: int = 0, **changes: object) -> Message:
    item = enriched(**changes)
    return Message(record(codec.encode(item), offset), item)


def test_what_holds_no_item_is_rejected_with_its_reason_and_the_rest_goes_on() -> None:
    good = codec.encode(enriched())
    messages, rejected = batch.decode([record(b"{nope"), record(good), record(None), record(b"{}")])
    assert [one.item.item_id for one in messages] == [enriched().item_id]
    assert [error.reason for _, error in rejected if isinstance(error, Invalid)] == [
        "undecodable",
        "undecodable",
        "schema",
    ]


def test_relevant_items_without_a_story_are_in_search_of_one_once_each() -> None:
    relevant, other = message(1), message(2, url="https://news.example/other", relevant=False)
    messages, claimants, rejected = batch.merge_first([relevant, relevant, other], {})
    assert [one.item_id for one in claimants] == [relevant.item.item_id]
    assert (len(messages), rejected) == (3, [])


def test_a_story_that_is_stored_is_kept() -> None:
    stored = Stored("x", {}, 1, 1)
    document = Document(item_id=enriched().item_id, sources={"feed": enriched()}, history=[], story_id="known")
    known = {document.item_id: Known(document, stored)}
    assert batch.merge_first([message()], known)[1] == []
    assert merged_with(known[document.item_id], [enriched()], "another").story_id == "known"


def test_messages_of_a_damaged_document_are_rejected_and_others_are_not() -> None:
    damaged, fine = message(1), message(2, url="https://news.example/other")
    error = Invalid("damaged", reason="stored_damaged")
    messages, claimants, rejected = batch.merge_first([damaged, fine], {damaged.item.item_id: error})
    assert messages == [fine]
    assert [one.item_id for one in claimants] == [fine.item.item_id]
    assert rejected == [(damaged.record, error)]


def test_a_bug_that_one_message_meets_rejects_that_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def signature(item: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(stories, "signature", signature)
    messages, _, rejected = batch.merge_first([message(1), message(2, url="https://x.example/", relevant=False)], {})
    assert [one.record.offset for one in messages] == [2]
    assert [type(error) for _, error in rejected] == [ZeroDivisionError]


def outcome(of: Message, verdict: str = "current") -> Outcome:
    return Outcome(of.item, verdict, merge(None, of.item), "why" if verdict == "invalid" else None)  # type: ignore[arg-type]


def test_current_items_are_due_for_matching_once_by_the_first_message_that_may_alert() -> None:
    silent, first, again = message(1, origin="first_poll"), message(2), message(3)
    due = batch.due_matches([silent, first, again], [outcome(silent), outcome(first), outcome(again)])
    assert {item_id: one.record.offset for item_id, (one, _) in due.items()} == {first.item.item_id: 2}


def test_superseded_and_refused_and_silent_items_are_not_matched() -> None:
    messages = [message(n, url=f"https://x.example/{n}") for n in range(2)]
    messages.append(message(3, origin="import"))
    outcomes = [outcome(messages[0], "superseded"), outcome(messages[1], "invalid"), outcome(messages[2])]
    assert batch.due_matches(messages, outcomes) == {}
    [(refused, error)] = batch.refused(messages, outcomes)
    assert refused is messages[1].record
    assert isinstance(error, Invalid)
    assert error.reason == "engine_refused"


async def test_an_item_that_the_engine_cannot_match_is_rejected_and_the_others_are_matched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoilt, fine = message(1), message(2, url="https://x.example/fine")

    async def refusing(_: object, documents: dict[str, Document]) -> list[Match]:
        if spoilt.item.item_id in documents:
            raise Invalid("too deep", reason="engine_refused")
        return [Match(item_id, SEARCH, []) for item_id in documents]

    monkeypatch.setattr(percolate, "percolate", refusing)
    due = {one.item.item_id: (one, outcome(one)) for one in (spoilt, fine)}
    matches, rejected = await batch.match(None, due)  # type: ignore[arg-type]
    assert [one.item_id for one in matches] == [fine.item.item_id]
    assert [record for record, _ in rejected] == [spoilt.record]


async def test_an_alert_that_is_too_large_is_one_dead_letter_and_the_others_are_sent() -> None:
    large, fine = message(1, url="https://x.example/large"), message(2)
    sent: list[str] = []

    class Alerts:
        async def send(self, topic: str, key: str, value: bytes) -> int:
            if key == large.item.item_id:
                raise Invalid("too large", reason="too_large")
            sent.append(key)
            return 0

    found = [Match(one.item.item_id, SEARCH, []) for one in (large, large, fine)]
    due = {one.item.item_id: (one, outcome(one)) for one in (large, fine)}
    rejected = await batch.send_alerts(cast(Producer, Alerts()), found, due, {}, "http://x", 600)
    assert [(record, str(error)) for record, error in rejected] == [(large.record, "too large")]
    assert sent == [fine.item.item_id]


def test_a_message_whose_times_cannot_be_reckoned_with_concerns_nobody_else() -> None:
    last = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    impossible, fine = message(1, fetched_at=last, published_at=last), message(2, url="https://x.example/fine")
    messages, _, rejected = batch.merge_first([impossible, fine], {})
    assert messages == [fine]
    assert [type(error) for _, error in rejected] == [OverflowError]
