"""Who gives way to live items, and for how long."""

import pytest

from schemas.errors import Transient
from services.live_traffic import QUIET_S, LiveTraffic


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_full_batches_have_the_way_until_it_is_certain_that_none_follows() -> None:
    clock = Clock()
    live = LiveTraffic(200, clock)
    live.give_way()
    with live.batch(200), pytest.raises(Transient, match="live items come first"):
        live.give_way()
    with pytest.raises(Transient):
        live.give_way()
    clock.now += QUIET_S
    live.give_way()


def test_a_trickle_holds_nobody_up() -> None:
    live = LiveTraffic(200, Clock())
    with live.batch(199):
        live.give_way()
    live.give_way()
