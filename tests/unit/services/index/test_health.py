import random
from datetime import UTC, datetime, timedelta

import msgspec

from schemas import codec
from schemas.messages import FeedHealth
from services.index.health import KEPT, merged

AT = datetime(2026, 1, 2, 12, tzinfo=UTC)


def health(minute: float, **fields: object) -> FeedHealth:
    poll = FeedHealth(
        feed_id="f",
        url="https://news.example/rss",
        title="News",
        at=AT + timedelta(minutes=minute),
        outcome="ok",
        status=200,
        error=None,
        new_items=1,
        revised_items=0,
        entries=20,
        latency_ms=9,
        failures=0,
        last_item_at=None,
        next_poll_at=None,
    )
    return msgspec.structs.replace(poll, **fields)


def test_the_latest_poll_is_the_document_and_the_last_are_its_history() -> None:
    polls = [health(minute) for minute in range(KEPT + 10)]
    document = merged(merged(None, polls[:30]), polls[30:])
    assert {name: value for name, value in document.items() if name != "fetches"} == codec.to_builtins(polls[-1])
    assert [fetch["at"] for fetch in document["fetches"]] == [
        codec.to_builtins(poll)["at"] for poll in reversed(polls[-KEPT:])
    ]


def test_neither_order_nor_repetition_matters() -> None:
    polls = [health(minute / 7, outcome=f"http_{500 + minute}") for minute in range(40)]
    expected = merged(None, polls)
    shuffled = polls * 2
    random.Random(3).shuffle(shuffled)
    document = merged(None, shuffled[:20])
    for start in range(20, len(shuffled), 7):
        document = merged(document, shuffled[start : start + 7])
    assert document == expected


def test_a_document_of_before_there_was_a_history_gets_one() -> None:
    old = codec.to_builtins(health(0))
    document = merged(old, [health(1, outcome="http_404", status=404, error="x" * 1_000, failures=1)])
    [fetch] = document["fetches"]
    assert (fetch["outcome"], fetch["status"], len(fetch["error"])) == ("http_404", 404, 300)
    assert document["failures"] == 1
