from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import NewsDay
from services.ingest.habit import DAYS, FLOOR, LEAST_DAYS, alarming_silence, items_a_day, learned

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def habit_of(moments: list[datetime]) -> list[NewsDay]:
    days: list[NewsDay] = []
    last: datetime | None = None
    for at in moments:
        days = learned(days, 1, at, last)
        last = at
    return days


def mornings(days: int, *, weekdays: int = 7) -> list[datetime]:
    """Eight items a day, from 6 to 20 o'clock."""
    return [
        MONDAY + timedelta(days=day, hours=hour)
        for day in range(days)
        for hour in range(6, 21, 2)
        if (MONDAY + timedelta(days=day)).weekday() < weekdays
    ]


def test_nothing_is_known_of_a_new_feed() -> None:
    assert alarming_silence([]) is None
    assert alarming_silence(habit_of(mornings(LEAST_DAYS - 1))) is None
    assert alarming_silence(habit_of(mornings(LEAST_DAYS + 2))) is None  # of one weekend only
    assert alarming_silence(habit_of(mornings(30))) is not None


def test_a_feed_with_news_every_day_is_silent_after_a_day() -> None:
    assert alarming_silence(habit_of(mornings(30))) == FLOOR


def test_a_paper_that_rests_at_weekends_is_not_silent_on_sunday() -> None:
    weekend = timedelta(hours=58)  # Friday 20:00 to Monday 6:00
    assert alarming_silence(habit_of(mornings(30, weekdays=5))) == weekend * 1.5


def test_a_weekly_is_silent_after_a_week_and_a_half() -> None:
    assert alarming_silence(habit_of([MONDAY + timedelta(weeks=week) for week in range(20)])) == timedelta(days=10.5)


def test_one_outage_teaches_nothing() -> None:
    moments = mornings(12) + [at + timedelta(days=19) for at in mornings(12)]
    assert alarming_silence(habit_of(moments)) == FLOOR


def test_items_a_day_are_those_of_the_last_week() -> None:
    days = habit_of(mornings(30))
    now = MONDAY + timedelta(days=29, hours=23)
    assert items_a_day(days, MONDAY - timedelta(days=1), now) == 8
    assert items_a_day(days, now - timedelta(hours=23), now) is None
    assert items_a_day(days, MONDAY, now + timedelta(days=90)) == 0
    assert items_a_day([], None, now) is None


@given(st.lists(st.tuples(st.integers(-(10**6), 10**7), st.integers(1, 50)), max_size=200))
def test_what_is_kept_is_bounded_ordered_and_true_to_the_count(steps: list[tuple[int, int]]) -> None:
    days: list[NewsDay] = []
    at, last = MONDAY, None
    for seconds, items in steps:
        at += timedelta(seconds=seconds)
        days = learned(days, items, at, last)
        last = at
    assert len(days) <= DAYS
    assert [day.day for day in days] == sorted({day.day for day in days})
    assert all(day.silence_s >= 0 for day in days)
    limit = alarming_silence(days)
    assert limit is None or limit >= FLOOR
