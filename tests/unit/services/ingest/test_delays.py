from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.messages import Origin, RawItem
from services.ingest.delays import SAMPLE, delays_s, percentile, sampled
from tests.contract.test_messages import example

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
ITEM = codec.from_builtins(example("raw_item"), RawItem)


def item(delay: timedelta | None, origin: Origin = "live") -> RawItem:
    published = None if delay is None else NOW - delay
    return msgspec.structs.replace(ITEM, fetched_at=NOW, published_at=published, origin=origin)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        (timedelta(seconds=90.4), [90]),
        (timedelta(seconds=-40), [0]),  # a clock that is a little ahead
        (timedelta(minutes=-6), []),  # a date in the future
        (timedelta(days=3), []),  # an old article that came into the feed
        (None, []),
    ],
)
def test_a_delay_counts_where_the_date_can_be_believed(delay: timedelta | None, seconds: list[int]) -> None:
    assert delays_s([item(delay)]) == seconds


def test_what_waited_for_the_first_poll_says_nothing_about_delay() -> None:
    delays = {origin: delays_s([item(timedelta(seconds=5), origin)]) for origin in get_args(Origin)}
    assert delays == {"live": [5], "late": [5], "first_poll": [], "import": []}


def test_percentiles_are_of_the_sample() -> None:
    assert percentile([], 0.5) is None
    assert percentile([7], 0.95) == 7
    assert [percentile(list(range(1, 101)), share) for share in (0.5, 0.95)] == [50, 95]


@given(st.lists(st.lists(st.integers(0, 10**6), max_size=150), max_size=5))
def test_the_sample_is_bounded_and_of_the_latest(batches: list[list[int]]) -> None:
    sample: list[int] = []
    for batch in batches:
        sample = sampled(sample, batch)
    assert sample == [delay for batch in batches for delay in batch][-SAMPLE:]
    if sample:
        assert min(sample) <= (percentile(sample, 0.5) or 0) <= (percentile(sample, 0.95) or 0) <= max(sample)
