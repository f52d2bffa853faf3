"""Items to measure with: the demo's articles of a language joined and cut to 3 KB, each item a different text."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import count, islice

from deploy.demo import articles
from schemas.identity import content_hash, digest
from schemas.messages import RawItem

BYTES = 3_000  # of text, UTF-8
LANGUAGES = ("en", "fr", "es", "pt", "sw", "ht")


def items(number: int, *, relevant_of_ten: int, run: str = "bench") -> list[RawItem]:
    """`number` items in the mix of languages; of any ten in a row, `relevant_of_ten` are about the mission."""
    kinds = {relevant: _endless(run, relevant=relevant) for relevant in (True, False)}
    return [next(kinds[place % 10 < relevant_of_ten]) for place in range(number)]


def _endless(run: str, *, relevant: bool) -> Iterator[RawItem]:
    """The languages in turn. Every item begins at another paragraph and has its number in it."""
    for number in count():
        language = LANGUAGES[number % len(LANGUAGES)]
        titles, paragraphs = _written(language, relevant)
        start = number // len(LANGUAGES)
        body = _cut(islice((paragraphs[(start + place) % len(paragraphs)] for place in count()), 50))
        yield _item(run, number, relevant, titles[start % len(titles)], f"{body} ({number})", language)


@cache
def _written(language: str, relevant: bool) -> tuple[list[str], list[str]]:
    """Titles and paragraphs of all articles of a language that are, or are not, about the mission."""
    chosen = [
        article
        for feed in articles.load()
        if feed.outlet.language == language
        for article in feed.articles
        if article.relevant == relevant
    ]
    paragraphs = [paragraph for article in chosen for paragraph in article.body.split("\n") if paragraph.strip()]
    return [article.title for article in chosen], paragraphs


def _cut(paragraphs: Iterator[str]) -> str:
    text, size = "", 0
    for paragraph in paragraphs:
        text, size = f"{text}{paragraph}\n\n", size + len(paragraph.encode()) + 2
        if size >= BYTES:
            break
    return text.encode()[:BYTES].decode("utf-8", "ignore").rsplit(" ", 1)[0]


def _item(run: str, number: int, relevant: bool, title: str, text: str, language: str) -> RawItem:
    entry = f"{'about' if relevant else 'other'}-{number}"
    return RawItem(
        item_id=digest(run, entry),
        revision=1 + number,
        feed_id=run,
        feed_title="Benchmark",
        url=f"https://bench.example/{run}/{entry}",
        canonical_url=f"https://bench.example/{run}/{entry}",
        entry_id=entry,
        title=title,
        summary="",
        text=text,
        text_source="feed",
        text_truncated=False,
        authors=[],
        image_url=None,
        feed_language=language,
        outlet_country=None,
        published_at=None,
        published_raw=None,
        fetched_at=datetime(2026, 1, 2, tzinfo=UTC),
        origin="live",
        content_hash=content_hash(title, "", text, None),
        trace_id=digest("trace", run, entry),
    )
