"""Whose people a figure counts: the country of the clause, of the sentences before, of the leader who speaks."""

from schemas.messages import Figure, FigureKind
from services.enrich.claims import body_before, carries, claimants
from services.enrich.counted import Counted
from services.enrich.cues import Cue
from services.enrich.mentions import Mention
from services.enrich.sentence import Sentence
from services.enrich.tokens import Token

SENDERS_KINDS = frozenset(("arrived", "deployed", "pledged"))
_BESIDE = 34  # characters from a number to the country that it is of
_FAR, _SHORT = 16, 6  # words from a number to its country


def country_of(place: int, kind: FigureKind, unit: str, what: Counted, sentence: Sentence) -> str | None:
    """The country of a figure; None where it is nobody's or the whole force's."""
    reading, token, tokens = sentence.reading, sentence.tokens[place], sentence.tokens
    mentions, numbers = reading.mentions, reading.numbers
    if unit == "people":
        return _victims_country(kind, sentence)
    if what.owner is not None:
        return what.owner.tag[8:]
    if (what.labelled and kind != "pledged") or (kind == "authorised" and token.value in numbers.strengths):
        return None
    if ours := next((m for m in mentions.countries if what.start <= m.start and m.end <= what.end), None):
        return ours.tag[8:]  # "two Haitian officers": of the host country too
    beside_it = [word for word in tokens[place + 1 : place + 4] if word.start < what.end + 20]
    if any(word.text in numbers.foreign for word in beside_it):
        return None
    free = [m for m in claimants(place, kind == "pledged", sentence) if not carries(m, reading)]
    sends = kind in SENDERS_KINDS
    verbs = [cue for cue in sentence.signs if cue.tag[5:] in SENDERS_KINDS] if sends else []
    found = _nearest(token, free, _FAR if sends else _SHORT, sentence, verbs)
    if found or not sends:
        return found
    if len({mention.tag for mention in free}) == 1:
        return free[0].tag[8:]
    body = body_before(token, sentence) if kind != "pledged" else 0
    if not free and not body and (speakers := leaders(sentence)):
        return speakers[0]
    group = what.end == token.end or any(word.text in numbers.groups for word in tokens[max(0, place - 3) : place])
    whole = any(cue.end <= token.start for cue in reading.cues.of(sentence.number, "bodies"))  # "the force has 1,000"
    if sentence.senders or sentence.led or (kind == "deployed" and (whole or not group)):
        return None
    return _earlier(token, sentence)


def _victims_country(kind: FigureKind, sentence: Sentence) -> str | None:
    """The host's, where the sentence names it or no country."""
    mentions, span = sentence.reading.mentions, sentence.reading.document.sentences[sentence.number]
    named = {m.tag[8:] for m in mentions.countries if span.start <= m.start < span.end}
    if kind == "other" or len(mentions.hosts) != 1:
        return None
    return next(iter(mentions.hosts)) if not named or named & mentions.hosts else None


def same_again(place: int, kind: FigureKind, what: Counted, sentence: Sentence, told: list[Figure]) -> str | None:
    """The country of the last figure, where the text goes on with it: "another 150", "the 20 soldiers", "of that
    country".

    told: figures, the latest first.
    """
    reading, tokens = sentence.reading, sentence.tokens
    numbers, document = reading.numbers, reading.document
    country = next((figure.country for figure in told if figure.country), None)
    behind = document.folded_between(what.start, min(len(document.text), what.end + _BESIDE))
    if numbers.same_country.search(behind):
        before = [m.tag[8:] for m in reading.senders if m.end <= tokens[place].start]
        return country or (before[-1] if before else None)
    if kind not in SENDERS_KINDS or {m.tag[8:] for m in sentence.senders} - {country}:
        return None
    more = numbers.more(reading.cues.language)
    going_on = any(token.text in more for token in tokens[max(0, place - 2) : place + 3] if token.kind == "word")
    return country if going_on or (place and tokens[place - 1].text in numbers.articles) else None


def beside(place: int, sentence: Sentence) -> bool:
    """Whether a country stands within a few words after the number, with no other number between."""
    token = sentence.tokens[place]
    stop = next((sentence.tokens[at].start for at in sentence.valued if at > place), token.end + _BESIDE)
    return any(token.end <= mention.start < min(stop, token.end + _BESIDE) for mention in sentence.senders)


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


def _nearest(token: Token, inside: list[Mention], reach: int, sentence: Sentence, verbs: list[Cue]) -> str | None:
    """The country of the clause: right after the number ("400 Kenyan officers"), else the nearest before or after.

    verbs: of sending; a country before one and the number after it belong together also from farther away.
    """
    text = sentence.reading.document.text
    best: tuple[float, str] | None = None
    listed = False
    for mention in inside:
        if mention.start >= token.end:
            between = text[token.end : mention.start]
            distance = len(between.split()) * (1.0 if len(between.split()) <= 1 else 1.6)
        else:
            between = text[mention.end : token.start]
            distance = len(between.split()) * 1.1
            if any(mention.end <= sign.start and sign.end <= token.start for sign in verbs):
                distance *= 0.6  # "Bangladesh, which had been there before, said it would send 1,500"
        distance += 3 * sum(between.count(sign) for sign in ",;:")
        if between.startswith(" (") and ")" not in between:
            distance = 0.0  # "Senegal (350), Burundi (250)"
        if distance <= reach and (best is None or distance < best[0]):
            best = (distance, mention.tag[8:])
            listed = (
                distance > 0
                and mention.end <= token.start
                and any(other.tag != mention.tag and 0 <= mention.start - other.end <= 12 for other in inside)
            )
    return best[1] if best and not listed else None
