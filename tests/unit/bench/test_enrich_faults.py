"""The judge of the fault run must see each broken promise, or its verdict is worth nothing."""

from datetime import UTC, datetime

import msgspec

from bench import texts
from bench.enrich_faults import judge
from schemas import codec
from schemas.messages import DeadLetter, RawItem
from services.dead_letters import dead_letter
from services.enrich.gazetteer import load
from services.enrich.tag import Tagger
from services.kafka import Record

AT = datetime(2026, 1, 2, tzinfo=UTC)
FIRST, SECOND = texts.items(2, relevant_of_ten=10)
REVISED = msgspec.structs.replace(FIRST, revision=FIRST.revision + 1, title="Changed")
SENT = [(item.item_id, codec.encode(item)) for item in (FIRST, REVISED, SECOND)] + [("poison-0", b"no")]


def out(item: RawItem) -> bytes:
    return codec.encode(Tagger(load()).tag(item))


def letter(key: str) -> bytes:
    found: DeadLetter = dead_letter("enrich", Record("news.raw", 0, 1, key.encode(), b"no", (), 0), ValueError(), AT)
    return codec.encode(found)


def test_repeats_are_harmless() -> None:
    came = [out(FIRST), out(REVISED), out(FIRST), out(SECOND), out(SECOND)]
    outcome = judge(1, SENT, came, [letter("poison-0"), letter("poison-0")])
    assert outcome.wrong == []
    assert (outcome.repeats, outcome.overtaken) == (2, 1)


def test_each_broken_promise_is_told() -> None:
    other = codec.encode(msgspec.structs.replace(Tagger(load()).tag(SECOND), relevance=0.01))
    outcome = judge(1, SENT, [out(REVISED), out(FIRST), other], [letter(FIRST.item_id)])
    assert sorted(line.split(":")[0] for line in outcome.wrong) == [
        "changed",
        "no poison, but in news.dead",
        "poison not in news.dead",
    ]
    assert [line.split(":")[0] for line in judge(1, SENT, [out(REVISED), out(SECOND)], [letter("poison-0")]).wrong] == [
        "lost"
    ]
