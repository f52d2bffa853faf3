"""A date is the moment that was meant, or nothing: never the neighbour of it."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.formats import dates
from services.ingest.formats.dates import MAX_SEARCHED, MONTHS, Dates

DAY = datetime(2025, 11, 24, tzinfo=UTC)


def read(raw: str, language: str | None = None) -> datetime | None:
    return Dates(language).read(raw)


@pytest.mark.parametrize(
    ("raw", "hour", "minute"),
    [
        # RFC 822 and what is written for it
        ("Mon, 24 Nov 2025 10:30:00 GMT", 10, 30),
        ("Mon, 24 Nov 2025 10:30 -0400", 14, 30),
        ("Mon,24 Nov 25 10:30:00 EST", 15, 30),
        ("Mon, 24 Nov 2025 10:30:5 GMT+9", 1, 30),
        ("Mon, 24 Nov 2025 10:30:00 EAT", 7, 30),
        ("Mon, 24 Nov 2025 10:30:00 CET", 9, 30),
        ("Mon, 24 Nov 2025 10:30:00 UTC+05:30", 5, 0),
        ("Mon, 24 Nov 2025 10:30:00 +0000 (UTC)", 10, 30),
        ("Sun, 23 Nov 2025 8:00 PM EST", 1, 0),
        ("Mon, 24 Nov 2025 12:05 am", 0, 5),
        ("Mon Nov 24 10:30:00 EST 2025", 15, 30),
        ("Mon Nov 24 10:30:00 2025", 10, 30),
        ("Monday, November 24, 2025 10:30 AM", 10, 30),
        ("24-Nov-2025 10:30", 10, 30),
        ("Sun, 23 Nov 2025 24:00:00 GMT", 0, 0),
        # ISO 8601 and its relatives
        ("2025-11-24T10:30:00.123456789Z", 10, 30),
        ("2025-11-24T10:30Z", 10, 30),
        ("2025-11-24 10:30:00 -05", 15, 30),
        ("2025-11-24T10:30:00 +0100", 9, 30),
        ("2025/11/24 10:30", 10, 30),
        ("2025.11.24 10:30", 10, 30),
        ("20251124T103000Z", 10, 30),
        ("1763980200", 10, 30),
        ("1763980200000", 10, 30),
        # numbers of which one can only be the day
        ("24/11/2025 10:30", 10, 30),
        ("11/24/2025 10:30 AM", 10, 30),
        ("Mon, 11/24/2025 - 10:30", 10, 30),
        # six languages
        ("lundi 24 novembre 2025 à 10h30", 10, 30),
        ("Publié le 24 novembre 2025 à 10 h 30", 10, 30),
        ("lun, 24 nov. 2025 10:30:00 +0100", 9, 30),
        ("lunes, 24 de noviembre de 2025 a las 10:30", 10, 30),
        ("segunda-feira, 24 de novembro de 2025, 10h30", 10, 30),
        ("Seg, 24 Nov 2025 10:30:00 -0300", 13, 30),
        ("Jumatatu, 24 Novemba 2025 10:30", 10, 30),
        ("Lendi 24 Novanm 2025, 10:30", 10, 30),
        ("10:30, 24 nov 2025", 10, 30),  # by dateparser
    ],
)
def test_the_forms_of_feeds(raw: str, hour: int, minute: int) -> None:
    assert read(raw) is not None
    assert read(raw).replace(second=0) == DAY.replace(hour=hour, minute=minute)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "raw",
    [
        "01/02/2025",
        "1.2.2025",
        "01-02-2025 10:00",
        "le 01/02/2025 à 10h",
        "01-02-03",
        "25-11-24",
        "11/24/25",
        "2025",
        "2025-11",
        "May 2025",
        "Mon, 24 Nov 2025 10:00:00 IST",  # three countries
        "Mon, 24 Nov 2025 10:00:00 +2500",
        "Mon, 24 Nov 2025 13:00 PM",
        "Mon, 24 Nov 2025 25:00:00 GMT",
        "Mon, 30 Feb 2025 00:00:00 GMT",
        "24 Novemba 2025 saa 4:30",  # the Swahili clock counts from six
        "24 out 2025",  # October in Portuguese, August in Haitian Creole
        "hier à 10h",
        "il y a 2 heures",
        "hace 2 horas",
        "",
        "-1",
        "24",
        "not a date",
    ],
)
def test_what_could_be_two_moments_is_none(raw: str) -> None:
    assert read(raw) is None


def test_the_feeds_language_tells_months_apart() -> None:
    assert read("24 out 2025", "pt") == datetime(2025, 10, 24, tzinfo=UTC)
    assert read("24 out 2025", "ht") == datetime(2025, 8, 24, tzinfo=UTC)


@pytest.mark.parametrize(("month", "names"), list(enumerate(MONTHS, 1)))
def test_every_name_of_a_month(month: int, names: str) -> None:
    for name in names.split():
        assert read(f"3 {name} 2025") == read(f"{name.title()} 3, 2025") == datetime(2025, month, 3, tzinfo=UTC)


def test_feedparser_is_believed_for_other_alphabets_only() -> None:
    said = datetime(2004, 7, 8, 23, 11, tzinfo=UTC).timetuple()
    assert Dates(None).read("Σαβ, 08 Ιούλ 2004 23:11:00 EST", said) == datetime(2004, 7, 8, 23, 11, tzinfo=UTC)
    assert Dates(None).read("12-2025", said) is None


def test_dateparser_is_asked_about_few_dates_of_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(dates, "_by_dateparser", asked.append)
    document = Dates(None)
    for number in range(100):
        document.read(f"at {number} on 24 nov 2025")
    assert len(asked) == MAX_SEARCHED


ZONED = st.datetimes(datetime(1971, 1, 1), datetime(2049, 12, 30)).flatmap(
    lambda moment: st.integers(-14 * 60, 14 * 60).map(
        lambda minutes: moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    )
)


@given(ZONED)
def test_what_is_written_by_the_rules_is_read_exactly(moment: datetime) -> None:
    assert read(format_datetime(moment)) == moment
    assert read(moment.isoformat()) == moment
    assert read(moment.isoformat(" ")) == moment
    assert read(moment.strftime("%A, %B %d, %Y %I:%M:%S %p %z")) == moment


@given(st.dates(datetime(1971, 1, 1).date(), datetime(2049, 12, 31).date()), st.sampled_from("/-."))
def test_a_numeric_date_is_right_or_none(day: object, separator: str) -> None:
    assert isinstance(day, type(DAY.date()))
    for form in (f"%d{separator}%m{separator}%Y", f"%m{separator}%d{separator}%Y"):
        found = read(day.strftime(form))
        assert found is None or found.date() == day
        assert (found is None) == (day.day <= 12 and day.day != day.month)


WORDS = ["24", "2025", "nov", "Mon,", "10:30", "GMT", "+0100", "de", "à", "/", "-", ":", "T", "1/2/2025", "saa", "٣"]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=12).map(" ".join) | st.text(max_size=120))
def test_any_text_is_a_moment_or_none(raw: str) -> None:
    document = Dates(None)
    document._searches = 0  # dateparser is slow, and has its tests
    found = document.read(raw)
    assert found is None or (found.utcoffset() == timedelta(0) and found.year >= 1970)
