"""Saved searches to measure with, as people write them: names and words of the field, mostly with a country."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from random import Random
from typing import Final

from deploy.demo import articles
from services.index.query import Query
from services.index.searches import SavedSearch

AT: Final = datetime(2026, 1, 2, tzinfo=UTC)
KNOWN: Final = 0.2  # of all words
SHORTEST: Final = 5  # letters of a word that somebody would look for
COUNTRIES: Final = ("KE", "JM", "SV", "GT", "BZ", "BS", "BJ", "TD", "BD", "US", "CA", "FR", "DO", "SN", "BB", "BI")
LANGUAGES: Final = ("en", "fr", "es", "pt", "sw", "ht")


def searches(number: int, *, seed: int = 2793, endpoint_id: str | None = None) -> list[SavedSearch]:
    """Return that many, the same for the same seed.

    Of a hundred some 30 are words, 25 phrases, 25 lists of alternatives, 12 words with one excluded or with a
    beginning, 8 fields and pairs; 60 have countries, 15 languages. A fifth of the words (KNOWN) are of the articles
    that items are made from (texts.py), the others occur in none: people look for more than what is in the news.
    """
    chance = Random(seed)
    return [_search(chance, place, endpoint_id) for place in range(number)]


def _search(chance: Random, place: int, endpoint_id: str | None) -> SavedSearch:
    query = Query(
        text=_text(chance),
        countries=chance.sample(COUNTRIES, chance.choice([1, 1, 1, 2, 3])) if chance.random() < 0.6 else [],
        languages=chance.sample(LANGUAGES, chance.choice([1, 2])) if chance.random() < 0.15 else [],
    )
    name = f"bench-{place:06}"
    return SavedSearch(search_id=name, name=name, query=query, endpoint_id=endpoint_id, created_at=AT, updated_at=AT)


def _text(chance: Random) -> str:
    forms: list[Callable[[Random], str]] = [_words, _phrase, _alternatives, _with_other, _fields]
    return chance.choices(forms, (30, 25, 25, 12, 8))[0](chance)


def _words(chance: Random) -> str:
    return " ".join(_word(chance) for _ in range(chance.choice([1, 2, 2, 3])))


def _phrase(chance: Random) -> str:
    said = chance.choice(_vocabulary()[1])
    return f'"{said}"' if chance.random() < KNOWN else f'"{said.split()[0]} {_word(chance)}"'


def _alternatives(chance: Random) -> str:
    several = " OR ".join(chance.choice([_word, _word, _phrase])(chance) for _ in range(chance.randint(2, 6)))
    return several if chance.random() < 0.5 else f"({several}) {_word(chance)}"


def _with_other(chance: Random) -> str:
    return chance.choice([f"{_words(chance)} -{_word(chance)}", f"{_word(chance)[:5]}* {_word(chance)}"])


def _fields(chance: Random) -> str:
    country = chance.choice(COUNTRIES)
    return chance.choice(
        [
            f"contributor:{country} {_word(chance)}",
            f"event:arrival country:{country}",
            f"figure:(pledged country:{country} >{chance.choice((50, 100, 500))})",
            f"figure:killed {_word(chance)}",
            f"event:(arrival country:{country})",
            f"title:{_word(chance)}",
        ]
    )


def _word(chance: Random) -> str:
    if chance.random() < KNOWN:
        return chance.choice(_vocabulary()[0])
    return "".join(chance.choice(["ka", "lo", "mi", "ten", "ru", "sa", "vo", "ne"]) for _ in range(4))


@cache
def _vocabulary() -> tuple[list[str], list[str]]:
    """The words of the demo's articles about the mission, and pairs of words that stand together in them."""
    words: set[str] = set()
    pairs: set[str] = set()
    for feed in articles.load():
        for article in feed.articles:
            said = article.body.split() if article.relevant else []
            for one, following in pairwise(said):
                if one.isalpha() and following.isalpha() and len(one) >= SHORTEST:
                    words.add(one.lower())
                    pairs.add(f"{one} {following}")
    return sorted(words), sorted(pairs)
