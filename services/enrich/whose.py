"""Whose people a figure counts: the country of the clause, of the sentences before, of the leader who speaks."""

from schemas.messages import Figure, FigureKind
from services.enrich.counted import Counted
from services.enrich.cues import Cue
from services.enrich.mentions import Mention
from services.enrich.numbers import folded_words
from services.enrich.parts import is_part
from services.enrich.sentence import Reading, Sentence
from services.enrich.tokens import AND, Token

_NEXT = 5  # words that an "and" before a country counts as
_BODY = 6  # words from a force to the number of its people
_BESIDE = 34  # characters from a number to the country that it is of
SENDERS_KINDS = frozenset(("arrived", "deployed", "pledged"))


def country_of(place: int, kind: FigureKind, unit: str, what: Counted, sentence: Sentence) -> str | None:
    """The country of a figure; None where it is nobody's or the whole force's."""
    reading, token = sentence.reading, sentence.tokens[place]
    mentions = reading.mentions
    if unit == "people":
        span = reading.document.sentences[sentence.number]
        named = {m.tag[8:] for m in mentions.countries if span.start <= m.start < span.end}
        if kind == "other" or len(mentions.hosts) != 1:
            return None
        return next(iter(mentions.hosts)) if not named or named & mentions.hosts else None
    if what.owner is not None:
        return what.owner.tag[8:]
    if (what.labelled and kind != "pledged") or (
        kind == "authorised" and sentence.tokens[place].value in reading.numbers.strengths
    ):
        return None
    if ours := next((m for m in mentions.countries if what.start <= m.start and m.end <= what.end), None):
        return ours.tag[8:]  # "two Haitian officers": of the host country too
    inside = [mention for mention in sentence.senders if _free(mention, place, sentence)]
    about = _body_before(token, sentence) if kind != "pledged" else 0
    if about and not any(about <= mention.start < token.start for mention in inside):
        inside = [mention for mention in inside if token.end <= mention.start]
    if any(
        word.text in reading.numbers.foreign
        for word in sentence.tokens[place + 1 : place + 4]
        if word.start < what.end + 20
    ):
        return None
    reach = 6 if kind in ("authorised", "total") else 16
    verbs = [cue for cue in sentence.signs if cue.tag[5:] in SENDERS_KINDS] if kind in SENDERS_KINDS else []
    found = _nearest(token, inside, reach, sentence, verbs)
    if found or kind not in SENDERS_KINDS:
        return found
    inside = [mention for mention in inside if not _carries(mention, reading)]
    if len({mention.tag for mention in inside}) == 1:
        return inside[0].tag[8:]
    if not sentence.senders and not about and (speakers := leaders(sentence)):
        return speakers[0]
    groups = reading.numbers.groups
    body = what.end == token.end or any(word.text in groups for word in sentence.tokens[max(0, place - 3) : place])
    whole = any(cue.end <= token.start for cue in reading.cues.of(sentence.number, "bodies"))  # "the force has 1,000"
    if sentence.senders or sentence.led or (kind == "deployed" and (whole or not body)):
        return None
    return _earlier(token, sentence)


def same_again(place: int, kind: FigureKind, what: Counted, sentence: Sentence, told: list[Figure]) -> str | None:
    """The country of the last figure, where the text goes on with it: "another 150", "600 officers of that country".

    told: figures, the latest of this sentence first sought.
    """
    numbers, document = sentence.reading.numbers, sentence.reading.document
    country = next((figure.country for figure in told if figure.country), None)
    around = sentence.tokens[max(0, place - 2) : place + 3]
    more = kind in SENDERS_KINDS and any(
        token.text in numbers.more(sentence.reading.cues.language) for token in around if token.kind == "word"
    )
    behind = document.folded_between(what.end, min(len(document.text), what.end + _BESIDE))
    return country if more or any(words in behind for words in numbers.same_country) else None


def _body_before(token: Token, sentence: Sentence) -> int:
    """Where a force or mission stands last before the number, as its subject: "the force has 1,000 officers"."""
    reading = sentence.reading
    bodies = [m.start for m in reading.mentions.missions] + [
        c.start for c in reading.cues.of(sentence.number, "bodies")
    ]
    span = reading.document.sentences[sentence.number]
    return max(
        (
            at
            for at in bodies
            if span.start <= at < token.start and len(reading.document.words(at, token.start)) <= _BODY
        ),
        default=0,
    )


