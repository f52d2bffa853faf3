"""Lines on a terminal, and in a file."""

import io

import pytest

from deploy.demo.screen import Narrator


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def written(out: io.StringIO, environment: dict[str, str], words: str) -> str:
    Narrator(out, 100.0, environment, clock=lambda: 103.25).line("seen", words)
    return out.getvalue()


def test_a_line_says_when_and_what() -> None:
    assert written(io.StringIO(), {}, "Outlet: headline") == "    3.2s  seen       Outlet: headline\n"


def test_a_terminal_gets_colours_and_no_line_longer_than_it_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    line = written(Terminal(), {}, "word " * 30)
    assert line.startswith("\x1b[36m")
    assert line.endswith("…\x1b[0m\n")
    assert len(line) == 40 + len("\x1b[36m\x1b[0m\n")


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert "\x1b" not in written(Terminal(), {"NO_COLOR": "1"}, "word")


def test_a_file_gets_whole_lines_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    line = written(io.StringIO(), {}, "word " * 30)
    assert "\x1b" not in line
    assert "…" not in line


def test_what_follows_the_first_line_stays_as_it_is() -> None:
    assert written(io.StringIO(), {}, "ended\n    Traceback").splitlines()[1] == "    Traceback"
