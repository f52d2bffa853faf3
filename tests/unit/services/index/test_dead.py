"""What died of the same, what can be replayed, and what the command line understands."""

import argparse
import io
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.messages import DeadLetter, DeadMark
from services.index.__main__ import main
from services.index.dead import arguments, command, shelf
from services.index.dead.cause import Cause, by_cause, cause_of, printable
from services.index.dead.shelf import Found, Wanted

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LETTER = DeadLetter(
    stage="enrich",
    reason="undecodable",
    error="RawItem: not JSON: expected '}' (byte 17)",
    topic=topics.RAW,
    partition=3,
    offset=41,
    key="17e4aba1e2289ecc7e957d88466aabf6",
    value_base64="",
    headers={},
    at=NOW - timedelta(days=1),
)


def changed(**changes: object) -> DeadLetter:
    return msgspec.structs.replace(LETTER, **changes)


def found(letter: DeadLetter = LETTER, handled: DeadMark | None = None) -> Found:
    return Found((0, 41), letter, 5, handled)


def test_what_differs_in_numbers_and_ids_only_died_of_the_same() -> None:
    bug = "Traceback (most recent call last):\n  File ...\nKeyError: '17e4aba1e2289ecc7e957d88466aabf6'\n"
    letters = [LETTER, changed(error=LETTER.error.replace("17", "2041")), changed(reason="bug", error=bug)]
    assert by_cause(letters) == [
        (Cause("enrich", topics.RAW, "undecodable", "RawItem: not JSON: expected '}' (byte #)"), 2),
        (Cause("enrich", topics.RAW, "bug", "KeyError: '#'"), 1),
    ]


@given(st.text())
def test_any_error_has_a_cause_that_a_terminal_can_show(error: str) -> None:
    assert cause_of(changed(error=error)).error.replace("\t", " ").isprintable()


@given(st.binary())
def test_any_message_can_be_shown(value: bytes) -> None:
    shown = command.readable(value)
    assert printable(shown) == shown
    shown.encode()


def test_json_is_shown_with_line_feeds_and_a_long_message_is_cut() -> None:
    assert command.readable('{"title": "Haïti"}'.encode()) == '{\n  "title": "Haïti"\n}'
    assert command.readable(b"\x1b[2J\xff") == "\N{REPLACEMENT CHARACTER}[2J\\xff"
    assert command.readable(b"x" * 30_000).endswith("x\n... --raw has all of it")


@pytest.mark.parametrize(
    ("letter", "why"),
    [
        (LETTER, None),
        (changed(topic=topics.ALERTS, key=None), None),
        (changed(topic=None), "None is no topic of topics.yaml"),
        (changed(topic="other"), "other is no topic of topics.yaml"),
        (changed(topic=topics.DEAD), "news.dead is no topic of topics.yaml"),
        (changed(topic=topics.FEED_STATE), "news.feed-state keeps the last record"),
        (changed(key="\N{REPLACEMENT CHARACTER}k"), "its key was not UTF-8"),
        (changed(at=NOW - timedelta(days=30)), None),
        (changed(at=NOW - timedelta(days=30, seconds=1)), "it is older than the 720 h"),
    ],
)
def test_what_can_be_replayed(letter: DeadLetter, why: str | None) -> None:
    told = shelf.hindrance(letter, NOW)
    assert told is None if why is None else told and why in told


def test_marks_live_as_long_as_their_letters_can_be_replayed() -> None:
    described = topics.load()
    assert described[topics.DEAD_HANDLED].retention_hours == described[topics.DEAD].retention_hours


MARK = DeadMark(partition=0, offset=41, action="dropped", by="anna", at=NOW)


@pytest.mark.parametrize(
    ("wanted", "wants"),
    [
        (Wanted(), True),
        (Wanted(stage="enrich", reason="undecodable", topic=topics.RAW, since=LETTER.at), True),
        (Wanted(stage="index"), False),
        (Wanted(reason="bug"), False),
        (Wanted(topic=topics.ENRICHED), False),
        (Wanted(since=LETTER.at + timedelta(seconds=1)), False),
        (Wanted(places=frozenset({(0, 41)})), True),
        (Wanted(places=frozenset({(0, 42)})), False),
        (Wanted(handled=True), False),
        (Wanted(handled=None), True),
    ],
)
def test_filters_narrow(wanted: Wanted, wants: bool) -> None:
    assert wanted.wants(found()) is wants


def test_handled_letters_are_not_open() -> None:
    assert [Wanted(handled=asked).wants(found(handled=MARK)) for asked in (False, True, None)] == [False, True, True]


@given(st.integers(min_value=0), st.integers(min_value=0))
def test_a_place_reads_as_it_is_written(partition: int, offset: int) -> None:
    assert shelf.place_of(shelf.written((partition, offset))) == (partition, offset)


@pytest.mark.parametrize("word", ["41", "0/", "/41", "0/-1", "0/41/2", " 0/41", "0/٤", ""])
def test_what_is_no_place_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="write PARTITION/OFFSET"):
        shelf.place_of(word)


def test_since_is_a_time_or_how_long_ago() -> None:
    before = datetime.now(UTC)
    assert before <= arguments.since("2d") + timedelta(days=2) <= datetime.now(UTC)
    assert arguments.since("2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    with pytest.raises(argparse.ArgumentTypeError):
        arguments.since("yesterday")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answers", "sure", "said"),
    [
        (Terminal("y\n"), True, "drop 2? "),
        (Terminal("\n"), False, "drop 2? nothing was done\n"),
        (Terminal(""), False, "drop 2? nothing was done\n"),
        (io.StringIO("y\n"), False, "nothing was done: nobody can answer here, add --yes (or --dry-run)\n"),
    ],
)
def test_a_person_is_asked_and_nobody_else(answers: io.StringIO, sure: bool, said: str) -> None:
    asks = io.StringIO()
    assert command.confirmed("drop 2? ", answers, asks) is sure
    assert asks.getvalue() == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dead"], "ACTION"),
        (["dead", "show", "41"], "write PARTITION/OFFSET"),
        (["dead", "list", "--limit", "0"], "no number above 0"),
        (["dead", "drop", "--since", "soon"], "is no time"),
    ],
)
def test_a_wrong_argument_is_a_usage_error(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
