import logging

from services.telemetry import Progress, Repeats


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


def line(logger: str, text: str) -> logging.LogRecord:
    return logging.LogRecord(logger, logging.ERROR, "", 0, text, (), None)


def test_a_library_that_repeats_itself_is_heard_once_in_a_while_and_we_always() -> None:
    clock = Clock()
    repeats = Repeats(clock)
    assert [repeats.allow(line("aiokafka", "no broker")) for _ in range(3)] == [True, False, False]
    assert repeats.allow(line("aiokafka", "something else"))
    clock.now = Repeats.EVERY_S
    assert repeats.allow(line("aiokafka", "no broker"))
    assert all(repeats.allow(line("services.kafka", "waiting")) for _ in range(3))
