"""What a number counts: people, or a force's people."""

import re
from typing import NamedTuple

from schemas.messages import FigureKind
from services.enrich.cues import Cue
from services.enrich.mentions import Mention
from services.enrich.numbers import folded_words
from services.enrich.parts import brought_to, in_change, is_year, out_of
from services.enrich.sentence import Sentence
from services.enrich.tokens import Token

_UNIT_REACH = 4  # words from a number to what it counts
_CLAUSE = 6  # words from a country to the number that its clause ends with
_FEW = 10  # fewer with no noun beside them are no figure
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
    numbers = sentence.reading.numbers
    token = sentence.tokens[place]
    year = is_year(place, sentence)
    found = _unit(place, sentence)
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
        owner = demonym or _of(found.end, sentence)
        if owner is None and found.end == token.end:  # "Sri Lanka a company of 130"
            owner = _subject(place, sentence)
        return found._replace(owner=owner)
    if here and (owner := _of(token.end, sentence)) is not None:
        return Counted("personnel", token.start, owner.end, owner)
    if victim := _victims(place, sentence):
        return None if year else victim
    return None if year else _bare(place, sentence, here, near)


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


def _bare(place: int, sentence: Sentence, here: bool, near: bool) -> Counted | None:
    """A number with no noun beside it, where a word or what was counted before says what it counts."""
    tokens, signs, numbers = sentence.tokens, sentence.signs, sentence.reading.numbers
    token = tokens[place]
    bare = Counted("personnel", token.start, token.end)
    owner = _subject(place, sentence)
    if kind := _labelled(place, sentence):
        return bare._replace(kind=kind, owner=owner, labelled=True)
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    if following is not None and following.text in numbers.blockers:
        return None
    if in_change(place, sentence) and (near or _speaks_of_people(sentence)):
        return bare
    close = {cue.tag for cue in signs if 0 <= cue.start - token.end <= 14}
    if not (near or (owner and close & (_SENT | _PLANNED))) or (token.value or 0) < _FEW:
        return None
    if _in_parentheses(place, tokens) and not (
        owner and sentence.reading.document.text[owner.end : token.start] == " ("
    ):
        return None
    if here and not close & _PLANNED and out_of(place, sentence):
        return bare._replace(kind="authorised")
    if close & (_SENT | _PLANNED):
        return bare
    if following is not None and following.text in numbers.relative:  # "a thousand that the president promised"
        return bare if any(token.end < cue.start <= token.end + 60 and cue.tag in _PLANNED for cue in signs) else None
    if following is None or following.kind == "stop":  # "The ceiling is 5,550.", "they are 150, of whom"
        return bare._replace(owner=owner) if owner or (token.value or 0) >= _SOME else None
    more = numbers.more(sentence.reading.cues.language)
    goes_on = following.value is not None or any(
        following.text in words for words in (numbers.joining, numbers.copulas, numbers.follows, more)
    )
    said = any(cue.tag in _SENT and _just_before(cue, token, sentence) for cue in signs)
    return bare._replace(owner=owner) if goes_on and (owner or said) else None


def _in_parentheses(place: int, tokens: list[Token]) -> bool:
    return 0 < place < len(tokens) - 1 and (tokens[place - 1].text, tokens[place + 1].text) == ("(", ")")


def _just_before(cue: Cue, token: Token, sentence: Sentence) -> bool:
    """Whether nothing but "about", "more than" parts a verb from a number."""
    words = folded_words(sentence.reading.document.text[cue.end : token.start]).split()
    return cue.end <= token.start and len(words) <= 3 and sentence.reading.numbers.approximate_words.issuperset(words)


def _speaks_of_people(sentence: Sentence) -> bool:
    """Whether it names a force, a contingent, officers."""
    numbers = sentence.reading.numbers
    return sentence.force or any(
        numbers.unit_of(token.text) == "personnel" or token.text in numbers.groups for token in sentence.tokens
    )


def _subject(place: int, sentence: Sentence) -> Mention | None:
    """The country of a clause without a verb or noun of its own: "Jamaica has 23", "Chad 800 and Benin 2,000"."""
    document, tokens = sentence.reading.document, sentence.tokens
    token = tokens[place]
    since = max((other.end for other in tokens[:place] if other.value is not None), default=0)
    inside = [m for m in sentence.senders if since <= m.start and m.end <= token.start]
    if not inside or (len(inside) > 1 and inside[-1].tag != inside[0].tag):
        return None
    between = document.text[inside[-1].end : token.start]
    return inside[-1] if len(between.split()) <= _CLAUSE and not _PARTS.search(between.replace(",", "", 1)) else None


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
            kinds = [cue.tag] + [  # "pledged a total of 200" is pledged
                verb.tag for verb in sentence.signs if 0 <= cue.start - verb.end <= 3 and verb.tag in _LABELS
            ]
            kind: FigureKind = kinds[-1][5:]  # type: ignore[assignment]
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
    year = is_year(place, sentence)
    before = tokens[place - 1] if place else None
    first = before is not None and before.text in numbers.unit_first and text[before.end : token.start] == " "
    if before is not None and first and not year:  # "askari 150 na ... wanajeshi 78"
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


def _of(end: int, sentence: Sentence) -> Mention | None:
    """The country that the counted noun belongs to, right after it."""
    document = sentence.reading.document
    for mention in sentence.senders:
        if mention.start >= end:
            words = document.words(end, mention.start)
            near = 1 <= len(words) <= 3 and words[-1] in sentence.reading.numbers.of
            return mention if near and not any(sign in document.text[end : mention.start] for sign in ",;:") else None
    return None
