"""A reader that follows gets every item once, however late and in whatever order items become visible."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import Invalid
from services.index import following
from services.index.following import REMEMBERED, WINDOW, Cursor, Hit, Position

START = datetime(2026, 3, 1, tzinfo=UTC)
BEGINNING = Cursor(Position(0, ""))


def hit(at_s: float, item_id: str) -> Hit:
    at = START + timedelta(seconds=at_s)
    return Hit(Position(int(at.timestamp() * 1000), item_id), at.isoformat())


class Archive:
    """Items with the second of their stamp and the second from which searches see them."""

    def __init__(self, items: list[tuple[float, float]]) -> None:
        self.items = [(hit(at_s, f"item-{n:04}"), at_s + late_s) for n, (at_s, late_s) in enumerate(items)]

    def search(self, cursor: Cursor, size: int, now_s: float) -> list[Hit]:
        behind = sorted(
            (one for one, seen_s in self.items if seen_s <= now_s and one.position > cursor.settled),
            key=lambda one: one.position,
        )
        return behind[: following.needed(cursor, size)]


def read(archive: Archive, cursor: Cursor, size: int, now_s: float) -> tuple[list[str], Cursor, bool]:
    hits = archive.search(cursor, size, now_s)
    step = following.step(cursor, hits, size, START + timedelta(seconds=now_s))
    carried = following.decode(following.encode(step.cursor, "q"), "q")
    assert carried == step.cursor
    return [hits[number].position.item_id for number in step.serve], carried, step.more


SECONDS = st.integers(0, 1_200)
LATE = st.integers(0, int(WINDOW.total_seconds()) - 1) | st.integers(0, 5)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(SECONDS, LATE), max_size=60),
    st.lists(st.tuples(SECONDS, st.integers(1, 8)), max_size=40),
)
def test_every_item_comes_once_and_the_reader_is_done_once_the_window_has_passed(
    items: list[tuple[float, float]], polls: list[tuple[int, int]]
) -> None:
    archive, cursor, got = Archive(items), BEGINNING, []
    for now_s, size in sorted(polls):
        served, cursor, _ = read(archive, cursor, size, now_s)
        assert len(served) <= size
        got += served
    more = True
    while more:
        served, cursor, more = read(archive, cursor, 7, 1_200 + WINDOW.total_seconds() + 1)
        got += served
    assert sorted(got) == sorted(one.position.item_id for one, _ in archive.items)
    assert not cursor.served


@pytest.mark.parametrize("size", [1, 50, 200])
def test_a_flood_within_the_window_is_read_when_it_is_older_and_cursors_stay_small(size: int) -> None:
    archive, cursor, got = Archive([(n / 10, 0) for n in range(2_000)]), BEGINNING, []
    more = True
    while more:
        served, cursor, more = read(archive, cursor, size, 200)
        got += served
    assert len(got) == REMEMBERED
    assert len(following.encode(cursor, "q")) <= 7_000
    now_s = 200.0
    while len(got) < 2_000:
        served, cursor, more = read(archive, cursor, size, now_s := now_s if more else now_s + 30)
        got += served
        assert now_s < 700
    assert got == [one.position.item_id for one, _ in archive.items]


def test_a_revision_comes_again_since_it_is_written_again() -> None:
    first, again = Archive([(10, 0)]), Archive([(12, 0)])
    served, cursor, _ = read(first, BEGINNING, 5, 11)
    assert served == ["item-0000"]
    assert read(first, cursor, 5, 12)[0] == []
    assert read(again, cursor, 5, 13)[0] == ["item-0000"]


def test_two_writes_in_one_millisecond_differ() -> None:
    position = Position(1, "a")
    step = following.step(BEGINNING, [Hit(position, "1970-01-01T00:00:00.001001+00:00")], 5, START + WINDOW)
    assert step.serve == [0]
    now = datetime.fromtimestamp(1, UTC)
    once = following.step(BEGINNING, [Hit(position, "1970-01-01T00:00:00.001001+00:00")], 5, now)
    twice = following.step(once.cursor, [Hit(position, "1970-01-01T00:00:00.001002+00:00")], 5, now)
    assert (once.serve, twice.serve) == ([0], [0])


def test_a_cursor_of_another_search_is_refused() -> None:
    with pytest.raises(Invalid, match="another search"):
        following.decode(following.encode(BEGINNING, "q=kenya"), "q=haiti")


@given(st.text() | st.binary().map(lambda raw: __import__("base64").urlsafe_b64encode(raw).decode()))
def test_what_is_no_cursor_is_refused(word: str) -> None:
    with pytest.raises(Invalid, match="no cursor of ours"):
        following.decode(word, "q")
