"""A server is found again by more than its number."""

import json
import os
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local import process
from deploy.local.process import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    return Daemon("kafka", tmp_path, tmp_path / "kafka.log")


def test_a_pid_that_the_system_gave_to_another_process_is_not_the_server(daemon: Daemon) -> None:
    daemon.record.write_text(json.dumps({"pid": os.getpid(), "port": 19092}))
    assert process.find(daemon) is None


def test_a_pid_that_no_process_has_is_not_the_server(daemon: Daemon) -> None:
    daemon.record.write_text(json.dumps({"pid": 2**22 + 1, "port": 19092}))  # above Linux's largest pid
    assert process.find(daemon) is None


def test_a_server_is_found_while_its_launcher_executes_itself_anew(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During an exec the system shows an empty command line: that is not a death."""
    lines = iter([[], [], ["java", f"@{daemon.arguments}"]])
    monkeypatch.setattr(psutil.Process, "cmdline", lambda _: next(lines))
    daemon.record.write_text(json.dumps({"pid": os.getpid(), "port": 19092}))
    assert process.find(daemon) is not None


def test_no_pid_file_means_no_server(daemon: Daemon) -> None:
    assert process.find(daemon) is None


def unquoted(line: str) -> str:
    """Read a quoted line of a java argument file: a backslash makes the next character itself."""
    assert line[0] == line[-1] == '"'
    characters = iter(line[1:-1])
    return "".join(next(characters) if character == "\\" else character for character in characters)


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", codec="utf-8"))))
def test_java_reads_every_argument_as_it_was(arguments: list[str]) -> None:
    assert [unquoted(line) for line in process.argument_file(arguments).splitlines()] == arguments


def test_the_tail_is_the_logs_last_lines(daemon: Daemon) -> None:
    daemon.log.write_text("".join(f"line {n}\n" for n in range(100)))
    assert process.tail(daemon.log, 2) == "line 98\nline 99"


def test_an_empty_log_says_that_it_is(daemon: Daemon) -> None:
    assert process.tail(daemon.log) == "(the log is empty)"
