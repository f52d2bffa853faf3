"""Lists of feeds come in and go out unchanged, or the error says where to look and what to do."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import decode, encode
from schemas.errors import Invalid
from schemas.identity import feed_id
from schemas.messages import Feed
from services.ingest.feeds_file import read_feeds, write_opml

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
    assert read_feeds(OPML, "list.opml", NOW) == [
        feed("https://vigie.example/rss", title="La Vigie", language="fr", country="HT", tags=["Haïti", "Presse"]),
        feed("https://lakou.example/rss", feed_id="lakou", title="Lakou", tags=["Haïti"], interval_s=300, paused=True),
        feed("https://bare.example/rss"),
    ]


def test_yaml_says_the_same_and_norway_is_a_country() -> None:
    assert read_feeds(YAML, "list.yaml", NOW) == [
        feed("https://vigie.example/rss", title="La Vigie", language="fr", country="HT", tags=["haiti", "press"]),
        feed("https://fjord.example/rss", feed_id="fjord", language="no", country="NO", interval_s=300, paused=True),
        feed("https://bare.example/rss"),
    ]


@pytest.mark.parametrize("text", ["feeds: []", "feeds:\n", "\ufefffeeds: []", "<opml><body/></opml>", "\n\n<opml/>"])
def test_an_empty_list_is_a_list(text: str) -> None:
    assert read_feeds(text, "list", NOW) == []


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
        read_feeds(text, "my-feeds", NOW)
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
        read_feeds(f"feeds:\n- {first}\n- https://other.example/\n#\n- {second}\n", "list.yaml", NOW)


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Z")), min_size=1, max_size=8)
FEEDS = st.builds(
    feed,
    WORDS.map("https://news.example/{}".format),
    title=WORDS | st.just(""),
    language=st.sampled_from([None, "fr", "hat"]),
    country=st.sampled_from([None, "HT", "NO"]),
    tags=st.lists(WORDS, max_size=3, unique=True),
    paused=st.booleans(),
    interval_s=st.none() | st.integers(1, 100_000),
)


@given(st.lists(FEEDS, unique_by=lambda feed: feed.url))
def test_an_export_reads_back_the_same(feeds: list[Feed]) -> None:
    back = read_feeds(write_opml(feeds), "export.opml", NOW)
    by_url = {feed.url: feed for feed in feeds}
    assert {feed.url: feed for feed in back} == by_url
    assert len(back) == len(feeds)
    assert all(decode(encode(feed), Feed) == feed for feed in back)
