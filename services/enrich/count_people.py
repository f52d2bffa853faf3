"""What a number counts: people, or a force's people."""

import re

from schemas.messages import FigureKind
from services.enrich.bare_number import bare_number, subject
from services.enrich.counted import Counted, country_after, unit_beside
from services.enrich.mentions import Mention
from services.enrich.numbers import folded_words
from services.enrich.parts import brought_to, is_year
from services.enrich.sentence import Sentence
from services.enrich.tokens import Token

_SENT = frozenset(("kind:arrived", "kind:deployed", "kind:pledged", "kind:total"))
_PARTS = re.compile(r"[.;,!?\d]|[$€£%]")
_VICTIMS = frozenset(("kind:killed", "kind:injured", "kind:displaced"))


def count_people(place: int, sentence: Sentence, here: bool, near: bool) -> Counted | None:
    """What the number counts, None where that is nobody: a unit beside it, a nationality, "410 of 2,500".

    here, near: this sentence, or it or the one before, has counted a force's people already.
    """
    numbers = sentence.reading.numbers
    token = sentence.tokens[place]
    year = is_year(place, sentence)
    found = unit_beside(place, sentence)
    demonym = _nationality(token, sentence)
    if (
        found is None
        and demonym is not None
        and (
            here
            or sentence.force
            or demonym.tag[8:] in numbers.senders
            or any(cue.tag in _SENT for cue in sentence.signs)
        )
    ):
        return Counted("personnel", token.start, demonym.end, demonym)
    brought = brought_to(place, sentence)
    if brought is not None and not year and (found is None or found.unit == "personnel"):
        what = found or Counted("personnel", token.start, token.end)
        return what._replace(kind="total", owner=_present(brought, what, sentence))
    if found is not None:
        owner = demonym or country_after(found.end, sentence)
        if owner is None and found.end == token.end:  # "Sri Lanka a company of 130"
            owner = subject(place, sentence)
        return found._replace(owner=owner)
    if here and (owner := country_after(token.end, sentence)) is not None:
        return Counted("personnel", token.start, owner.end, owner)
    if victim := _victims(place, sentence):
        return None if year else victim
    return None if year else bare_number(place, sentence, here, near)


def _nationality(token: Token, sentence: Sentence) -> Mention | None:
    """The nationality right after a number, or after a verb of being: "150 Guatemalans", "588 are Kenyans"."""
    document, copulas = sentence.reading.document, sentence.reading.numbers.copulas
    more = sentence.reading.numbers.more(sentence.reading.cues.language)
    for mention in sentence.senders:
        if mention.start > token.end and mention.sense.part == "demonym":
            between = document.text[token.end : mention.start]
            near = len(between) <= 1 or folded_words(between) in copulas or folded_words(between) in more
            return mention if near else None
    return None


def _present(start: int, what: Counted, sentence: Sentence) -> Mention | None:
    """Whose total is brought to a number: "lifting Kenya's presence to 610", "porte à 750 le nombre des Kényans"."""
    text = sentence.reading.document.text
    for mention in sentence.senders:
        if (
            start <= mention.start
            and not _PARTS.search(text[what.end : mention.start])
            and mention.start < what.end + 60
        ):
            return mention
    return None


def _victims(place: int, sentence: Sentence) -> Counted | None:
    """The people of a number that a victims' word follows: "902 injured", "710 others were wounded"."""
    tokens = sentence.tokens
    token, at = tokens[place], place + 1
    while at < len(tokens) and at <= place + 2 and tokens[at].text in sentence.reading.numbers.others:
        at += 1
    if at >= len(tokens):
        return None
    found = next((cue for cue in sentence.signs if cue.tag in _VICTIMS and cue.start == tokens[at].start), None)
    if found is None:
        return None
    kind: FigureKind = found.tag[5:]  # type: ignore[assignment]
    return Counted("people", token.start, found.end, None, kind)
