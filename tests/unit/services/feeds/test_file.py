"""Lists of feeds come in and go out unchanged, or the error says where to look and what to do."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import decode, encode
from schemas.errors import Invalid
from schemas.identity import feed_id
from schemas.messages import Feed
from services.feeds.file import merged, read_feeds, write_opml
from services.feeds.rules import tidied

NOW = datetime(2025, 11, 24, 12, tzinfo=UTC)
OPML = """<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="1.0">
  <head><title>My list</title></head>
  <body>
    <outline text="Haïti">
      <outline text="Presse">
        <outline type="rss" text="La Vigie" xmlUrl="https://vigie.example/rss" htmlUrl="https://vigie.example/"
                 language="fr-HT" country="ht"/>
      </outline>
      <outline title="Lakou" xmlurl="https://lakou.example/rss" interval_s="300" paused="true" id="lakou"/>
      <outline type="link" text="A page" url="https://page.example/"/>
    </outline>
    <outline xmlUrl="https://bare.example/rss"/>
  </body>
</opml>
"""
YAML = """feeds:
  # a comment
  - url: https://vigie.example/rss
    title: La Vigie
    language: fr
    country: HT
    tags: [haiti, press]
  - {url: https://fjord.example/rss, id: fjord, language: no, country: NO, interval_s: 300, paused: true}
  - https://bare.example/rss
"""


def feeds_of(text: str, name: str = "list", known: Sequence[Feed] = ()) -> list[Feed]:
    return merged(read_feeds(text, name), {feed.feed_id: feed for feed in known}, frozenset(), NOW)


def feed(url: str, **fields: object) -> Feed:
    unsaid: dict[str, object] = {
        "feed_id": feed_id(url),
        "title": "",
        "language": None,
        "country": None,
        "tags": [],
        "paused": False,
        "interval_s": None,
    }
    return Feed(url=url, updated_at=NOW, **(unsaid | fields))  # type: ignore[arg-type]


def test_opml_folders_are_tags() -> None:
    assert feeds_of(OPML) == [
        feed(
            "https://vigie.example/rss",
            title="La Vigie",
            language="fr",
            country="HT",
            tags=["Haïti", "Presse"],
            home_page="https://vigie.example/",
        ),
        feed("https://lakou.example/rss", feed_id="lakou", title="Lakou", tags=["Haïti"], interval_s=300, paused=True),
        feed("https://bare.example/rss"),
    ]


def test_yaml_says_the_same_and_norway_is_a_country() -> None:
    assert feeds_of(YAML) == [
        feed("https://vigie.example/rss", title="La Vigie", language="fr", country="HT", tags=["haiti", "press"]),
        feed("https://fjord.example/rss", feed_id="fjord", language="no", country="NO", interval_s=300, paused=True),
        feed("https://bare.example/rss"),
    ]


@pytest.mark.parametrize("text", ["feeds: []", "feeds:\n", "\ufefffeeds: []", "<opml><body/></opml>", "\n\n<opml/>"])
def test_an_empty_list_is_a_list(text: str) -> None:
    assert feeds_of(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("feeds:\n- title: x\n", ("line 2 (entry 1)", "url")),
        (
            "feeds:\n- url: https://a.example/\n- url: ftp://b.example/\n",
            ("line 3 (entry 2)", "ftp://b.example/", "Give"),
        ),
        ("feeds:\n- url: https://user:pw@b.example/\n", ("line 2", "b.example", "Remove")),
        ("feeds:\n- url: https://[b/\n", ("line 2", "Give")),
        ("feeds:\n- url: https://a.example/ b\n", ("line 2", "Give")),
        ("feeds:\n- {url: https://a.example/, lang: fr}\n", ("line 2", "lang", "language")),
        ("feeds:\n- {url: https://a.example/, country: Haiti}\n", ("line 2", "country")),
        ("feeds:\n- {url: https://a.example/, interval_s: soon}\n", ("line 2", "interval_s")),
        ("feeds:\n- [https://a.example/]\n", ("line 2", "url")),
        ("feeds:\n  a: b\n", ("line 2", "Write")),
        ("- https://a.example/\n", ("line 1", "Write `feeds:`")),
        ("", ("line 1", "Write `feeds:`")),
        ("feeds:\n- url: 'unclosed\n", ("line 3", "not YAML")),
        ("feeds: [\x00]", ("not YAML",)),
        ("feeds: " + "[" * 20_000, ("not YAML",)),
        ("feeds:\n- &a\n  url: *a\n", ("line", "Write")),
        ("<opml>\n<body>\n<outline></body></opml>", ("line 3", "mismatched")),
        ("<opml><body>\n<outline type='rss' text='x'/></body></opml>", ("line 2 (entry 1)", "Give")),
        ("<rss><channel/></rss>", ("line 1", "<rss>", "add its address")),
        ("<!DOCTYPE opml [\n<!ENTITY a 'b'>]><opml/>", ("line 2", "entity", "Write")),
        ("<opml>" + "<outline text='x'>" * 60 + "<outline xmlUrl='https://a.example/'/>", ("line 1",)),
    ],
)
def test_an_error_says_where_and_what_to_do(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as raised:
        feeds_of(text, "my-feeds")
    assert raised.value.reason == "feeds_file"
    assert "my-feeds" in str(raised.value)
    for word in words:
        assert word in str(raised.value)
    assert "pw" not in str(raised.value)


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("url: https://a.example/rss", "url: https://a.example/rss", "address https://a.example/rss"),
        ("{url: https://a.example/, id: same}", "{url: https://b.example/, id: same}", "id same"),
    ],
)
def test_a_duplicate_names_both_lines(first: str, second: str, what: str) -> None:
    with pytest.raises(Invalid, match=rf"line 5 \(entry 3\): the {what} is on line 2 already"):
        read_feeds(f"feeds:\n- {first}\n- https://other.example/\n#\n- {second}\n", "list.yaml")


def test_what_a_file_does_not_name_stays_as_it_is() -> None:
    known = feed(
        "https://vigie.example/rss",
        title="Old",
        paused=True,
        interval_s=60,
        http1=True,
        headers={"X-A": "1"},
        credentials="token",
    )
    [after] = feeds_of("feeds: [{url: https://vigie.example/rss, title: New}]", known=[known])
    assert after == msgspec.structs.replace(known, title="New")
    [resumed] = feeds_of("feeds: [{url: https://vigie.example/rss, paused: false}]", known=[known])
    assert resumed == msgspec.structs.replace(known, paused=False)


def test_a_feed_is_known_by_its_address_also_where_its_id_is_another() -> None:
    known = feed("https://vigie.example/rss", feed_id="vigie", interval_s=60)
    assert feeds_of("feeds: [https://vigie.example/rss]", known=[known]) == [known]


def test_a_list_that_names_another_origin_for_a_feed_does_not_take_its_credentials_there() -> None:
    known = feed("https://vigie.example/rss", feed_id="vigie", credentials="token", headers={"X-Key": "1"})
    [moved] = feeds_of("feeds: [{url: https://elsewhere.example/rss, id: vigie}]", known=[known])
    assert (moved.url, moved.credentials, moved.headers) == ("https://elsewhere.example/rss", None, {})
    [beside] = feeds_of("feeds: [{url: https://vigie.example/new, id: vigie}]", known=[known])
    assert (beside.credentials, beside.headers) == ("token", {"X-Key": "1"})


def test_an_entry_that_cannot_be_polled_is_named_with_its_line() -> None:
    with pytest.raises(Invalid, match=r"line 2 \(entry 1\): url: .*not a public address"):
        feeds_of("feeds:\n- http://10.0.0.1/rss\n")


ANY_TEXT = st.text(max_size=12)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Z")), min_size=1, max_size=8)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
FEEDS = st.builds(
    feed,
    WORDS.map("https://news.example/{}".format),
    title=ANY_TEXT,
    language=st.sampled_from([None, "fr", "hat"]),
    country=st.sampled_from([None, "HT", "NO"]),
    tags=st.lists(ANY_TEXT, max_size=3),
    paused=st.booleans(),
    interval_s=st.none() | st.integers(1, 100_000),
    home_page=st.none() | WORDS.map("https://news.example/{}".format),
    page_text=st.booleans(),
    user_agent=st.none() | PRINTABLE,
    headers=st.dictionaries(st.sampled_from(["X-A", "Accept-Language"]), PRINTABLE),
    http1=st.booleans(),
    proxy=st.sampled_from([None, "http://proxy.example:3128"]),
    credentials=st.sampled_from([None, "gAAAAA-a-token"]),
)


@given(st.lists(FEEDS, unique_by=lambda feed: feed.url))
def test_an_export_reads_back_the_same_but_for_the_credentials(feeds: list[Feed]) -> None:
    document = write_opml(feeds)
    assert "gAAAAA-a-token" not in document
    back = merged(read_feeds(document, "export.opml"), {}, frozenset({"proxy.example"}), NOW)
    expected = {feed.url: msgspec.structs.replace(tidied(feed), credentials=None) for feed in feeds}
    assert {feed.url: feed for feed in back} == expected
    assert len(back) == len(feeds)
    assert all(decode(encode(feed), Feed) == feed for feed in back)
    assert write_opml(back) == write_opml(expected[feed.url] for feed in back)
