"""Lines that people can read."""

import io
import json
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from deploy.demo import narrate
from deploy.demo.narrate import Narrator
from deploy.demo.receiver import Call
from schemas import codec
from schemas.messages import Alert, EnrichedItem, Figure, Message

EXAMPLES = Path(__file__).parents[4] / "schemas" / "examples"
T = TypeVar("T", bound=Message)


def example(name: str, message: type[T]) -> T:
    return codec.decode((EXAMPLES / f"{name}.json").read_bytes(), message)


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


def test_tags_are_told_by_weight_the_host_first() -> None:
    assert narrate.tagged(example("enriched_item", EnrichedItem)) == (
        "0.94 en  HT host, KE lead, JM contributor · Godfrey Otunge · 24 arrived (JM)"
    )


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        ({"kind": "arrived", "value": 200, "unit": "personnel", "country": "KE"}, "200 arrived (KE)"),
        ({"kind": "funding", "value": 13_000_000, "unit": "USD", "country": None}, "USD 13,000,000 funding"),
        (
            {"kind": "displaced", "value": 1_400_000, "unit": "people", "country": "HT", "approximate": True},
            "about 1,400,000 displaced (HT)",
        ),
        ({"kind": "other", "value": 2.5, "unit": "percent", "country": None}, "2.5 other"),
    ],
)
def test_figures_read_as_people_write_them(described: dict[str, object], expected: str) -> None:
    assert narrate.figure(msgspec.convert({"approximate": False} | described, Figure)) == expected


def test_a_long_list_is_counted() -> None:
    item = example("enriched_item", EnrichedItem)
    many = msgspec.structs.replace(item, figures=item.figures * 9)
    assert narrate.tagged(many).endswith("24 arrived (JM), 24 arrived (JM) +3")


def test_an_alert_says_which_search_found_it_and_why() -> None:
    assert narrate.found(example("alert", Alert), "Jamaica") == "by “Jamaica”: country:JM=Jamaica"


def test_a_delivery_says_how_long_it_took_and_that_it_was_verified() -> None:
    call = Call("id", example("alert", Alert).matched_at, json.loads("{}"))
    assert narrate.delivered(call, "Jamaica", 1412, "Officers land") == (
        "1,412 ms after it was seen, signature verified: “Jamaica” Officers land"
    )
    again = msgspec.structs.replace(call, repeated=True)
    assert "again (same webhook-id)" in narrate.delivered(again, "Jamaica", None, "Officers land")
