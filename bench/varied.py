"""Enriched items by the hundred thousand, each of another text of 3 KB: quick to make, and no two near-duplicates.

Sentences of the demo's articles in an order of each item's own, with words made up between them, a few frequent and
most rare, as names are. Tags are those of a real article of the language; their evidence points into that one.
"""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec

from bench import texts
from schemas.identity import content_hash, digest
from schemas.messages import EnrichedItem
from services.enrich.gazetteer import load
from services.enrich.tag import Tagger

TAGGED = 30  # real articles of a kind and a language whose tags are given out
MADE_UP = 60_000  # words
APART = 3  # made-up words after a sentence
OUTLETS = 400
NOW = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = 365  # that the items are spread over
SYLLABLES = [consonant + vowel for consonant in "bcdfgjklmnprstvz" for vowel in ("a", "e", "i", "o", "u", "an", "or")]
_SENTENCE = re.compile(r"(?<=[.!?”»])\s+")


def items(number: int, *, relevant_of_ten: int, run: str, at: datetime | None = None) -> Iterator[EnrichedItem]:
    """`number` items in the mix of languages; of any ten in a row, `relevant_of_ten` are relevant.

    run: what makes them other items than another run's. at: when all were fetched; default spread over a year.
    """
    chance = random.Random(run)
    for place in range(number):
        kind = _tagged(texts.LANGUAGES[place % len(texts.LANGUAGES)], place % 10 < relevant_of_ten)
        model = kind[chance.randrange(len(kind))]
        title, text = f"{model.title} {_made_up(chance, 2)}", _text(model.language, chance)
        fetched_at = at or NOW - timedelta(seconds=chance.uniform(0, DAYS * 86_400))
        url = f"https://bench.example/{run}/{place}"
        yield msgspec.structs.replace(
            model,
            item_id=digest(run, str(place)),
            feed_id=f"outlet-{int(OUTLETS * chance.random() ** 2)}",
            url=url,
            canonical_url=url,
            entry_id=url,
            title=title,
            text=text,
            fetched_at=fetched_at,
            published_at=fetched_at - timedelta(minutes=chance.randrange(1, 60)),
            content_hash=content_hash(title, "", text, url),
            trace_id=digest("trace", url),
        )


def revised(item: EnrichedItem) -> EnrichedItem:
    """The item's next revision: another title."""
    title = f"{item.title} (updated)"
    hashed = content_hash(title, item.summary, item.text, item.url)
    return msgspec.structs.replace(item, title=title, revision=item.revision + 1, content_hash=hashed)


@cache
def _tagged(language: str, relevant: bool) -> list[EnrichedItem]:
    tagger = Tagger(load())
    step, place = len(texts.LANGUAGES), texts.LANGUAGES.index(language)
    written = texts.items(TAGGED * step, relevant_of_ten=10 if relevant else 0)[place::step]
    # The kind is what was wanted, whatever the tagger makes of an article cut in pieces.
    return [msgspec.structs.replace(tagger.tag(item), relevant=relevant, language=language) for item in written]


@cache
def _sentences(language: str) -> list[str]:
    found = {
        sentence.strip()
        for relevant in (True, False)
        for item in _tagged(language, relevant)
        for sentence in _SENTENCE.split(item.text)
    }
    return sorted(sentence for sentence in found if 30 < len(sentence) < 400)


@cache
def _words() -> list[str]:
    chance = random.Random(2793)
    return ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(MADE_UP)]


def _made_up(chance: random.Random, number: int) -> str:
    words = _words()
    return " ".join(words[int(MADE_UP * chance.random() ** 3)] for _ in range(number))


def _text(language: str, chance: random.Random) -> str:
    sentences = _sentences(language)
    parts: list[str] = []
    size = 0
    while size < texts.BYTES:
        parts.append(f"{chance.choice(sentences)} {_made_up(chance, APART).capitalize()}.")
        size += len(parts[-1]) + 1
    return " ".join(parts)
