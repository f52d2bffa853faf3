"""What stands beside a number: the people it counts, the body that has so many, the country that these are of."""

from typing import NamedTuple

from schemas.messages import FigureKind
from services.enrich.mentions import Mention
from services.enrich.parts import is_year, out_of
from services.enrich.sentence import Sentence
from services.enrich.tokens import Token

_UNIT_REACH = 4  # words from a number to what it counts
_MANY = 50  # members below that sit on councils


class Counted(NamedTuple):
    """The unit and its code points, with the number; owner: the country right beside; kind where it is certain.

    labelled: only a word before the number says what it is ("Ceiling: 5,550"): nobody's but the whole force's."""

    unit: str
    start: int
    end: int
    owner: Mention | None = None
    kind: FigureKind | None = None
    labelled: bool = False


def unit_beside(place: int, sentence: Sentence) -> Counted | None:
    """The unit after the number, else before it, else the body "of 200"."""
    tokens, numbers, text = sentence.tokens, sentence.reading.numbers, sentence.reading.document.text
    token = tokens[place]
    year = is_year(place, sentence)
    before = tokens[place - 1] if place else None
    is_first = before is not None and before.text in numbers.unit_first and text[before.end : token.start] == " "
    if before is not None and is_first and not year:  # "askari 150 na ... wanajeshi 78"
        return Counted(numbers.units[before.text], before.start, token.end)
    unit = _unit_after(place, year, sentence)
    if unit is None and not year:  # "410 of the 2,500 officers": the unit stands after the whole
        ahead = [at for at in range(place + 2, min(place + 4, len(tokens))) if tokens[at].value is not None]
        if ahead and out_of(ahead[0], sentence):
            unit = _unit_after(ahead[0], year, sentence)
            if unit and unit.unit == "personnel":
                return Counted("personnel", token.start, token.end, None, "deployed")
    if unit is not None:
        return unit._replace(start=token.start)
    if year:
        return None
    words = [before for before in tokens[max(0, place - 3) : place] if before.kind == "word"]
    if len(words) >= 2 and words[-1].text in ("of", "de", "la", "cha") and words[-2].text in numbers.groups:
        return Counted("personnel", words[-2].start, token.end)
    if words and token.kind == "number" and text[words[-1].end : token.start] == " ":
        first = [word for word in words if numbers.units.get(word.text) and word.text in numbers.unit_first]
        if first:
            return Counted(numbers.units[first[-1].text], first[0].start, token.end)
    return None


def _unit_after(place: int, year: bool, sentence: Sentence) -> Counted | None:
    tokens, numbers, text = sentence.tokens, sentence.reading.numbers, sentence.reading.document.text
    token = tokens[place]
    for distance, after in enumerate(tokens[place + 1 : place + 1 + _UNIT_REACH]):
        if after.kind != "word" or after.value is not None or after.text in numbers.blockers:
            break
        if distance and after.text in numbers.ones:  # "two journalists and a policeman"
            break
        if after.text in numbers.hyphened and text[after.start - 1] == "-":
            return Counted("personnel", token.start, after.end)
        unit = numbers.unit_of(after.text)
        few = after.text in numbers.many and (token.value or 0) < _MANY  # of a council; not "of the security forces"
        if few and any(numbers.unit_of(more.text) == "personnel" for more in _behind(after, tokens)):
            few = False
        if unit and not (year and distance) and not few:
            return Counted(unit, token.start, after.end)
    return None


def _behind(token: Token, tokens: list[Token]) -> list[Token]:
    return [other for other in tokens if token.end <= other.start < token.end + 30]


def country_after(end: int, sentence: Sentence) -> Mention | None:
    """The country that the counted noun belongs to, right after it."""
    document = sentence.reading.document
    for mention in sentence.senders:
        if mention.start >= end:
            words = document.words(end, mention.start)
            near = 1 <= len(words) <= 3 and words[-1] in sentence.reading.numbers.of
            return mention if near and not any(sign in document.text[end : mention.start] for sign in ",;:") else None
    return None