def beside(place: int, sentence: Sentence) -> bool:
    """Whether a country stands within a few words after the number, with no other number between."""
    token = sentence.tokens[place]
    stop = next((sentence.tokens[at].start for at in sentence.valued if at > place), token.end + _BESIDE)
    return any(token.end <= mention.start < min(stop, token.end + _BESIDE) for mention in sentence.senders)


def _free(mention: Mention, place: int, sentence: Sentence) -> bool:
    """Whether the country can be this number's: not another's that it stands right after, or that comes before it."""
    document, tokens, copulas = sentence.reading.document, sentence.tokens, sentence.reading.numbers.copulas
    token = tokens[place]
    for at in sentence.valued:
        other = tokens[at]
        if at == place or not other.value or other.end > mention.start:
            continue
        between = folded_words(document.text[other.end : mention.start])
        apart = any(sign in document.text[other.end : mention.start] for sign in ",;:.")
        if not apart and between not in AND and (len(between.split()) <= 1 or between in copulas):
            return False
        if token.end <= other.start and not is_part(at, sentence):
            return False
    return True


def leaders(sentence: Sentence) -> list[str]:
    """The countries of the people whom a sentence names: "Ruto promised a thousand officers"."""
    mentions = sentence.reading.mentions
    span = sentence.reading.document.sentences[sentence.number]
    named = [m.tag for m in mentions.entities if m.sense.kind == "person" and span.start <= m.start < span.end]
    countries = [sentence.reading.numbers.entries[tag].country for tag in named]
    return [country for country in countries if country and country not in mentions.hosts]


def _earlier(token: Token, sentence: Sentence) -> str | None:
    """The country whose force the last sentences are about, or the only one in them that is known to send any."""
    reading = sentence.reading
    known: set[str] = set()
    for mention in reversed(reading.senders):
        at = reading.document.sentence_at(mention.start)
        if mention.start < token.start and sentence.number - at <= 2:
            for force in reading.cues.of(at, "force"):
                low, high = min(mention.end, force.end), max(mention.start, force.start)
                if len(reading.document.words(low, high)) <= 3:
                    return mention.tag[8:]
            if mention.tag[8:] in reading.numbers.senders:
                known.add(mention.tag[8:])
    return known.pop() if len(known) == 1 else None


def _carries(mention: Mention, reading: Reading) -> bool:
    """Whether the country only lends what the force comes in or meets: "a US military plane", "the US embassy"."""
    document = reading.document
    after = document.words(mention.end, min(len(document.text), mention.end + 30))[:3]
    before = document.words(max(0, mention.start - 30), mention.start)[-3:]
    return any(word in reading.numbers.carriers for word in (*after, *before))


def _nearest(token: Token, inside: list[Mention], reach: int, sentence: Sentence, verbs: list[Cue]) -> str | None:
    """The country of the clause: right after the number ("400 Kenyan officers"), else the nearest before or after.

    verbs: of sending; a country before one and the number after it belong together also from farther away.
    """
    reading, text = sentence.reading, sentence.reading.document.text
    best: tuple[float, str] | None = None
    listed = False
    for mention in inside:
        if mention.start >= token.end:
            between = text[token.end : mention.start]
            distance = len(between.split()) * (1.0 if len(between.split()) <= 1 else 1.6)
            if folded_words(between) in AND:
                distance += _NEXT  # "Guatemala 150 and El Salvador 78"
        else:
            between = text[mention.end : token.start]
            distance = len(between.split()) * 1.1
            if any(mention.end <= sign.start and sign.end <= token.start for sign in verbs):
                distance *= 0.6  # "Bangladesh, which had been there before, said it would send 1,500"
        distance += 3 * sum(between.count(sign) for sign in ",;:")
        if between.startswith(" (") and ")" not in between:
            distance = 0.0  # "Senegal (350), Burundi (250)"
        if distance <= reach and (best is None or distance < best[0]) and not _carries(mention, reading):
            best = (distance, mention.tag[8:])
            listed = (
                distance > 0
                and mention.end <= token.start
                and any(other.tag != mention.tag and 0 <= mention.start - other.end <= 12 for other in inside)
            )
    return best[1] if best and not listed else None
