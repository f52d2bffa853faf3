"""Whose a figure is: the country of the clause, of the sentences before, of the leader who speaks."""

from typing import NamedTuple

from schemas.messages import FigureKind
from services.enrich.counted import Counted
from services.enrich.cues import Cue, Cues
from services.enrich.document import Document
from services.enrich.mentions import Mention, Mentions
from services.enrich.numbers import Numbers, Token

SENDERS_KINDS = frozenset(("arrived", "deployed", "pledged"))


class Sentence(NamedTuple):
    """What a figure's sentence has. senders: its countries that are no host; force: it names a force or a mission.

    led: it names one "led by" a country, so that what nobody is named for is the whole force's.
    """

    number: int
    tokens: list[Token]
    senders: list[Mention]
    force: bool
    led: bool
    signs: list[Cue]


def payer(paid: Counted, sentence: Sentence, document: Document, mentions: Mentions, numbers: Numbers) -> str | None:
    """Whose money: "85 million from Canada", else the country since the last number or clause; else nobody's."""
    ahead = next((mention for mention in sentence.senders if mention.start >= paid.end), None)
    if ahead is not None:
        words = document.words(paid.end, ahead.start)
        if (
            1 <= len(words) <= 2
            and words[0] in numbers.of
            and words[0] != b"the"
            and "," not in document.text[paid.end : ahead.start]
        ):
            return ahead.tag[8:]
    behind = [token for token in sentence.tokens if token.end <= paid.start]
    stop = max((token.end for token in behind if token.value is not None or token.text in (";", ":")), default=0)
    since = [mention for mention in sentence.senders if stop <= mention.start and mention.end <= paid.start]
    if since:
        return since[-1].tag[8:]
    leaders = [] if sentence.senders else _leaders(sentence.number, document, mentions, numbers)
    return leaders[0] if leaders else None


def country_of(
    token: Token,
    kind: FigureKind,
    unit: str,
    what: Counted,
    sentence: Sentence,
    document: Document,
    mentions: Mentions,
    senders: list[Mention],
    cues: Cues,
    numbers: Numbers,
    place: int,
) -> str | None:
    if unit == "people":
        span = document.sentences[sentence.number]
        named = {m.tag[8:] for m in mentions.countries if span.start <= m.start < span.end}
        if kind == "other" or len(mentions.hosts) != 1:
            return None
        return next(iter(mentions.hosts)) if not named or named & mentions.hosts else None
    if what.owner is not None:
        return what.owner.tag[8:]
    if what.labelled and kind != "pledged":
        return None
    if ours := next((m for m in mentions.countries if what.start <= m.start and m.end <= what.end), None):
        return ours.tag[8:]  # "two Haitian officers": of the host country too
    inside = sentence.senders
    reach = 6 if kind in ("authorised", "total") else 16
    verbs = [cue for cue in sentence.signs if cue.tag[5:] in SENDERS_KINDS] if kind in SENDERS_KINDS else []
    found = _nearest(token, inside, reach, document, numbers, verbs)
    if found or kind not in SENDERS_KINDS:
        return found
    inside = [mention for mention in inside if not _carries(mention, document, numbers)]
    if len({mention.tag for mention in inside}) == 1:
        return inside[0].tag[8:]
    if not inside and (leaders := _leaders(sentence.number, document, mentions, numbers)):
        return leaders[0]
    body = what.end == token.end or any(
        word.text in numbers.groups for word in sentence.tokens[max(0, place - 3) : place]
    )
    whole = any(cue.end <= token.start for cue in cues.of(sentence.number, "bodies"))  # "the force has 1,000"
    if inside or sentence.led or (kind == "deployed" and (whole or not body)):
        return None
    return _earlier(token, sentence.number, senders, document, cues, numbers)


def _earlier(
    token: Token, number: int, senders: list[Mention], document: Document, cues: Cues, numbers: Numbers
) -> str | None:
    """The country whose force the last sentences are about, or the only one in them that is known to send any."""
    known: set[str] = set()
    for mention in reversed(senders):
        at = document.sentence_at(mention.start)
        if mention.start < token.start and number - at <= 2:
            for force in cues.of(at, "force"):
                low, high = min(mention.end, force.end), max(mention.start, force.start)
                if len(document.words(low, high)) <= 3:
                    return mention.tag[8:]
            if mention.tag[8:] in numbers.senders:
                known.add(mention.tag[8:])
    return known.pop() if len(known) == 1 else None


def _leaders(number: int, document: Document, mentions: Mentions, numbers: Numbers) -> list[str]:
    """The countries of the people whom a sentence names: "Ruto promised a thousand officers"."""
    span = document.sentences[number]
    named = [m.tag for m in mentions.entities if m.sense.kind == "person" and span.start <= m.start < span.end]
    countries = [numbers.entries[tag].country for tag in named]
    return [country for country in countries if country and country not in mentions.hosts]


def _carries(mention: Mention, document: Document, numbers: Numbers) -> bool:
    """Whether the country only lends what the force comes in or meets: "a US military plane", "the US embassy"."""
    after = document.words(mention.end, min(len(document.text), mention.end + 30))[:3]
    before = document.words(max(0, mention.start - 30), mention.start)[-3:]
    return any(word in numbers.carriers for word in (*after, *before))


def _nearest(
    token: Token, inside: list[Mention], reach: int, document: Document, numbers: Numbers, verbs: list[Cue]
) -> str | None:
    """The country of the clause: right after the number ("400 Kenyan officers"), else the nearest before or after.

    verbs: of sending; a country before one and the number after it belong together also from farther away.
    """
    best: tuple[float, str] | None = None
    listed = False
    for mention in inside:
        if mention.start >= token.end:
            between = document.text[token.end : mention.start]
            distance = len(between.split()) * (1.0 if len(between.split()) <= 1 else 1.6)
        else:
            between = document.text[mention.end : token.start]
            distance = len(between.split()) * 1.1
            if any(mention.end <= sign.start and sign.end <= token.start for sign in verbs):
                distance *= 0.6  # "Bangladesh, which had been there before, said it would send 1,500"
        distance += 3 * sum(between.count(sign) for sign in ",;:")
        if between.startswith(" (") and ")" not in between:
            distance = 0.0  # "Senegal (350), Burundi (250)"
        if distance <= reach and (best is None or distance < best[0]) and not _carries(mention, document, numbers):
            best = (distance, mention.tag[8:])
            listed = (
                distance > 0
                and mention.end <= token.start
                and any(other.tag != mention.tag and 0 <= mention.start - other.end <= 12 for other in inside)
            )
    return best[1] if best and not listed else None
