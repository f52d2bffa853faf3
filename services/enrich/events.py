"""What happened: a sentence that reports an event, with the countries and entities that it names and its date."""

import re
from bisect import bisect_left
from typing import NamedTuple

from schemas.messages import Event
from services.enrich.cues import Cues
from services.enrich.document import Document, Span
from services.enrich.folding import fold_name
from services.enrich.mentions import Mentions

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january janvier enero janeiro januari janvye",
            "february fevrier febrero fevereiro februari fevriye",
            "march mars marzo marco machi mas",
            "april avril abril aprili avril",
            "may mai mayo maio mei me",
            "june juin junio junho juni jen",
            "july juillet julio julho julai jiye",
            "august aout agosto agosti out",
            "september septembre septiembre setembro septemba septanm",
            "october octobre octubre outubro oktoba oktob",
            "november novembre noviembre novembro novemba novanm",
            "december decembre diciembre dezembro desemba desanm",
        ),
        1,
    )
    for name in names.split()
}
_DATE = re.compile(
    r"\b(?P<day>\d{1,2})(?:er|º|th|st|nd|rd)?(?:\s+de)?\s+(?P<month>[^\W\d_]{3,10})(?:\s+de|\s+del|,)?\s+(?P<year>(?:19|20)\d\d)\b"
    r"|\b(?P<month2>[^\W\d_]{3,10})\s+(?P<day2>\d{1,2})(?:th|st|nd|rd)?,?\s+(?P<year2>(?:19|20)\d\d)\b"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_MOST = 12


class Reported(NamedTuple):
    """An event and the word that reports it."""

    event: Event
    span: Span


def events(document: Document, mentions: Mentions, cues: Cues) -> list[Reported]:
    """The events of a document, each type once for the same countries; at most twelve."""
    found: dict[tuple[str, tuple[str, ...]], Reported] = {}
    places = [mention.start for mention in mentions.all]
    for number, signs in cues.starting("event:").items():
        span = document.sentences[number]
        inside = mentions.all[bisect_left(places, span.start) : bisect_left(places, span.end)]
        if not inside:
            continue
        countries = tuple(dict.fromkeys(m.tag[8:] for m in inside if m.sense.kind == "country"))
        entities = list(dict.fromkeys(m.tag for m in inside if m.sense.kind != "country"))
        dated = _YEAR.search(document.text, span.start, span.end) is not None
        when = _date(document.text[span.start : span.end]) if dated else None
        for cue in signs:
            kind = cue.tag[6:]
            if (kind, countries) in found or cues.negated(number, cue):
                continue
            event = Event(type=kind, countries=list(countries), entities=entities, when=when)
            found[kind, countries] = Reported(event, Span(cue.start, cue.end))
    return list(found.values())[:_MOST]


def _date(sentence: str) -> str | None:
    """The first full date of a sentence, ISO 8601; None where it gives no year."""
    for match in _DATE.finditer(sentence):
        month = _MONTHS.get(fold_name(match["month"] or match["month2"]).decode("ascii"))
        day = int(match["day"] or match["day2"])
        if month and 1 <= day <= 31:
            return f"{match['year'] or match['year2']}-{month:02}-{day:02}"
    return None
