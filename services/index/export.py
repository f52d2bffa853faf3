"""The items of a search as a file: CSV for spreadsheets, NDJSON with everything. docs/search.md describes both."""

import csv
import io
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec

from schemas.errors import Transient
from schemas.messages import EnrichedItem
from services.engine import Engine
from services.index.indices import NEWS
from services.index.merge import TYPED_NAMES

Form = Literal["csv", "ndjson"]
Source = dict[str, Any]

MEDIA_TYPES: Final[dict[Form, str]] = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
PAGE: Final = 250  # items at once: their texts are in memory, up to 200,000 characters each
TIMEOUT: Final = "20s"
WHOLE: Final = [
    *(name for name in EnrichedItem.__struct_fields__ if name != "schema_version"),
    *("story_id", "feeds", "event_at", "indexed_at", "history", "corrected", "corrections"),
]

# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"), full-width forms among it.
FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _joined(values: Sequence[Any]) -> str:
    return " | ".join(map(str, values))


def _field(name: str) -> Callable[[Source], str]:
    return lambda source: str(value) if (value := source.get(name)) is not None else ""


def _list(name: str) -> Callable[[Source], str]:
    return lambda source: _joined(source.get(name) or ())


def _named(kind: str) -> Callable[[Source], str]:
    return lambda source: _joined([one["name"] for one in source["entities"] if one["type"] == kind])


def _figure(one: dict[str, Any]) -> str:
    about = "about" if one["approximate"] else ""
    words = (about, f"{one['value']:.15g}", one["unit"], one["kind"], one["country"] or "")
    return " ".join(filter(None, words))


# header -> the cell. Lists are joined by " | ".
COLUMNS: Final[dict[str, Callable[[Source], str]]] = {
    **{name: _field(name) for name in ("item_id", "story_id", "event_at", "published_at", "fetched_at", "indexed_at")},
    **{name: _field(name) for name in ("title", "summary", "url", "feed_title")},
    "feeds": _list("feeds"),
    "authors": _list("authors"),
    **{name: _field(name) for name in ("outlet_country", "language")},
    "relevant": lambda source: "yes" if source["relevant"] else "no",
    "relevance": _field("relevance"),
    "missions": _list("missions"),
    "countries": lambda source: _joined([f"{one['code']} {one['role']}" for one in source["countries"]]),
    **{kind: _named(kind) for kind in TYPED_NAMES},
    "events": lambda source: _joined(list(dict.fromkeys(one["type"] for one in source["events"]))),
    "figures": lambda source: _joined(list(map(_figure, source["figures"]))),
    "corrected": lambda source: "yes" if source.get("corrected") else "no",
}


def safe_cell(text: str) -> str:
    """Return the text as a cell that no spreadsheet runs: what could be a formula gets an apostrophe before it."""
    text = _CONTROL.sub("", text)
    return f"'{text}" if text.startswith(FORMULA) else text


def head(form: Form) -> bytes:
    """Return what stands before the items. In CSV the header; the byte order mark tells spreadsheets UTF-8."""
    return "\ufeff".encode() + _csv_rows([list(COLUMNS)]) if form == "csv" else b""


def lines(form: Form, sources: Sequence[Source]) -> bytes:
    """Return the items in this form."""
    if form == "csv":
        return _csv_rows([safe_cell(cell(source)) for cell in COLUMNS.values()] for source in sources)
    encoder = msgspec.json.Encoder()
    return b"".join(encoder.encode(source) + b"\n" for source in sources)


async def pages(engine: Engine, query: dict[str, Any], form: Form, page: int = PAGE) -> AsyncGenerator[list[Source]]:
    """Give the items that the query finds, the newest first, all as they are at one point in time.

    Raises Invalid, Transient.
    """
    body: dict[str, Any] = {
        "size": page,
        "query": query,
        "sort": [{"event_at": "desc"}, {"item_id": "desc"}],
        "_source": WHOLE
        if form == "ndjson"
        else [name for name in WHOLE if name not in ("text", "evidence", "history", "corrections")],
        "track_total_hits": False,
        "timeout": TIMEOUT,
    }
    async with engine.point_in_time(NEWS) as snapshot:
        while True:
            answer = await snapshot.search(body)
            if answer["timed_out"]:
                raise Transient(f"the search took longer than {TIMEOUT}: use more words, fewer word*, a shorter time")
            hits = answer["hits"]["hits"]
            if hits:
                yield [hit["_source"] for hit in hits]
            if len(hits) < page:
                return
            body["search_after"] = hits[-1]["sort"]


def _csv_rows(rows: Sequence[Sequence[str]] | Iterator[Sequence[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(rows)  # RFC 4180: lines end with CR LF
    return written.getvalue().encode("utf-8", "replace")
