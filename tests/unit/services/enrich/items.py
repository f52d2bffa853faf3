"""Raw items for the tests of enrich."""

from datetime import UTC, datetime
from functools import cache

from schemas.identity import content_hash, digest
from schemas.messages import EnrichedItem, RawItem
from services.enrich.gazetteer import load
from services.enrich.tag import Tagger


def raw_item(
    text: str = "", title: str = "", summary: str = "", language: str | None = None, authors: tuple[str, ...] = ()
) -> RawItem:
    return RawItem(
        item_id=digest("item", title, text),
        revision=1,
        feed_id="feed",
        feed_title="Feed",
        url=None,
        canonical_url=None,
        entry_id="1",
        title=title,
        summary=summary,
        text=text,
        text_source="feed",
        text_truncated=False,
        authors=list(authors),
        image_url=None,
        feed_language=language,
        outlet_country=None,
        published_at=None,
        published_raw=None,
        fetched_at=datetime(2026, 1, 2, tzinfo=UTC),
        origin="live",
        content_hash=content_hash(title, summary, text, None),
        trace_id=digest("trace"),
    )


@cache
def tagger() -> Tagger:
    return Tagger(load())


def tag(
    text: str = "",
    title: str = "",
    language: str | None = "en",
    authors: tuple[str, ...] = (),
    summary: str = "",
) -> EnrichedItem:
    return tagger().tag(raw_item(text, title, summary, language, authors))


def countries(text: str, language: str | None = "en") -> set[str]:
    return {country.code for country in tag(text, language=language).countries}


def entities(item: EnrichedItem, kind: str) -> set[str]:
    return {entity.id or entity.name for entity in item.entities if entity.type == kind}
