import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.errors import Invalid
from schemas.messages import DeadLetter
from services.dead_letters import Flood, FloodGuard, dead_letter
from services.kafka import Record

AT = datetime(2026, 1, 2, tzinfo=UTC)


def record(value: bytes | None = b"{", key: bytes | None = b"k", headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    return Record("news.raw", 3, 41, key, value, headers, 0)


@given(st.binary() | st.none(), st.binary() | st.none(), st.lists(st.tuples(st.text(), st.binary())))
def test_a_dead_letter_carries_any_original_whole(
    value: bytes | None, key: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    letter = dead_letter("enrich", record(value, key, tuple(headers)), Invalid("no", reason="schema"), AT)
    assert base64.b64decode(letter.value_base64) == (value or b"")
    assert codec.decode(codec.encode(letter), DeadLetter) == letter


def test_invalid_gives_its_reason_and_words() -> None:
    letter = dead_letter("index", record(), Invalid("title: too long", reason="mapping"), AT)
    assert (letter.reason, letter.error, letter.offset) == ("mapping", "title: too long", 41)


def test_a_bug_gives_its_traceback() -> None:
    try:
        raise KeyError("countries")
    except KeyError as error:
        letter = dead_letter("index", record(), error, AT)
    assert letter.reason == "bug"
    assert "test_dead_letters.py" in letter.error
    assert "KeyError: 'countries'" in letter.error


def test_when_nearly_everything_is_invalid_it_is_a_misconfiguration() -> None:
    guard = FloodGuard()
    for seen in range(99):
        guard.saw(reason=None if seen < 10 else "schema")
    with pytest.raises(Flood, match=r"90 of the last 100 messages are invalid, the last for 'schema'"):
        guard.saw(reason="schema")


def test_half_of_the_messages_may_be_invalid_for_ever() -> None:
    guard = FloodGuard()
    for _ in range(1_000):
        guard.saw(reason="schema")
        guard.saw(reason=None)


def test_more_than_a_few_bugs_stop_the_process() -> None:
    guard = FloodGuard()
    for _ in range(5):
        guard.saw(reason="bug")
        guard.saw(reason=None)
    with pytest.raises(Flood, match="6 of the last 11 messages met a bug"):
        guard.saw(reason="bug")
