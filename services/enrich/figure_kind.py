"""What a counted number says of its people: arrived, deployed, pledged, authorised, in total, or what befell them."""

from bisect import bisect_left
from operator import attrgetter

from schemas.messages import Figure, FigureKind
from services.enrich.counted import Counted
from services.enrich.cues import Cue
from services.enrich.numbers import folded_words
from services.enrich.parts import is_part
from services.enrich.sentence import Sentence
from services.enrich.tokens import AND

PREFERRED: tuple[FigureKind, ...] = (
    "killed", "injured", "displaced", "arrived", "pledged", "authorised", "deployed", "total", "other", "funding",
)  # fmt: skip
_PEOPLE_KINDS = frozenset(("killed", "injured", "displaced", "other", "total"))
_VICTIMS = frozenset(("killed", "injured", "displaced"))
_GOES_ON = frozenset(("arrived", "deployed", "pledged"))
_HEADS: tuple[tuple[FigureKind, int], ...] = (("pledged", 5), ("authorised", 4))  # characters to the verb
_AS_MANY_AS = frozenset(("as", "many", "up"))
_NEAR_BARE = 8  # words to the cue, where nothing stands beside the number that is counted
_CLAUSE = 6  # words that the start of another clause counts as
_NOUN = 6  # ... and a noun of sending, which says less than the verb
_ASIDE = 3  # words from a part to its verb
_NUMBER = 8  # ... and another number on the way
_START = attrgetter("start")
_FAR = 14  # words from a number to the word that says what it is


def kind_of(place: int, unit: str, what: Counted, sentence: Sentence, here: list[Figure]) -> FigureKind:
    """The kind whose cue is nearest; a comma counts as five words, another number before the cue as eight.

    here: what the sentence has stated so far; a clause without a verb has that of the one before it.

    "Total" is the kind only where nothing else is: "sent a total of 200", "a total of 20 were killed".
    """
    tokens, numbers = sentence.tokens, sentence.reading.numbers
    words = [before.text for before in tokens[max(0, place - 5) : place]]
    while words and (words[-1] in numbers.approximate or words[-1] in _AS_MANY_AS):
        words.pop()
    words = words[-2:]
    if unit == "personnel" and (" ".join(words) in numbers.growing or " ".join(words[-1:]) in numbers.growing):
        return "authorised"
    if unit == "personnel" and (said := _relative(what, sentence)):
        return said
    reach = _NEAR_BARE if (what.start, what.end) == (tokens[place].start, tokens[place].end) else _FAR
    best: tuple[float, int, FigureKind] | None = None
    best_cue = Cue(0, 0, "")
    for cue in sentence.signs:
        kind: FigureKind = cue.tag[5:]  # type: ignore[assignment]
        if (unit == "people" and kind not in _PEOPLE_KINDS) or (unit == "personnel" and kind == "displaced"):
            continue
        distance = _distance(place, what, cue, sentence)
        ranked = (distance + (_FAR if kind == "total" else 0), PREFERRED.index(kind), kind)
        if distance <= reach and (best is None or ranked < best):
            best, best_cue = ranked, cue
    if best is None or (best[2] == "total" and here):
        return _unsaid(unit, what, sentence, here) if best is None or what.owner else best[2]
    if best[2] == "deployed" and (hung := _hangs_on(best_cue, sentence)):
        return hung
    if best[2] == "arrived" and best_cue.end <= what.start and _joined(best_cue, sentence):
        return "deployed"
    return best[2]


def _distance(place: int, what: Counted, cue: Cue, sentence: Sentence) -> float:
    """Words between what is counted and a cue; what parts clauses counts as more."""
    tokens, start, end = sentence.tokens, what.start, what.end
    if start <= cue.start < end:
        return 0.0
    low, high = (cue.end, start) if cue.end <= start else (end, cue.start)
    between = sentence.reading.document.text[low:high]
    distance = len(between.split()) + 5 * sum(between.count(sign) for sign in ",;:")
    numbers = sentence.reading.numbers
    if cue.end <= start and folded_words(sentence.reading.document.text[cue.start : cue.end]) in numbers.sendings:
        distance += _NOUN
    for at in range(bisect_left(tokens, low, key=_START), len(tokens)):
        other = tokens[at]
        if other.end > high:
            break
        if other.text in numbers.clauses:
            distance += _CLAUSE
        elif other.value is not None and low == end and not is_part(at, sentence):
            distance += 1 if tokens[at - 1].text in AND else _NUMBER
    return distance + (_NUMBER if _is_of_another(place, cue, sentence) else 0)


def _is_of_another(place: int, cue: Cue, sentence: Sentence) -> bool:
    """Whether the word stands right beside another number: "the 2,500 officers planned", "out of a promised 170"."""
    text, tokens = sentence.reading.document.text, sentence.tokens
    for at in sentence.valued:
        other = tokens[at]
        if at == place:
            continue
        if other.end <= cue.start and (tokens[place].end <= other.start or cue.end <= tokens[place].start):
            gap = text[other.end : cue.start]
            if len(gap.split()) <= (_ASIDE if is_part(at, sentence) else 1) and not any(sign in gap for sign in ",;:."):
                return cue.end <= tokens[place].start or is_part(at, sentence)
        if 0 <= other.start - cue.end <= 1 and tokens[place].end <= cue.start:
            return True
    return False


def _relative(what: Counted, sentence: Sentence) -> FigureKind | None:
    """What a clause right after the people says of them: "2,000 soldiers that the president has promised"."""
    document = sentence.reading.document
    words = document.words(what.end, min(len(document.text), what.end + 15))
    if not words or words[0].decode() not in sentence.reading.numbers.relative:
        return None
    for cue in sentence.signs:
        if what.end < cue.start <= what.end + 60 and cue.tag in ("kind:pledged", "kind:authorised"):
            kind: FigureKind = cue.tag[5:]  # type: ignore[assignment]
            return kind
    return None


def _hangs_on(cue: Cue, sentence: Sentence) -> FigureKind | None:
    """What the verb of sending hangs on: "promised to send", "a proposé d'envoyer", "autorizó el despliegue"."""
    for kind, reach in _HEADS:
        if any(
            0 <= cue.start - head.end <= reach for head in sentence.reading.cues.of(sentence.number, f"kind:{kind}")
        ):
            return kind
    return None


def is_strength(place: int, what: Counted, kind: FigureKind, sentence: Sentence) -> bool:
    """Whether the number is what a mission is known to be allowed, and nothing tells of a promise or a country."""
    numbers, text = sentence.reading.numbers, sentence.reading.document.text
    if sentence.tokens[place].value not in numbers.strengths or what.owner or kind in _VICTIMS:
        return False
    said = [text[cue.start : cue.end] for cue in sentence.signs if cue.tag == "kind:pledged"]
    promise = any(folded_words(words).split()[-1].startswith(numbers.promises) for words in said)
    return kind != "pledged" or not promise


def _unsaid(unit: str, what: Counted, sentence: Sentence, here: list[Figure]) -> FigureKind:
    """The kind where no word says it: that of the clause before, else what is known of the country."""
    if unit != "personnel":
        return "other"
    if here and here[-1].kind in _GOES_ON and what.owner:
        return here[-1].kind
    return "total"


def _joined(cue: Cue, sentence: Sentence) -> bool:
    """Whether it is said of newcomers, so that those counted after it were there before them: "joined 400 Kenyans"."""
    return folded_words(sentence.reading.document.text[cue.start : cue.end]).startswith(sentence.reading.numbers.joined)
