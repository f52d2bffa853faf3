"""What goes out at once, what waits and for what; and that a step done twice changes nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.index.deliver.threads import Subject
from services.index.deliver.windows import Waiting, Window, closed, entered, frozen, released
from services.index.timing import Timing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ATTACK = Subject(frozenset({"attack"}), frozenset({"place/kenscoff"}), frozenset())
NOTHING = Subject()
EMPTY = Window(endpoint_id="e", search_id="s")


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


def entering(
    window: Window, reports: Sequence[tuple[str, Subject, float]], timing: Timing
) -> tuple[Window, list[str | None]]:
    whys: list[str | None] = []
    for delivery_id, subject, at in reports:
        window, why = entered(window, delivery_id, subject, timing, minutes(at))
        whys.append(why)
    return window, whys


def test_the_first_report_of_an_event_goes_out_and_the_rest_waits_for_a_follow_up() -> None:
    window, whys = entering(EMPTY, [(str(n), ATTACK, n) for n in range(4)], Timing())
    assert whys == [None, "thread", "thread", "thread"]
    assert window.due_at == minutes(1 + 15)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (Subject(frozenset({"attack"}), frozenset({"place/kenscoff"}), frozenset({"gang/x"})), "thread"),
        (Subject(frozenset({"attack"}), frozenset({"place/mirebalais"}), frozenset()), None),
        (Subject(frozenset({"vote"}), frozenset({"place/kenscoff"}), frozenset()), None),
        (NOTHING, None),
    ],
)
def test_a_thread_is_an_event_type_and_a_place(other: Subject, why: str | None) -> None:
    assert entering(EMPTY, [("1", ATTACK, 0), ("2", other, 1)], Timing())[1] == [None, why]


def test_or_an_event_type_and_two_entities() -> None:
    one = Subject(frozenset({"visit"}), frozenset(), frozenset({"person/a", "organisation/b", "person/c"}))
    two = Subject(frozenset({"visit"}), frozenset(), frozenset({"person/a", "organisation/b"}))
    single = Subject(frozenset({"visit"}), frozenset(), frozenset({"person/c", "person/d"}))
    assert entering(EMPTY, [("1", one, 0), ("2", two, 1), ("3", single, 2)], Timing())[1] == [None, "thread", None]


def test_one_odd_report_does_not_lead_a_thread_astray() -> None:
    odd = Subject(frozenset({"attack", "vote"}), frozenset({"place/kenscoff", "place/nairobi"}), frozenset())
    vote = Subject(frozenset({"vote"}), frozenset({"place/nairobi"}), frozenset())
    assert entering(EMPTY, [("1", ATTACK, 0), ("2", odd, 1), ("3", vote, 2)], Timing())[1] == [None, "thread", None]
    twice = [("1", ATTACK, 0), ("2", odd, 1), ("3", odd, 2), ("4", vote, 3)]
    assert entering(EMPTY, twice, Timing())[1][-1] == "thread"


def test_a_thread_ends_after_six_hours() -> None:
    assert entering(EMPTY, [("1", ATTACK, 0), ("2", ATTACK, 360)], Timing())[1] == [None, None]


def test_threads_can_be_turned_off() -> None:
    assert entering(EMPTY, [("1", ATTACK, 0), ("2", ATTACK, 1)], Timing(threads=False))[1] == [None, None]


def test_beyond_the_cap_calls_wait_until_an_hour_after_the_oldest() -> None:
    reports = [(str(n), NOTHING, n) for n in range(4)]
    window, whys = entering(EMPTY, reports, Timing(per_hour=3))
    assert whys == [None, None, None, "cap"]
    assert window.due_at == minutes(60)
    assert entered(window, "later", NOTHING, Timing(per_hour=3), minutes(61))[1] is None


def test_in_quiet_hours_everything_waits_for_their_end() -> None:
    timing = Timing(quiet_from="11:00", quiet_to="13:00")
    window, whys = entering(EMPTY, [("1", NOTHING, 0), ("2", ATTACK, 1)], timing)
    assert whys == ["quiet", "quiet"]
    assert window.due_at == minutes(60)


def test_a_digest_takes_everything() -> None:
    window, whys = entering(EMPTY, [("1", NOTHING, 1), ("2", ATTACK, 2)], Timing(digest_every_min=30))
    assert whys == ["digest", "digest"]
    assert window.due_at == minutes(30)


def test_a_window_is_frozen_when_it_is_due_and_what_comes_later_is_for_the_next() -> None:
    window, _ = entering(EMPTY, [("1", ATTACK, 0), ("2", ATTACK, 1)], Timing())
    assert frozen(window, minutes(15)) == window
    closing = frozen(window, minutes(16))
    assert closing.closing is not None
    assert [one.delivery_id for one in closing.closing.members] == ["2"]
    assert frozen(closing, minutes(17)) == closing
    closing, why = entered(closing, "3", ATTACK, Timing(), minutes(17))
    assert why == "thread"
    after = closed(closing, "follow-up", set(), Timing(), minutes(18))
    assert (after.number, [one.delivery_id for one in after.waiting]) == (1, ["3"])
    assert after.due_at == minutes(18 + 15)
    assert after.sent[-1].delivery_id == "follow-up"


def test_a_member_whose_delivery_is_not_on_record_goes_out_with_the_next() -> None:
    window, _ = entering(EMPTY, [("1", ATTACK, 0), ("2", ATTACK, 1), ("3", ATTACK, 1)], Timing())
    after = closed(frozen(window, minutes(20)), "f", {"3"}, Timing(), minutes(20))
    assert after.waiting == [Waiting("3", minutes(1), "thread")]
    assert after.due_at == minutes(35)
    for number in range(2):
        after = closed(frozen(after, minutes(60 * 24 * (8 + number))), "g", {"3"}, Timing(), minutes(60 * 24 * 9))
    assert after.waiting == []


REPORTS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([ATTACK, NOTHING]), st.floats(0, 600)), max_size=30
)
TIMINGS = st.sampled_from(
    [
        Timing(),
        Timing(per_hour=2),
        Timing(digest_every_min=30),
        Timing(quiet_from="13:00", quiet_to="14:00"),
        Timing(threads=False, per_hour=1),
    ]
)


@given(REPORTS, TIMINGS)
def test_every_report_goes_out_at_once_or_is_told_in_a_follow_up_and_never_both(
    reports: list[tuple[str, Subject, float]], timing: Timing
) -> None:
    """However they come and come again, with windows closing in between."""
    window, at_once, told = EMPTY, set(), list[str]()
    for delivery_id, subject, at in sorted(reports, key=lambda report: report[2]):
        now = minutes(at)
        window = frozen(window, now)
        if window.closing:
            told += [one.delivery_id for one in window.closing.members]
            window = closed(window, f"follow-up {window.number}", set(), timing, now)
        if delivery_id in at_once or delivery_id in told:
            continue  # it is in the outbox: nobody asks again
        window, why = entered(window, delivery_id, subject, timing, now)
        assert entered(window, delivery_id, subject, timing, now) == (window, why)
        if why is None:
            at_once.add(delivery_id)
    waiting = [one.delivery_id for one in window.waiting]
    assert len(set(told)) == len(told)
    assert not at_once & {*told, *waiting}
    assert at_once | {*told, *waiting} == {report[0] for report in reports}
    assert (window.due_at is not None) or not waiting


def test_what_was_held_for_a_pause_is_told_together_as_soon_as_may_be_and_once() -> None:
    window = released(EMPTY, ["1", "2", "1"], Timing(), NOW)
    assert [(one.delivery_id, one.why) for one in window.waiting] == [("1", "held"), ("2", "held")]
    assert window.due_at == NOW
    assert released(window, ["2", "1"], Timing(), minutes(1)) is window
    closing = frozen(window, NOW)
    assert released(closing, ["1"], Timing(), minutes(1)) is closing


def test_what_was_held_waits_for_the_digest_and_for_the_end_of_quiet_hours() -> None:
    assert released(EMPTY, ["1"], Timing(digest_every_min=60), NOW).due_at == minutes(60)
    assert released(EMPTY, ["1"], Timing(quiet_from="11:00", quiet_to="14:00"), NOW).due_at == minutes(120)
