"""Lines that people can read."""

import json
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from deploy.demo import narrate
from deploy.demo.receiver import Call
from schemas import codec
from schemas.messages import Alert, EnrichedItem, Figure, Message, Why

EXAMPLES = Path(__file__).parents[4] / "schemas" / "examples"
T = TypeVar("T", bound=Message)


def example(name: str, message: type[T]) -> T:
    return codec.decode((EXAMPLES / f"{name}.json").read_bytes(), message)


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
    why = [Why(clause="text:police | polici*", surface="police"), Why(clause="country:JM", surface="Jamaica")]
    alert = msgspec.structs.replace(example("alert", Alert), why=[*why, Why(clause="relevant")])
    assert narrate.found(alert, "Police", again=False) == "by “Police”: “police”, JM"
    assert narrate.found(alert, "Police", again=True).startswith("by “Police”, whose webhook was sent for this story")


def test_a_delivery_says_how_long_it_took_and_that_it_was_verified() -> None:
    call = Call("id", example("alert", Alert).matched_at, json.loads("{}"))
    assert narrate.delivered(call, "Jamaica", 1412, "Officers land") == (
        "1,412 ms after it was seen, signature verified: “Jamaica” Officers land"
    )
    again = msgspec.structs.replace(call, repeated=True)
    assert "again (same webhook-id)" in narrate.delivered(again, "Jamaica", None, "Officers land")
