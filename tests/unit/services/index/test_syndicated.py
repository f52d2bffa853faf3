"""Feeds of searches, as a feed reader has them: our own parser, which was written for strangers' feeds."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.index import merge, syndicated
from services.index.syndicated import MEDIA_TYPES, NEVER, Channel, Form
from services.ingest.formats.parse import parse
from services.ingest.formats.parsed_feed import ParsedFeed
from tests.unit.services.index.enriched import FETCHED, enriched

FORMS: list[Form] = ["rss", "atom", "json"]
HOME = "https://monitor.example"


def channel(*sources: dict[str, Any], title: str = "News: kenya") -> Channel:
    return Channel(
        feed_id="urn:mss-news-monitor:search:0",
        title=title,
        home=f"{HOME}/",
        address=f"{HOME}/v1/items.rss?q=kenya&token=x",
        entries=[syndicated.entry(source, HOME) for source in sources],
    )


def stored(**changes: Any) -> dict[str, Any]:
    return merge.to_stored(merge.merge(None, enriched(**changes)), FETCHED)


def read(made: Channel, form: Form) -> ParsedFeed:
    return parse(syndicated.written(made, form), MEDIA_TYPES[form], made.address)


@pytest.mark.parametrize("form", FORMS)
def test_a_reader_gets_title_link_summary_date_and_tags(form: Form) -> None:
    parsed = read(
        channel(stored(), stored(url="https://news.example/two?a=1&b=2", title="Deux <b>mots</b> & plus")), form
    )
    assert parsed.title == "News: kenya"
    first, second = parsed.entries
    assert (first.title, first.summary) == ("Kenyan officers arrive in Haïti", "Another contingent has landed.")
    assert first.published_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert (first.url, second.url) == ("https://news.example/kenya-arrives", "https://news.example/two?a=1&b=2")
    assert first.entry_id == f"urn:mss-news-monitor:item:{enriched().item_id}"
    assert "& plus" in second.title


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60, deadline=None)
@given(title=st.text(), summary=st.text(), asked=st.text())
def test_whatever_the_words_are_the_feed_is_well_formed(form: Form, title: str, summary: str, asked: str) -> None:
    parsed = read(channel(stored(title=title, summary=f"\x00\x08\ufffe{summary}"), title=f"News: {asked}"), form)
    assert len(parsed.entries) == 1
    assert not parsed.damaged


@pytest.mark.parametrize("form", FORMS)
def test_the_same_items_are_the_same_bytes_and_none_are_a_feed_too(form: Form) -> None:
    assert syndicated.written(channel(stored()), form) == syndicated.written(channel(stored()), form)
    assert read(channel(), form).entries == []
    assert channel().updated_at == NEVER


def test_an_item_without_an_address_leads_to_the_monitor() -> None:
    source = stored() | {"url": None}
    assert syndicated.entry(source, HOME).url == f"{HOME}/#item={source['item_id']}"
