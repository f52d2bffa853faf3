"""The dates of feeds: RFC 822, ISO 8601 and what publishers write instead, in six languages. Never a guess.

A numeric date whose day and month could be either, a zone of unknown name and a clock of its own kind (Swahili "saa"
counts from six) are read as nothing: an item's time is then that of its arrival.
"""

import re
import time
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from services.ingest.formats.parsed_feed import sane

MAX_LENGTH: Final = 100  # characters of a date
MAX_SEARCHED: Final = 20  # dates of a document that dateparser is asked about: it takes some 5 ms each

# Wide and abbreviated names by CLDR 46 (ht: the names in Haitian papers), case folded, without accents: en fr es pt sw
# ht. Portuguese "out" is October and Haitian "out" is August: see _month.
MONTHS: Final = (
    "january jan janvier janv enero ene janeiro januari janvye",
    "february feb fevrier fevr fev febrero fevereiro februari fevriye",
    "march mar mars marzo marco machi mac mas",
    "april apr avril avr abril abr aprili",
    "may mai mayo maio mei me",
    "june jun juin junio junho juni jen",
    "july jul juillet juil juill julio julho julai jiye",
    "august aug aout aou agosto ago agosti",
    "september sep sept septembre septiembre setiembre set setembro septemba septanm",
    "october oct octobre octubre outubro oktoba okt oktob",
    "november nov novembre noviembre novembro novemba novanm",
    "december dec decembre diciembre dic dezembro dez desemba des desanm",
)
_MONTHS: Final = {name: number for number, names in enumerate(MONTHS, 1) for name in names.split()}
_OUT: Final = {"pt": 10, "ht": 8}

# Hours from UTC. The first row is RFC 822, 5.1; the others by the IANA time zone database, where a name has one meaning
# in news (so no IST, which India, Israel and Ireland use).
ZONES: Final = (
    "ut 0, utc 0, gmt 0, z 0, est -5, edt -4, cst -6, cdt -5, mst -7, mdt -6, pst -8, pdt -7",
    "ast -4, adt -3, nst -3.5, ndt -2.5, akst -9, akdt -8, hst -10, brt -3, art -3, clt -4, pet -5, cot -5, vet -4",
    "wet 0, west 1, bst 1, cet 1, cest 2, eet 2, eest 3, msk 3, trt 3",
    "wat 1, cat 2, sast 2, eat 3",
    "pkt 5, npt 5.75, wib 7, hkt 8, sgt 8, jst 9, kst 9, aest 10, aedt 11, acst 9.5, awst 8, nzst 12, nzdt 13",
)
_ZONES: Final = {zone.split()[0]: float(zone.split()[1]) for row in ZONES for zone in row.split(", ")}

_TIME: Final = (
    r"(?P<hour>\d{1,2}) ?(?:[:.] ?(?P<minute>\d{2})(?:[:.] ?(?P<second>\d{1,2})(?:[.,]\d+)?)?|h ?(?P<h_minute>\d{2})?)"
    r"(?: ?(?P<half>[ap])\.? ?m\b\.?)?"
)
_ZONE: Final = r"(?: ?(?P<zone>(?:(?:utc|gmt) ?)?[+-] ?\d{1,2}(?::?\d{2})?|[a-z]{1,5}))?(?: ?\([^()]*\))?"
_BEFORE_TIME: Final = r"(?:[ ,t-]+(?:at|a|a las|as|de|nan)? ?)"
_REST: Final = rf"(?:{_BEFORE_TIME}{_TIME}{_ZONE})?\.?"
_WORDS: Final = r"(?:[a-z-]+(?:[.,:]+ ?| )){0,2}"  # such as the day of the week
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|o|\.)?"
_MONTH: Final = r"(?P<month>[a-z]{2,10})\.?"
_YEAR: Final = r"(?P<year>\d{4})"
_DATES: Final = tuple(
    re.compile(form)
    for form in (
        rf"(?P<year>\d{{4}})(?P<s>[-/.])(?P<month>\d{{1,2}})(?P=s)(?P<day>\d{{1,2}}){_REST}",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:t?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?)?"
        r"(?P<zone>z|[+-]\d{4})?",
        rf"{_WORDS}{_DAY}[ -]?(?:de |of )?{_MONTH},?[ -]?(?:de |del )?(?P<year>\d{{4}}|\d\d){_REST}",
        rf"{_WORDS}{_MONTH} {_DAY},? {_YEAR}{_REST}",
        rf"{_WORDS}{_MONTH} {_DAY} {_TIME}{_ZONE} {_YEAR}",
        rf"{_YEAR} {_MONTH} {_DAY}{_REST}",
    )
)
_EITHER_ORDER: Final = re.compile(rf"{_WORDS}(?P<a>\d{{1,2}})(?P<s>[-/.])(?P<b>\d{{1,2}})(?P=s){_YEAR}{_REST}")
_SECONDS: Final = re.compile(r"1\d{9}(?:\d{3})?")
_NUMERIC: Final = re.compile(r"\d[-/. ]+\d{1,2}[-/. ]+\d{2}")
_FULL_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
_OFFSET: Final = re.compile(r"([+-]) ?(\d{1,2}):?(\d{2})?")


