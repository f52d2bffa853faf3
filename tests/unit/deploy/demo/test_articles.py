"""The articles are what the demo promises, and appear when they should."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from deploy.demo.articles import Article, Edit, Feed, Outlet, Run, changed_at, load, visible

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LIVE = START + timedelta(seconds=10)
RUN = Run(START, LIVE)
OUTLET = Outlet("Outlet", "rss", "en", "JM", [], None)


def article(id: str, **times: object) -> Article:  # noqa: A002 (the article's own word)
    described = {"id": id, "title": "T", "summary": "S", "author": "A", "body": "one\n\ntwo", "relevant": True}
    return msgspec.convert(described | times, Article)


def slugs(feed: Feed, run: Run, now: datetime) -> list[str]:
    return [entry.slug for entry in visible(feed, run, now)]


def test_every_language_has_a_feed_and_at_least_three_articles() -> None:
    count: dict[str, int] = {}
    for feed in load():
        count[feed.outlet.language] = count.get(feed.outlet.language, 0) + len(feed.articles)
    assert set(count) == {"en", "fr", "es", "pt", "sw", "ht"}
    assert min(count.values()) >= 3
    assert sum(count.values()) >= 28


def test_every_format_is_used() -> None:
    assert {feed.outlet.format for feed in load()} == {"rss", "atom", "json"}


def test_a_third_are_about_other_things_in_every_language() -> None:
    articles = [(feed.outlet.language, article) for feed in load() for article in feed.articles]
    others = [language for language, article in articles if not article.relevant]
    assert len(others) * 3 >= len(articles)
    assert set(others) == {"en", "fr", "es", "pt", "sw", "ht"}


def test_articles_are_long_enough_to_be_coverage() -> None:
    words = {article.id: len(article.body.split()) for feed in load() for article in feed.articles}
    assert [name for name, count in words.items() if not 120 <= count <= 350] == []


def test_live_alerts_come_early_often_and_in_several_languages() -> None:
    live = sorted(
        (article.publish_after_s, feed.outlet.language)
        for feed in load()
        for article in feed.articles
        if article.publish_after_s is not None and article.relevant
    )
    assert live[0][0] <= 2
    assert len(live) >= 8
    assert len({language for _, language in live}) == 6


def test_one_article_is_edited_while_the_demo_runs() -> None:
    edited = [article for feed in load() for article in feed.articles if article.edit]
    assert len(edited) == 1
    assert edited[0].edit is not None
    assert edited[0].edit.after_s > (edited[0].publish_after_s or 0)


def test_two_outlets_carry_the_same_agency_copy_under_different_headlines() -> None:
    def shingles(article: Article) -> set[tuple[str, ...]]:
        words = article.body.split()
        return {tuple(words[n : n + 5]) for n in range(len(words) - 4)}

    by_outlet = [(feed.id, article, shingles(article)) for feed in load() for article in feed.articles]
    pairs = [
        (first[1], second[1])
        for n, first in enumerate(by_outlet)
        for second in by_outlet[n + 1 :]
        if first[0] != second[0] and len(first[2] & second[2]) / len(first[2] | second[2]) >= 0.7
    ]
    assert len(pairs) == 1
    assert pairs[0][0].title != pairs[0][1].title
    assert pairs[0][0].body != pairs[0][1].body


def test_archive_articles_are_there_from_the_start_and_live_ones_are_not() -> None:
    feed = Feed(
        "f",
        OUTLET,
        [
            article("old", published="2024-06-25T16:00:00Z"),
            article("recent", age_h=3),
            article("live", publish_after_s=5),
        ],
    )
    assert slugs(feed, Run(START), START) == ["recent", "old"]
    assert slugs(feed, Run(START), START + timedelta(hours=1)) == ["recent", "old"]
    assert visible(feed, Run(START), START)[0].published == START - timedelta(hours=3)


def test_a_live_article_appears_at_its_second_and_is_dated_then() -> None:
    feed = Feed("f", OUTLET, [article("live", publish_after_s=5)])
    assert slugs(feed, RUN, LIVE + timedelta(seconds=4.9)) == []
    [entry] = visible(feed, RUN, LIVE + timedelta(seconds=5))
    assert entry.published == LIVE + timedelta(seconds=5)


def test_a_new_run_has_new_live_items_and_the_old_archive() -> None:
    feed = Feed("f", OUTLET, [article("old", age_h=1), article("live", publish_after_s=0)])
    again = Run(START + timedelta(days=1), LIVE + timedelta(days=1))
    first, second = set(slugs(feed, RUN, LIVE)), set(slugs(feed, again, LIVE + timedelta(days=1)))
    assert first & second == {"old"}
    assert len(first | second) == 3


def test_an_edit_changes_headline_and_figure_but_not_the_address() -> None:
    edit = Edit(30, "T, corrected", {"one": "1,000"})
    feed = Feed("f", OUTLET, [article("live", publish_after_s=5, edit=msgspec.to_builtins(edit))])
    [before] = visible(feed, RUN, LIVE + timedelta(seconds=29))
    [after] = visible(feed, RUN, LIVE + timedelta(seconds=30))
    assert (before.title, before.paragraphs) == ("T", ["one", "two"])
    assert (after.title, after.paragraphs) == ("T, corrected", ["1,000", "two"])
    assert (after.slug, after.published) == (before.slug, before.published)
    assert after.updated == LIVE + timedelta(seconds=30)


def test_a_feed_changes_when_an_article_appears_and_not_in_between() -> None:
    feed = Feed("f", OUTLET, [article("old", age_h=1), article("live", publish_after_s=5)])
    assert changed_at(feed, RUN, LIVE) == START
    assert changed_at(feed, RUN, LIVE + timedelta(seconds=5)) == LIVE + timedelta(seconds=5)
    assert changed_at(feed, RUN, LIVE + timedelta(hours=5)) == LIVE + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("times", "complaint"),
    [
        ({}, "give one of"),
        ({"age_h": 1, "publish_after_s": 2}, "give one of"),
        ({"age_h": 1, "edit": {"after_s": 1, "title": "T", "replace": {"three": "four"}}}, "not in the body"),
        ({"age_h": 1, "colour": "red"}, "unknown field"),
    ],
)
def test_a_mistake_in_an_article_is_named(times: dict[str, object], complaint: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=complaint):
        article("wrong", **times)
