"""The records of a file of old articles, one at a time: NDJSON, CSV, or a list of addresses. Memory stays flat.

A bad line is a record too, with what is wrong with it: what comes after it is read all the same.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any, BinaryIO, Final, Literal

import msgspec

from schemas.errors import Invalid

Form = Literal["ndjson", "csv", "urls"]

# (ending of the file's name, what it holds)
ENDINGS: Final[tuple[tuple[str, Form], ...]] = (
    (".ndjson", "ndjson"),
    (".jsonl", "ndjson"),
    (".csv", "csv"),
    (".tsv", "csv"),
    (".txt", "urls"),
    (".urls", "urls"),
)
DELIMITERS: Final = ",;\t"
MAX_LINE: Final = 4 * 1024 * 1024  # bytes; also of a CSV value
_BOM: Final = b"\xef\xbb\xbf"

csv.field_size_limit(MAX_LINE)  # the whole process's: set once, so that reading a file changes nothing for others


class Position(msgspec.Struct, frozen=True):
    """A place between two records: bytes and lines before it."""

    offset: int = 0
    line: int = 0


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """line: where it begins, from 1. end: where to go on after it. fields: by the file's own names, or `wrong`."""

    line: int
    end: Position
    fields: dict[str, Any] = {}
    wrong: str | None = None


def form_of(name: str) -> Form:
    """What a file holds, by the ending of its name. Raises Invalid."""
    ending = PurePath(name).suffix.lower()
    for known, form in ENDINGS:
        if ending == known:
            return form
    raise Invalid(f"{name}: the ending {ending or 'that is missing'!r} tells no format: give --format", reason="format")


def read_records(file: BinaryIO, form: Form, start: Position) -> Iterator[Record]:
    """Yield the file's records from `start` on. Raises Invalid for a CSV without a usable header, and OSError."""
    lines = _Lines(file)
    if form == "csv":
        yield from _csv(lines, start)
        return
    lines.go_to(start)
    parse = _json if form == "ndjson" else _address
    while not lines.at_end:
        line, fields, wrong = lines.position.line + 1, None, None
        try:
            text = next(lines).strip()
            fields = parse(text) if text else None
        except StopIteration:
            return
        except Invalid as error:
            wrong = str(error)
        if fields is not None or wrong:
            yield Record(line=line, end=lines.position, fields=fields or {}, wrong=wrong)


def csv_header(file: BinaryIO) -> list[str]:
    """The names of a CSV's columns. Raises Invalid."""
    lines = _Lines(file)
    return _header(lines)[1]


class _Lines:
    """The lines of a file as text, counted. A line that cannot be had raises Invalid, and the next one follows."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.at_end = False
        self.go_to(Position())

    def go_to(self, position: Position) -> None:
        self._file.seek(position.offset)
        self.position, self.at_end = position, False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        first = self.position.offset == 0
        raw = self._file.readline(MAX_LINE + 1)
        if not raw:
            self.at_end = True
            raise StopIteration
        length, too_long = len(raw), len(raw) > MAX_LINE and not raw.endswith(b"\n")
        while too_long and (more := self._file.readline(MAX_LINE)):
            length += len(more)
            if more.endswith(b"\n"):
                break
        self.position = Position(self.position.offset + length, self.position.line + 1)
        if too_long:
            raise Invalid(f"longer than {MAX_LINE // 1024 // 1024} MiB", reason="line")
        try:
            return (raw.removeprefix(_BOM) if first else raw).decode()
        except UnicodeDecodeError as error:
            raise Invalid(f"not UTF-8 at byte {error.start + 1}: convert the file", reason="line") from error


def _json(text: str) -> dict[str, Any]:
    try:
        decoded = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"not JSON: {error}", reason="line") from error
    if not isinstance(decoded, dict):
        raise Invalid("not a JSON object", reason="line")
    return decoded


def _address(text: str) -> dict[str, Any] | None:
    return None if text.startswith("#") else {"url": text}


def _csv(lines: _Lines, start: Position) -> Iterator[Record]:
    delimiter, names = _header(lines)
    if start.offset > lines.position.offset:
        lines.go_to(start)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while not lines.at_end:
        before = lines.position
        fields, wrong = None, None
        try:
            row = next(rows)
            fields = _named(row, names) if row else None
        except StopIteration:
            return
        except Invalid as error:
            wrong = str(error)
        except csv.Error as error:
            # A quote that is not closed takes what follows with it: go back, and pass over its first line only.
            wrong = f"not CSV: {error} (is a quote missing?)"
            lines.go_to(before)
            _pass_over(lines)
        if fields is not None or wrong:
            yield Record(line=before.line + 1, end=lines.position, fields=fields or {}, wrong=wrong)


def _pass_over(lines: _Lines) -> None:
    try:
        next(lines, None)
    except Invalid:
        """It is passed over all the same."""


def _header(lines: _Lines) -> tuple[str, list[str]]:
    """The delimiter, which the first line tells, and the columns."""
    text = next(lines, "")
    delimiter = max(DELIMITERS, key=text.count)
    try:
        names = next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise Invalid(f"line 1 is no header of a CSV: {error}", reason="format") from error
    if not any(names):
        raise Invalid("line 1 names no columns", reason="format")
    return delimiter, names


def _named(row: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    if len(row) != len(names):
        raise Invalid(f"{len(row)} values, and the header names {len(names)} columns", reason="line")
    return dict(zip(names, row, strict=True))
