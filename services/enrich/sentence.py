"""A sentence with numbers, and the item around it, as the steps that read figures need them."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from services.enrich.cues import Cue, Cues
from services.enrich.document import Document
from services.enrich.mentions import Mention, Mentions
from services.enrich.numbers import Numbers
from services.enrich.tokens import Token, around_numbers, tokens_of


class Reading(NamedTuple):
    """What is known of an item. senders: mentions of countries that are no host, in order; police: ends of names."""

    document: Document
    mentions: Mentions
    cues: Cues
    numbers: Numbers
    senders: list[Mention]
    police: list[int]


class Sentence(NamedTuple):
    """What a figure's sentence has. senders: its countries that are no host; missions: those that it names.

    force: it names a force or a mission.
    led: it names one "led by" a country, so that what nobody is named for is the whole force's.
    signs: the words that decide a kind. valued: places of the tokens that are numbers.
    """

    reading: Reading
    number: int
    tokens: list[Token]
    valued: list[int]
    senders: list[Mention]
    missions: list[Mention]
    force: bool
    led: bool
    signs: list[Cue]


def sentences(document: Document, mentions: Mentions, cues: Cues, numbers: Numbers) -> Iterator[Sentence]:
    """The sentences that state numbers."""
    senders = [mention for mention in mentions.countries if mention.tag[8:] not in mentions.hosts]
    police = [m.end for m in mentions.entities if m.sense.kind == "organisation" and "police" in m.tag]
    reading = Reading(document, mentions, cues, numbers, senders, police)
    places = [mention.start for mention in reading.senders]
    missions: dict[int, list[Mention]] = {}
    for mention in mentions.missions:
        missions.setdefault(document.sentence_at(mention.start), []).append(mention)
    stated_at = numbers.places(document)
    signs = cues.starting("kind:")
    for number, span in enumerate(document.sentences):
        window = around_numbers(document, span, stated_at)
        if window is None:
            continue
        tokens = tokens_of(document.text, window, numbers, cues.language)
        valued = [place for place, token in enumerate(tokens) if token.value is not None]
        if not valued:
            continue
        led_by = cues.of(number, "led_by")
        inside = reading.senders[bisect_left(places, span.start) : bisect_left(places, span.end)]
        yield Sentence(
            reading,
            number,
            tokens,
            valued,
            _without_leads(inside, led_by, reading),
            missions.get(number, []),
            number in missions or bool(cues.of(number, "force")),
            bool(led_by),
            _outermost(signs.get(number, [])),
        )


def _without_leads(senders: list[Mention], led_by: list[Cue], reading: Reading) -> list[Mention]:
    """Without the countries of "Kenya-led" and "led by Kenya": what such a force has is not theirs alone."""
    return [
        mention
        for mention in senders
        if not any(0 <= cue.start - mention.end <= 1 or 0 <= mention.start - cue.end <= 5 for cue in led_by)
        or any(_acts(word, reading) for word in reading.document.words(mention.end, mention.end + 12)[:1])
    ]


def _acts(word: bytes, reading: Reading) -> bool:
    """Whether the text goes on with what a leading country has or does: "led by Kenya, which sent 400"."""
    return word in reading.numbers.withs or word.decode() in reading.numbers.relative


def _outermost(signs: list[Cue]) -> list[Cue]:
    """Of cues that overlap the longest: "on the way" is no "way"; those over the same words all."""
    kept: list[Cue] = []
    for cue in sorted(signs, key=lambda cue: (cue.start, -cue.end)):
        if not kept or cue.start >= kept[-1].end or (cue.start, cue.end) == (kept[-1].start, kept[-1].end):
            kept.append(cue)
    return kept
