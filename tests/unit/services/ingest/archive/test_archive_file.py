import csv
import io
import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import Invalid
from services.ingest.archive import archive_file
from services.ingest.archive.archive_file import Form, Position, Record, form_of, read_records


def read(data: bytes | str, form: Form, start: Position = Position()) -> list[Record]:  # noqa: B008 (frozen)
    return list(read_records(io.BytesIO(data.encode() if isinstance(data, str) else data), form, start))


def told(records: list[Record]) -> list[tuple[int, object]]:
    return [(record.line, record.wrong or record.fields) for record in records]


def test_ndjson_is_an_object_a_line_and_a_bad_line_harms_no_other() -> None:
    records = read('{"url": "u"}\n\n[1]\nnot json\n{"title": "t"}', "ndjson")
    assert [record.line for record in records] == [1, 3, 4, 5]
    assert [record.fields for record in records] == [{"url": "u"}, {}, {}, {"title": "t"}]
    assert [bool(record.wrong) for record in records] == [False, True, True, False]
    assert records[1].wrong == "not a JSON object"


def test_bytes_that_are_not_utf8_are_that_line_s() -> None:
    records = read(b'{"title": "\xe9"}\n{"title": "b"}\n', "ndjson")
    assert records[0].wrong == "not UTF-8 at byte 12: convert the file"
    assert records[1].fields == {"title": "b"}


def test_a_byte_order_mark_is_no_text() -> None:
    assert read(b"\xef\xbb\xbfurl\nhttps://a.example/\n", "csv")[0].fields == {"url": "https://a.example/"}


def test_addresses_with_comments() -> None:
    assert told(read("# mine\nhttps://a.example/1\n\n https://a.example/2 \n", "urls")) == [
        (2, {"url": "https://a.example/1"}),
        (4, {"url": "https://a.example/2"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_with_line_feeds_and_delimiters_in_values(delimiter: str) -> None:
    text = (
        delimiter.join(("url", "title"))
        + f'\r\nu1{delimiter}"one{delimiter}\nstill ""one"""\r\n\r\nu2{delimiter}two\r\n'
    )
    assert told(read(text, "csv")) == [
        (2, {"url": "u1", "title": f'one{delimiter}\nstill "one"'}),
        (5, {"url": "u2", "title": "two"}),
    ]


def test_a_row_of_another_width_is_bad() -> None:
    records = read("url,title\nu1\nu2,two\nu3,three,more\n", "csv")
    assert [record.wrong for record in records] == [
        "1 values, and the header names 2 columns",
        None,
        "3 values, and the header names 2 columns",
    ]


def test_a_quote_that_is_not_closed_costs_its_line_only() -> None:
    records = read('url,title\nu1,"one\nu2,two\nu3,three\n', "csv")
    assert [record.line for record in records] == [2, 3, 4]
    assert "is a quote missing?" in (records[0].wrong or "")
    assert [record.fields.get("title") for record in records[1:]] == ["two", "three"]


@pytest.mark.parametrize("text", ["", "\n", ",,\n1,2,3\n"])
def test_a_csv_needs_a_header(text: str) -> None:
    with pytest.raises(Invalid, match="names no columns"):
        read(text, "csv")


@pytest.mark.parametrize("form", ["ndjson", "csv", "urls"])
def test_a_line_too_long_is_passed_over(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_file, "MAX_LINE", 30)
    header = "url\n" if form == "csv" else ""
    good = '{"url": "u"}' if form == "ndjson" else "u"
    records = read(f"{header}{'x' * 100}\n{good}\n", form)
    assert [(bool(record.wrong), record.fields) for record in records] == [(True, {}), (False, {"url": "u"})]
    assert records[1].end.line == header.count("\n") + 2


def test_reading_a_file_changes_no_csv_limit_for_the_rest_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    before = csv.field_size_limit()
    monkeypatch.setattr(archive_file, "MAX_LINE", 30)
    read("url\nu\n", "csv")
    assert csv.field_size_limit() == before == 4 * 1024 * 1024


BUSY = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # machines may be
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@BUSY
@given(st.lists(st.tuples(VALUES, VALUES), max_size=8), st.sampled_from(["ndjson", "csv"]))
def test_reading_may_go_on_after_any_record(rows: list[tuple[str, str]], form: Form) -> None:
    if form == "csv":
        lines = ["url,title"] + [",".join('"' + value.replace('"', '""') + '"' for value in row) for row in rows]
    else:
        lines = [json.dumps({"url": url, "title": title}) for url, title in rows]
    data = "\n".join(lines) + "\n"
    records = read(data, form)
    for number, record in enumerate(records):
        assert told(read(data, form, record.end)) == told(records[number + 1 :])


@BUSY
@given(st.binary(max_size=200), st.sampled_from(["ndjson", "csv", "urls"]))
def test_no_file_breaks_the_reader(data: bytes, form: Form) -> None:
    records = []
    with suppress(Invalid):  # a CSV without a header
        records = read(data, form)
    ends = [record.end.offset for record in records]
    assert ends == sorted(set(ends))
    assert all(end <= len(data) for end in ends)


def test_the_ending_tells_the_format() -> None:
    assert [form_of(name) for name in ("a.NDJSON", "b.jsonl", "c.csv", "d.tsv", "e.txt")] == [
        "ndjson",
        "ndjson",
        "csv",
        "csv",
        "urls",
    ]
    with pytest.raises(Invalid, match="give --format"):
        form_of("archive.json")
