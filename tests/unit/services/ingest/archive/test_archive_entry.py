from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import Invalid
from services.ingest.archive.archive_entry import FIELDS, known_columns, old_article

URL = "https://news.example/2023/1"


def wrong(**fields: Any) -> str:
    with pytest.raises(Invalid) as raised:
        old_article({"url": URL} | fields)
    return str(raised.value)


def test_an_article_with_all_that_it_may_have() -> None:
    old = old_article(
        {
            "url": URL,
            "title": "<b>Aid</b> &amp; order",
            "text": "<p>One.</p><p>Two.</p>",
            "summary": "In short.",
            "published_at": "2023-10-02T08:00:00-04:00",
            "language": "fr-HT",
            "country": "ht",
            "outlet": "The Example",
            "authors": "Ana Bel; Luc Dor",
            "image_url": "/i.jpg",
            "entry_id": 12,
            "anything": {"else": 1},
        }
    )
    entry = old.entry
    assert (entry.title, entry.text, entry.summary) == ("Aid & order", "One.\nTwo.\n", "In short.")
    assert entry.published_at == datetime(2023, 10, 2, 12, tzinfo=UTC)
    assert (old.language, old.country, old.outlet) == ("fr", "HT", "The Example")
    assert (entry.authors, entry.image_url) == (["Ana Bel", "Luc Dor"], "https://news.example/i.jpg")
    assert entry.entry_id == "12"


def test_plain_text_keeps_its_lines_and_its_angles() -> None:
    assert old_article({"url": URL, "text": "Fuel < 3 dollars\n\nand falling"}).entry.text == (
        "Fuel < 3 dollars\nand falling\n"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2023-10-02", datetime(2023, 10, 2, tzinfo=UTC)),
        ("2023-10-02 08:30:00", datetime(2023, 10, 2, 8, 30, tzinfo=UTC)),
        ("2023-10-02T08:30:00Z", datetime(2023, 10, 2, 8, 30, tzinfo=UTC)),
        ("2023/10/02", datetime(2023, 10, 2, tzinfo=UTC)),
        ("Mon, 02 Oct 2023 08:30:00 +0200", datetime(2023, 10, 2, 6, 30, tzinfo=UTC)),
        (1696235400, datetime(2023, 10, 2, 8, 30, tzinfo=UTC)),
        ("1696235400", datetime(2023, 10, 2, 8, 30, tzinfo=UTC)),
        (1696235400000, datetime(2023, 10, 2, 8, 30, tzinfo=UTC)),
    ],
)
def test_dates_are_kept(value: Any, expected: datetime) -> None:
    assert old_article({"url": URL, "published_at": value}).entry.published_at == expected


@pytest.mark.parametrize("value", ["yesterday", "02/10/2023", "2023-13-01", "1850-01-01", True, [2023], 1e30, -1e30])
def test_a_date_that_cannot_be_read_is_not_lost_in_silence(value: Any) -> None:
    assert wrong(published_at=value).startswith("published_at: not a date")


def test_what_is_wrong_is_named() -> None:
    assert wrong(url="ftp://news.example/1").startswith("url: not an http")
    assert wrong(language="Kreyòl ayisyen").startswith("language: not a code")
    assert wrong(country="Haiti").startswith("country: not a code")
    assert wrong(title=["a"]).startswith("title: not a text")
    assert wrong(authors=7).startswith("authors: not names")
    assert wrong(url="", text="words") == "neither url nor title"


def test_other_names_are_read_where_the_docs_say_so() -> None:
    old = old_article({"Link": URL, "Head-Line": "x", "HEADLINE": "Title", "media name": "The Example", "date": ""})
    assert (old.entry.url, old.entry.title, old.outlet, old.entry.published_at) == (URL, "Title", "The Example", None)


def test_columns() -> None:
    known, unknown = known_columns(["URL", "Publish Date", "score"])
    assert (known, unknown) == ({"URL": "url", "Publish Date": "published_at"}, ["score"])
    with pytest.raises(Invalid, match="two columns mean url"):
        known_columns(["url", "link"])
    with pytest.raises(Invalid, match="is line 1 the header"):
        known_columns(["2023-10-02", "https://news.example/1"])


def test_the_documentation_has_every_name() -> None:
    rows = (Path(__file__).parents[5] / "docs" / "import.md").read_text()
    for field, others, what in FIELDS:
        assert f"| `{field}` | {', '.join(f'`{other}`' for other in others)} | {what} |" in rows


NAMES = st.sampled_from([name for field, others, _ in FIELDS for name in (field, *others)])
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.text(max_size=5))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # machines may be busy
@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_whatever_a_record_holds_it_is_an_article_or_invalid(fields: dict[str, Any]) -> None:
    try:
        old = old_article(fields)
    except Invalid:
        return
    assert old.entry.url or old.entry.title
