"""Files that spreadsheets and programs read as they are meant."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.index import export, merge
from services.index.__main__ import main
from tests.unit.services.index.enriched import FETCHED, enriched


def source(**changes: Any) -> dict[str, Any]:
    return merge.to_stored(merge.merge(None, enriched(**changes)), FETCHED)


def read(written: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))


def test_a_row_has_the_tags_as_people_read_them() -> None:
    [row] = read(export.head("csv") + export.lines("csv", [source(title='A "quoted", title\nof two lines')]))
    assert list(row) == list(export.COLUMNS)
    assert row["title"] == 'A "quoted", title\nof two lines'
    assert row["countries"] == "HT host | KE contributor"
    assert (row["person"], row["place"]) == ("Made Up", "Port-au-Prince")
    assert row["figures"] == "200 personnel arrived KE"
    assert (row["relevant"], row["relevance"], row["events"]) == ("yes", "0.9", "arrival")


def test_the_documentation_lists_the_columns() -> None:
    described = (Path(__file__).parents[4] / "docs" / "search.md").read_text().split("a header row (")[1].split(")")[0]
    assert re.findall(r"`(\w+)`", described) == list(export.COLUMNS)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "\x00=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    [row] = read(export.head("csv") + export.lines("csv", [source(title=text, authors=[text])]))
    assert row["title"].startswith("'")
    assert row["authors"].startswith("'")


@given(st.text())
def test_whatever_a_title_holds_it_stays_one_cell_and_no_formula(text: str) -> None:
    rows = read(export.head("csv") + export.lines("csv", [source(title=text)]))
    [row] = rows
    assert None not in row
    assert not row["title"].startswith(export.FORMULA)


def test_ndjson_has_the_whole_item_and_nothing_of_how_we_store_it() -> None:
    stored = source()
    [line] = export.lines("ndjson", [{name: stored[name] for name in export.WHOLE if name in stored}]).splitlines()
    item = msgspec.json.decode(line)
    assert item["text"] == stored["text"]
    assert item["evidence"][0]["surface"] == "Kenyan"
    assert "sources" not in item


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["export", "kenya AND (police"], "position 11"), (["export", "-football -golf"], "only excludes")],
)
def test_a_wrong_query_is_said_before_anything_is_written(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_wrong_time_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export", "kenya", "--since", "yesterday"])
    assert ended.value.code == 2
    assert "2026-01-31" in capsys.readouterr().err
