"""What a number counts: people, or a force's people."""

import re
from typing import NamedTuple

from schemas.messages import FigureKind
from services.enrich.mentions import Mention
from services.enrich.sentence import Sentence
from services.enrich.tokens import Token

_UNIT_REACH = 4  # words from a number to what it counts
_SOME = 50  # people, at least, where nothing beside the number says what they are
_MANY = 50  # members below that sit on councils
_SENT = frozenset(("kind:arrived", "kind:deployed", "kind:pledged", "kind:total"))
_PLANNED = frozenset(("kind:pledged", "kind:authorised"))
_LABELS = frozenset(("kind:deployed", "kind:pledged", "kind:authorised", "kind:total", "kind:arrived"))
_LABEL = 26  # characters from such a word to its number
_OF = frozenset((" of ", " de ", " d'", " d’", " ya "))  # "the promise of 200 made in March"; not "of 200 lorries"
_PARTS = re.compile(r"[.;,!?\d]|[$€£%]")
_VICTIMS = frozenset(("kind:killed", "kind:injured", "kind:displaced"))


class Counted(NamedTuple):
    """The unit and its code points, with the number; owner: the country right beside; kind where it is certain.

    labelled: only a word before the number says what it is ("Ceiling: 5,550"): nobody's but the whole force's."""

    unit: str
    start: int
    end: int
    owner: Mention | None = None
    kind: FigureKind | None = None
    labelled: bool = False


def counted(place: int, sentence: Sentence, here: bool, near: bool) -> Counted | None:
    """What the number counts, None where that is nobody: a unit beside it, a nationality, "410 of 2,500".

    here, near: this sentence, or it or the one before, has counted a force's people already.
    """
    tokens, signs, numbers = sentence.tokens, sentence.signs, sentence.reading.numbers
    token = tokens[place]
    found = _unit(place, sentence)
    demonym = next((m for m in sentence.senders if m.sense.part == "demonym" and 0 < m.start - token.end <= 1), None)
    if (
        found is None
        and demonym is not None
        and (here or sentence.force or demonym.tag[8:] in numbers.senders or any(cue.tag in _SENT for cue in signs))
    ):
        return Counted("personnel", token.start, demonym.end, demonym)
    if found is not None and found.unit == "personnel" and _brought_to(place, sentence):
        return found._replace(kind="total")
    if found is not None:
        return found._replace(owner=demonym or _of(found.end, sentence))
    year = token.text.isdigit() and 1900 <= (token.value or 0) <= 2100
    if here and (owner := _of(token.end, sentence)) is not None:
        return Counted("personnel", token.start, owner.end, owner)
    if victim := _victims(place, sentence):
        return None if year else victim
    if brought := _brought_to(place, sentence):
        return brought
    bare = Counted("personnel", token.start, token.end)
    if not year and (kind := _labelled(place, sentence)):
        return bare._replace(kind=kind, labelled=True)
    if not near or (token.value or 0) < 10 or year:
        return None
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    close = {cue.tag for cue in signs if 0 <= cue.start - token.end <= 14}
    if here and not close & _PLANNED and _out_of(place, sentence):
        return bare._replace(kind="authorised")
    if close & (_SENT | _PLANNED):
        return bare
    if following is not None and following.text in numbers.relative:  # "a thousand that the president promised"
        return bare if any(token.end < cue.start <= token.end + 60 and cue.tag in _PLANNED for cue in signs) else None
    if following is None or following.kind == "stop":  # "The ceiling is 5,550.", "they are 150, of whom"
        return bare if (token.value or 0) >= _SOME else None
    return None


def _labelled(place: int, sentence: Sentence) -> FigureKind | None:
    """What a word right before a number that counts nothing else says: "Ceiling: 5,550", "promised on paper: 7,500"."""
    tokens, text = sentence.tokens, sentence.reading.document.text
    token = tokens[place]
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    if (token.value or 0) < _SOME:
        return None
    ends = following is None or following.kind in ("stop", "number")
    for cue in reversed(sentence.signs):
        between = text[cue.end : token.start]
        promise = between in _OF and cue.tag == "kind:pledged" and following is not None
        if not ends and not (promise and following is not None and not following.text.endswith("s")):
            continue
        if cue.end <= token.start and cue.tag in _LABELS and len(between) <= _LABEL and not _PARTS.search(between):
            kind: FigureKind = cue.tag[5:]  # type: ignore[assignment]
            return kind
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


def _unit(place: int, sentence: Sentence) -> Counted | None:
    """The unit after the number, else before it, else the body "of 200"."""
    tokens, numbers, text = sentence.tokens, sentence.reading.numbers, sentence.reading.document.text
    token = tokens[place]
    year = _is_year(token)
    unit = _unit_after(place, year, sentence)
    if unit is None and not year:  # "410 of the 2,500 officers": the unit stands after the whole
        ahead = [at for at in range(place + 2, min(place + 4, len(tokens))) if tokens[at].value is not None]
        if ahead and _out_of(ahead[0], sentence):
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


def _is_year(token: Token) -> bool:
    return token.text.isdigit() and 1900 <= (token.value or 0) <= 2100


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
        if unit and not (year and distance) and not (after.text in numbers.many and (token.value or 0) < _MANY):
            return Counted(unit, token.start, after.end)
    return None


def _out_of(place: int, sentence: Sentence) -> bool:
    """Whether the number is the whole of another: "of the 2,500", "sur 2 500", "kati ya 1,000"."""
    tokens = sentence.tokens
    if tokens[place].value is None or place < 2:
        return False
    words = [before.text for before in tokens[max(0, place - 3) : place] if before.value is None]
    return any(" ".join(words[-length:]) in sentence.reading.numbers.out_of for length in range(1, len(words) + 1))


def _brought_to(place: int, sentence: Sentence) -> Counted | None:
    """The number at the end of "brings the number of officers in Haiti to 600"."""
    tokens, numbers = sentence.tokens, sentence.reading.numbers
    token = tokens[place]
    if not place or tokens[place - 1].text not in numbers.reaching:
        return None
    total = next((cue for cue in sentence.signs if cue.tag == "kind:total" and cue.end <= token.start), None)
    if total is None:
        return None
    for between in tokens[:place]:
        people = numbers.unit_of(between.text) == "personnel" or between.text in numbers.groups
        if between.start >= total.start and people:
            return Counted("personnel", token.start, token.end)
    return None


def _of(end: int, sentence: Sentence) -> Mention | None:
    """The country that the counted noun belongs to, right after it."""
    document = sentence.reading.document
    for mention in sentence.senders:
        if mention.start >= end:
            words = document.words(end, mention.start)
            near = 1 <= len(words) <= 3 and words[-1] in sentence.reading.numbers.of
            return mention if near and "," not in document.text[end : mention.start] else None
    return None
