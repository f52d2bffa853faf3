"""deploy/feeds/mss.opml: what may be in it, and that it is read as any list is."""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

from services.feeds.file import merged, read_feeds

LIST = Path(__file__).parents[3] / "deploy" / "feeds" / "mss.opml"
TEXT = LIST.read_text(encoding="utf-8")
OUTLINES = [outline for outline in ElementTree.fromstring(TEXT).iter("outline") if outline.get("xmlUrl")]
FEEDS = merged(read_feeds(TEXT, "mss.opml"), {}, frozenset(), datetime(2026, 1, 1, tzinfo=UTC))

FOLDERS = {
    "Haiti",
    "Kenya",
    "Jamaica",
    "Bahamas",
    "Barbados",
    "Caribbean",
    "Dominican Republic",
    "France",
    "Canada",
    "United States",
    "Wires",
    "United Nations",
    "Humanitarian",
    "Governments",
    "Security research",
}
WORLD = "United Nations"  # whose outlets are of no country


def test_it_has_40_to_60_feeds_each_once() -> None:
    assert 40 <= len(FEEDS) <= 60
    addresses = Counter((urlsplit(feed.url).netloc.removeprefix("www."), *urlsplit(feed.url)[2:4]) for feed in FEEDS)
    assert addresses.most_common(1)[0][1] == 1
    assert len({feed.title for feed in FEEDS}) == len(FEEDS)


def test_each_feed_says_whose_it_is_and_in_which_language() -> None:
    for feed in FEEDS:
        assert feed.title, feed.url
        assert feed.home_page, feed.url
        assert feed.language in {"en", "fr", "ht", "es", "sw"}, feed.url
        assert feed.country or feed.tags == [WORLD], feed.url
        assert (feed.paused, feed.proxy, feed.headers, feed.credentials) == (False, None, {}, None)


def test_each_address_says_where_it_was_read_and_when_it_was_last_seen_to_work() -> None:
    for outline in OUTLINES:
        where, verified = outline.get("addressFrom", ""), outline.get("verified", "")
        assert re.fullmatch(r"[\w.-]+/[\w.-]+/[\w./-]+|https://\S+", where), outline.get("xmlUrl")
        assert re.fullmatch(r"never|20\d\d-\d\d-\d\d", verified), outline.get("xmlUrl")


def test_it_covers_what_the_mission_is_written_about_in() -> None:
    assert {feed.tags[0] for feed in FEEDS} == FOLDERS
    assert {feed.language for feed in FEEDS if feed.country == "HT"} == {"fr", "ht", "en"}
    assert {feed.country for feed in FEEDS} >= {"HT", "KE", "JM", "BS", "BB", "DO", "FR", "CA", "US"}
