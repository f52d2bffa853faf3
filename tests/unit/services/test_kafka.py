from services.kafka import back_off_s


def test_a_wait_doubles_to_its_bound_and_a_long_outage_breaks_nothing() -> None:
    """0.5 * 2**1024 is more than a float holds: after some hours away the waiting itself must not fail."""
    for attempt, longest in ((0, 0.5), (1, 1.0), (4, 8.0), (5, 10.0), (5_000, 10.0)):
        assert longest / 2 <= back_off_s(attempt) <= longest
