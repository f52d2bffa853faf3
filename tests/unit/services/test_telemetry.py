from services.telemetry import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_process_that_gets_on_is_alive_and_ready() -> None:
    progress = Progress(limit_s=60, now=Clock())
    progress.advanced()
    assert progress.live()[0]
    assert progress.ready()[0]


def test_a_process_that_has_not_begun_is_alive_but_not_ready() -> None:
    progress = Progress(limit_s=60, now=Clock())
    assert progress.live()[0]
    assert progress.ready() == (False, "waiting for start")


def test_silence_beyond_the_limit_is_death() -> None:
    clock = Clock()
    progress = Progress(limit_s=60, now=clock)
    progress.advanced()
    clock.now = 61
    assert progress.live() == (False, "last progress 61 s ago")
    assert not progress.ready()[0]


def test_waiting_for_something_named_is_alive_but_not_ready() -> None:
    clock = Clock()
    progress = Progress(limit_s=60, now=clock)
    clock.now = 59
    progress.waiting("the broker")
    clock.now = 100
    assert progress.live()[0]
    assert progress.ready() == (False, "waiting for the broker")