class _Unclear(Exception):
    """It has the form of a date, and which moment it is cannot be known."""


class Dates:
    """Reads the dates of one document. language: the document's, of two letters."""

    def __init__(self, language: str | None) -> None:
        self._language = language
        self._searches = MAX_SEARCHED

    def read(self, raw: str, feedparser_said: time.struct_time | None = None) -> datetime | None:
        """Return the moment, in UTC (also where the text names no zone), or None. Never fails.

        feedparser_said: what it made of the text. It is believed only for the forms of alphabets that are not read
        here (Korean, Greek): it takes "2025.11.24" for the first of the month and "8:00 PM" for 8:00.
        """
        if len(raw) > MAX_LENGTH:
            return None
        text = _plain(raw)
        try:
            moment = _read(text, self._language) or self._searched(text)
            if moment is None and feedparser_said is not None and not text.isascii():
                moment = datetime(*feedparser_said[:6], tzinfo=UTC)
            return sane(moment) if moment else None
        except (_Unclear, ValueError, OverflowError):
            return None

    def _searched(self, text: str) -> datetime | None:
        """By dateparser, for a text that names a month of ours, a full year and no numeric date."""
        words = re.findall(r"[a-z]+", text)
        if "saa" in words or _NUMERIC.search(text) or not _FULL_YEAR.search(text):
            return None
        if self._searches == 0 or not any(len(word) > 2 and word in _MONTHS for word in words):
            return None
        self._searches -= 1
        return _by_dateparser(text)


def _by_dateparser(text: str) -> datetime | None:
    import dateparser  # half a second, and few documents need it

    settings = {
        "TIMEZONE": "UTC",
        "RETURN_AS_TIMEZONE_AWARE": True,
        "PARSERS": ["absolute-time"],
        "REQUIRE_PARTS": ["day", "month", "year"],
        "STRICT_PARSING": True,
    }
    try:
        found = dateparser.parse(text, languages=["en", "fr", "es", "pt", "sw"], settings=settings)
    except Exception:  # whatever a text does to a parser that is not ours
        return None
    return found if isinstance(found, datetime) else None


def _plain(raw: str) -> str:
    text = unicodedata.normalize("NFKD", " ".join(raw.split())).casefold()
    return "".join(character for character in text if not unicodedata.combining(character))


def _read(text: str, language: str | None) -> datetime | None:
    """None where the text has no form that is known. Raises _Unclear, and ValueError for what is in no calendar."""
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    for form in _DATES:
        if found := form.fullmatch(text):
            month = _month(found["month"], language)
            if month:
                return _moment(found, int(found["day"]), month)
    if found := _EITHER_ORDER.fullmatch(text):
        a, b = int(found["a"]), int(found["b"])
        if a <= 12 and b <= 12 and a != b:
            raise _Unclear
        return _moment(found, max(a, b), min(a, b))
    return None


def _month(name: str, language: str | None) -> int | None:
    if name.isdecimal():
        return int(name)
    if name == "out":
        if language not in _OUT:
            raise _Unclear
        return _OUT[language]
    return _MONTHS.get(name)


def _moment(found: re.Match[str], day: int, month: int) -> datetime:
    parts = found.groupdict()
    year = int(parts["year"])
    if len(parts["year"]) == 2:  # RFC 2822, 4.3
        year += 2000 if year < 50 else 1900
    hour, minute = int(parts["hour"] or 0), int(parts["minute"] or parts.get("h_minute") or 0)
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            raise _Unclear
        hour = hour % 12 + (12 if half == "p" else 0)
    midnight = hour == 24 and minute == 0  # ISO 8601: the end of the day
    second = min(int(parts["second"] or 0), 59) if int(parts["second"] or 0) <= 60 else 60
    zone = _zone(parts["zone"] or "z")
    moment = datetime(year, month, day, 0 if midnight else hour, minute, second, tzinfo=zone)
    return moment + timedelta(days=1) if midnight else moment


def _zone(name: str) -> timezone:
    if offset := _OFFSET.search(name):
        sign, hours, minutes = offset[1], int(offset[2]), int(offset[3] or 0)
        if hours > 14 or minutes > 59:
            raise _Unclear
        return timezone(timedelta(minutes=(hours * 60 + minutes) * (-1 if sign == "-" else 1)))
    if name not in _ZONES:
        raise _Unclear
    return timezone(timedelta(hours=_ZONES[name]))
