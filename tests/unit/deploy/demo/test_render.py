"""Feeds are read by those who read feeds: feedparser for XML, json for JSON Feed."""

import json
from calendar import timegm
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import feedparser
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo import render
from deploy.demo.articles import Feed, Run, load, visible
from services.feeds.file import merged, read_feeds

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
RUN = Run(START, START)
END = START + timedelta(minutes=10)
BASE = "http://127.0.0.1:8400"
FEEDS = load()


def in_format(*formats: str) -> list[Feed]:
    return [feed for feed in FEEDS if feed.outlet.format in formats]


def named(feed: Feed) -> str:
    return feed.id


@pytest.mark.parametrize("feed", in_format("rss", "atom"), ids=named)
def test_feedparser_sees_every_article_whole(feed: Feed) -> None:
    rendered = render.render(feed, RUN, BASE, END)
    parsed = feedparser.parse(rendered.body, response_headers={"content-type": rendered.content_type})
    assert not parsed.bozo
    assert parsed.version == {"rss": "rss20", "atom": "atom10"}[feed.outlet.format]
    assert (parsed.feed.title, parsed.feed.language) == (feed.outlet.title, feed.outlet.language)
    entries = visible(feed, RUN, END)
    assert len(parsed.entries) == len(entries) == len(feed.articles)
    for read, entry in zip(parsed.entries, entries, strict=True):
        assert (read.title, read.summary, read.author) == (entry.title, entry.summary, entry.author)
        assert read.link == render.article_url(BASE, feed, entry, tracked=True)
        assert entry.slug in read.id
        assert timegm(read.published_parsed) == int(entry.published.timestamp())
        assert read.content[0].value.count("<p>") == len(entry.paragraphs)


@pytest.mark.parametrize("feed", in_format("json"), ids=named)
def test_json_feed_has_every_article_whole(feed: Feed) -> None:
    rendered = render.render(feed, RUN, BASE, END)
    assert rendered.content_type == "application/feed+json; charset=utf-8"
    document = json.loads(rendered.body)
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert (document["title"], document["language"]) == (feed.outlet.title, feed.outlet.language)
    entries = visible(feed, RUN, END)
    assert len(document["items"]) == len(entries) == len(feed.articles)
    for item, entry in zip(document["items"], entries, strict=True):
        assert (item["title"], item["summary"], item["authors"]) == (
            entry.title,
            entry.summary,
            [{"name": entry.author}],
        )
        assert item["url"] == render.article_url(BASE, feed, entry, tracked=True)
        assert datetime.fromisoformat(item["date_published"]) == entry.published
        assert item["content_html"].count("<p>") == len(entry.paragraphs)


def test_some_links_carry_tracking_parameters_and_some_do_not() -> None:
    tracked = {feed.id: "?utm_" in render.render(feed, RUN, BASE, END).body.decode() for feed in FEEDS}
    assert set(tracked.values()) == {True, False}


def test_markup_in_an_article_arrives_as_text() -> None:
    feed = in_format("rss")[0]
    wild = msgspec.structs.replace(feed.articles[0], title="<b>5 < 6 & 7</b>", body='a <script> & "b"')
    rendered = render.render(msgspec.structs.replace(feed, articles=[wild]), RUN, BASE, END)
    [entry] = feedparser.parse(rendered.body, sanitize_html=False, resolve_relative_uris=False).entries
    assert entry.content[0].value == '<p>a &lt;script&gt; &amp; "b"</p>'
    page = render.page(feed, visible(msgspec.structs.replace(feed, articles=[wild]), RUN, END)[0]).decode()
    assert "<script>" not in page
    assert "<b>" not in page


def test_ingest_reads_the_feeds_list() -> None:
    entries = read_feeds(render.feeds_list(FEEDS, BASE, 2), "feeds.yaml")
    listed = merged(entries, {}, frozenset({"127.0.0.1:8400"}), START)
    assert [feed.url for feed in listed] == [render.feed_url(BASE, feed) for feed in FEEDS]
    assert [(feed.title, feed.language, feed.country, feed.tags) for feed in listed] == [
        (feed.outlet.title, feed.outlet.language, feed.outlet.country, feed.outlet.tags) for feed in FEEDS
    ]
    assert {feed.interval_s for feed in listed} == {2}


def test_validators_stay_until_the_feed_changes() -> None:
    feed = next(feed for feed in FEEDS if any(article.publish_after_s == 1 for article in feed.articles))
    first, same, changed = (
        render.render(feed, RUN, BASE, START + timedelta(seconds=seconds)) for seconds in (0, 0.9, 1)
    )
    assert first == same
    assert changed.etag != first.etag
    assert changed.last_modified != first.last_modified


RENDERED = render.Rendered(b"", "", '"abc"', format_datetime(START, usegmt=True))


@pytest.mark.parametrize(
    ("if_none_match", "if_modified_since", "expected"),
    [
        (None, None, False),
        ('"abc"', None, True),
        ('W/"abc"', None, True),
        ('"x", "abc"', None, True),
        ("*", None, True),
        ('"x"', None, False),
        (None, format_datetime(START, usegmt=True), True),
        (None, format_datetime(START + timedelta(days=1), usegmt=True), True),
        (None, format_datetime(START - timedelta(seconds=1), usegmt=True), False),
        ('"x"', format_datetime(START, usegmt=True), False),
        (None, "yesterday", False),
        (None, "Mon, 04 May 2026 12:00:00", False),
    ],
)
def test_a_conditional_get_is_answered_as_the_standard_says(
    if_none_match: str | None, if_modified_since: str | None, expected: bool
) -> None:
    assert render.not_modified(RENDERED, if_none_match, if_modified_since) is expected


@given(st.text() | st.none(), st.text())
def test_wild_validators_never_break_the_feed(if_none_match: str | None, if_modified_since: str) -> None:
    assert render.not_modified(RENDERED, if_none_match, if_modified_since) in (True, False)
