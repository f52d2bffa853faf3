"""A number with no noun beside it that counts a force's people: a word or what was counted before says so."""

import re

from schemas.messages import FigureKind
from services.enrich.counted import Counted
from services.enrich.cues import Cue
from services.enrich.mentions import Mention
from services.enrich.numbers import folded_words
from services.enrich.parts import in_change, out_of
from services.enrich.sentence import Sentence
from services.enrich.tokens import AND, Token

_CLAUSE = 6  # words from a country to the number that its clause ends with
_FEW = 10  # fewer are no figure
_SOME = 50  # people, at least, where nothing follows the number
_NEXT = 26  # characters to a verb after it: "1,000 were actually deployed"
_SENT = frozenset(("kind:arrived", "kind:deployed", "kind:pledged", "kind:total"))
_PLANNED = frozenset(("kind:pledged", "kind:authorised"))
_LABELS = frozenset(("kind:deployed", "kind:pledged", "kind:authorised", "kind:total", "kind:arrived"))
_LABEL = 26  # characters from such a word to its number
_OF = frozenset((" of ", " de ", " d'", " d’", " ya "))  # "the promise of 200 made in March"; not "of 200 lorries"
_PARTS = re.compile(r"[.;,!?\d]|[$€£%]")


def bare_number(place: int, sentence: Sentence, here: bool, near: bool) -> Counted | None:
    """A number with no noun beside it, where a word or what was counted before says what it counts."""
    tokens, signs, numbers = sentence.tokens, sentence.signs, sentence.reading.numbers
    token = tokens[place]
    bare = Counted("personnel", token.start, token.end)
    owner = subject(place, sentence)
    if kind := _labelled(place, sentence):
        return bare._replace(kind=kind, owner=owner, labelled=True)
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    if following is not None and following.text in numbers.blockers:
        return None
    if in_change(place, sentence) and (near or _speaks_of_people(sentence)):
        return bare
    close = {cue.tag for cue in signs if 0 <= cue.start - token.end <= _NEXT}
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
    coordinated = here and _goes_with(place, sentence)
    said = (
        coordinated
        or (place and tokens[place - 1].text in more)
        or any(cue.tag in _SENT and _just_before(cue, token, sentence) for cue in signs)
    )
    return bare._replace(owner=owner) if goes_on and (owner or said) else None


def _goes_with(place: int, sentence: Sentence) -> bool:
    """Whether the number is coordinated with one before: "400 officers in June and more than 200 in July"."""
    at = place - 1
    while at > 0 and sentence.tokens[at].text in sentence.reading.numbers.approximate_words:
        at -= 1
    return at > 0 and sentence.tokens[at].text in AND


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


def subject(place: int, sentence: Sentence) -> Mention | None:
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
