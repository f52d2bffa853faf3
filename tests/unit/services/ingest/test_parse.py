"""Whatever a server answers becomes entries, or NotAFeed with its kind; nothing else ever comes out."""

import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingest.parse import Entry, NotAFeed, ParsedFeed, parse

FIXTURES = Path(__file__).parent / "fixtures"
URL = "https://gazette.example/feeds/world.xml"
HAHA = "<!DOCTYPE rss [<!ENTITY a 'haha'>]>"


def read(name: str, content_type: str | None = None, url: str = URL) -> ParsedFeed:
    return parse((FIXTURES / name).read_bytes(), content_type, url)


def rss(item: str, *, prolog: str = "", tail: str = "</channel></rss>") -> bytes:
    return f'{prolog}<rss version="2.0"><channel><title>t</title><item>{item}</item>{tail}'.encode()


def only(item: str) -> Entry:
    (entry,) = parse(rss(item), None, URL).entries
    return entry


def kind(body: bytes, content_type: str | None = "application/rss+xml") -> str:
    with pytest.raises(NotAFeed) as raised:
        parse(body, content_type, URL)
    assert raised.value.detail
    return raised.value.kind


@pytest.mark.parametrize(
    ("name", "form", "title", "language", "entries"),
    [
        ("rss20.xml", "rss20", "Harbour Gazette & Post", "en", 6),
        ("rss091.xml", "rss091u", "La Vigie du port", "fr", 2),
        ("rdf.xml", "rss10", "Old bulletin", "es", 1),
        ("atom10.xml", "atom10", "Diário do porto", "pt", 2),
        ("atom03.xml", "atom03", "Older log", "en", 1),
        ("feed.json", "json11", "Bandari Leo", "sw", 3),
        ("empty_feed.xml", "rss20", "Nothing yet", None, 0),
        ("utf16.xml", "rss20", "Écho du port", None, 1),
        ("utf8_with_mark.xml", "rss20", "Écho du port", None, 1),
    ],
)
def test_every_format_is_read(name: str, form: str, title: str, language: str | None, entries: int) -> None:
    parsed = read(name)
    assert (parsed.format, parsed.title, parsed.language, len(parsed.entries)) == (form, title, language, entries)
    assert parsed.damaged is None


def test_an_rss_entry_in_full() -> None:
    assert read("rss20.xml").entries[0] == Entry(
        entry_id="gazette-1",
        url="https://gazette.example/world/patrols?utm_source=rss",
        title="Patrols begin in Gressier – officials",
        summary="Patrols began & roads opened.",
        text="Patrols began on Monday.\nRoads are open again.\n",
        authors=["Ada Boateng"],
        image_url="https://gazette.example/img/patrol.jpg",
        published_at=datetime(2025, 11, 24, 10, 30, tzinfo=UTC),  # Atlantic Standard Time is UTC-4
        published_raw="Mon, 24 Nov 2025 06:30:00 AST",
    )


def test_an_atom_entry_in_full() -> None:
    first, second = read("atom10.xml").entries
    assert first == Entry(
        entry_id="tag:diario.example,2025:1",
        url="https://diario.example/pt/noticias/1",
        title="Força chega",
        summary="Resumo curto.",
        text="Primeiro.\nSegundo parágrafo.\n",
        authors=["Rui Sá", "Ana Lima"],
        image_url=None,
        published_at=datetime(2025, 11, 24, 8, tzinfo=UTC),
        published_raw="2025-11-24T09:00:00+01:00",
    )
    assert (second.title, second.url, second.text) == ("Use of the <b> tag", "https://outro.example/x", "")
    assert second.published_at == datetime(2025, 11, 24, 8, tzinfo=UTC)  # updated, where nothing says published


def test_older_atom_and_rdf_entries() -> None:
    (atom,) = read("atom03.xml").entries
    assert (atom.text, atom.published_at) == ("Body.\n", datetime(2025, 11, 24, 12, tzinfo=UTC))
    (rdf,) = read("rdf.xml").entries
    assert (rdf.url, rdf.text, rdf.authors) == ("https://rdf.example/a", "Texto.\n", ["Luz Marte"])
    assert rdf.published_at == datetime(2025, 11, 24, 14, tzinfo=UTC)


def test_json_entries_and_their_wrong_fields() -> None:
    first, second, third = read("feed.json").entries
    assert first == Entry(
        entry_id="7",
        url="https://gazette.example/habari/7",
        title="Polisi & bandari",
        summary="Muhtasari",
        text="Moja.\nMbili.\n",
        authors=["Asha Juma"],
        image_url="https://img.example/7.jpg",
        published_at=datetime(2025, 11, 24, 7, tzinfo=UTC),
        published_raw="2025-11-24T10:00:00+03:00",
    )
    assert (second.url, second.authors, second.text) == (
        "https://elsewhere.example/8",
        ["Juma Ali"],
        "Mstari wa kwanza.\nWa pili.\n",
    )
    assert (second.published_at, second.published_raw) == (None, "not a date")
    assert (third.entry_id, third.title, third.url) == ("10", "Bila kiungo", None)


def test_links_are_absolute_or_none() -> None:
    assert [entry.url for entry in read("rss20.xml").entries] == [
        "https://gazette.example/world/patrols?utm_source=rss",
        "https://gazette.example/world/port/cranes.html",  # relative to the site, not to the feed
        None,  # a guid is a permalink by default, but 4711 is no address
        "https://gazette.example/world/permalink",
        "https://gazette.example/world/original",
        None,
    ]


def test_a_relative_link_without_a_site_is_relative_to_the_document() -> None:
    assert only("<link>a.html</link>").url == "https://gazette.example/feeds/a.html"
    assert parse(rss("<title>x</title><link>a.html</link>"), None, "feed.xml").entries[0].url is None


def test_images_come_from_media_enclosures_and_never_from_films() -> None:
    assert read("rss20.xml").entries[1].image_url == "https://img.example/cranes.png"
    media = 'xmlns:media="http://search.yahoo.com/mrss/"'
    assert only(f'<title>x</title><media:thumbnail {media} url="/t.jpg"/>').image_url == "https://gazette.example/t.jpg"
    assert only('<title>x</title><enclosure url="https://a.example/x.mp3" type="audio/mpeg"/>').image_url is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Mon, 24 Nov 2025 10:00:00 +0530", datetime(2025, 11, 24, 4, 30, tzinfo=UTC)),
        ("2025-11-24", datetime(2025, 11, 24, tzinfo=UTC)),
        ("lundi 24 novembre 2025", datetime(2025, 11, 24, tzinfo=UTC)),
        ("Thu, 01 Jan 1903 00:00:00 GMT", None),
        ("0000-00-00T00:00:00Z", None),
        ("Sat, 01 Jan 10000 00:00:00 GMT", None),
        ("Mon, 30 Feb 2025 00:00:00 GMT", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("-1", None),
    ],
)
def test_a_date_is_utc_or_none_and_what_was_written_is_kept(raw: str, expected: datetime | None) -> None:
    entry = only(f"<title>x</title><pubDate>{raw}</pubDate>")
    assert (entry.published_at, entry.published_raw) == (expected, raw)


def test_an_entry_that_says_nothing_is_dropped() -> None:
    assert parse(rss("<guid isPermaLink='false'>1</guid><pubDate>2025-11-24</pubDate>"), None, URL).entries == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("error_page.html", "html"),
        ("bot_wall.html", "bot_wall"),
        ("captcha.html", "bot_wall"),
        ("login.html", "login"),
        ("sitemap.xml", "sitemap"),
        ("laughs.xml", "xml"),
    ],
)
def test_what_is_no_feed_says_what_it_is(name: str, expected: str) -> None:
    assert kind((FIXTURES / name).read_bytes()) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "empty"),
        (b" \r\n\0", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"Service temporarily unavailable", "unparsable"),
        (b"\x1f\x8b\x08\0\0", "unparsable"),
        (b'{"error": "not found"}', "json"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": 3}', "json"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": [', "json"),
        (b"[" * 100_000, "json"),
        (b"<p>Fatal error</p>", "html"),
        (b"<?xml version='1.0'?><note/>", "xml"),
        (b"<rss version='2.0'><channel><title>cut", "unparsable"),
        (b"<feed>" * 1_000, "xml"),
        (rss("<title>&x;</title>", prolog="<!DOCTYPE rss [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"), "xml"),
        (rss("<title>x</title>", prolog="<!DOCTYPE rss [<!ENTITY x 'xxxxxxxxxxxxxxxxxxxx'>]>"), "xml"),
        (rss("<title>x</title>", prolog="<!DOCTYPE rss [<!ENTITY x '&y;'>]>").decode().encode("utf-16"), "xml"),
    ],
)
def test_bodies_that_are_no_feed(body: bytes, expected: str) -> None:
    assert kind(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        rss("<title>one &a;</title>", prolog=f"<!-- <rss version='2.0'> -->{HAHA}"),
        rss(f"<title>one</title></item>{HAHA}<item><title>&a;</title>"),
        rss("<title>one &a;</title>", prolog=f"<!DOCTYPE rss SYSTEM '<rss '>{HAHA}"),
    ],
)
def test_entities_of_a_dtd_are_never_expanded_wherever_it_hides(body: bytes) -> None:
    entries = parse(body, None, URL).entries
    assert entries[0].title.startswith("one")
    assert not any("haha" in entry.title for entry in entries)


def test_the_content_type_may_lie() -> None:
    assert len(read("rss20.xml", "text/html; charset=koi8-r").entries) == 6
    assert len(read("feed.json", "application/xml").entries) == 3
    assert kind((FIXTURES / "error_page.html").read_bytes(), "application/atom+xml") == "html"


def test_an_encoding_that_is_not_declared_is_found_and_told() -> None:
    parsed = read("windows1252_undeclared.xml")
    assert parsed.entries[0].title == "Une journée calme à l’été"
    assert parsed.damaged == "encoding not declared, read as windows-1252"


def test_a_declared_encoding_is_used() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-2"?>' + rss("<title>Świętość</title>").decode()
    assert parse(text.encode("iso-8859-2"), None, URL).entries[0].title == "Świętość"
    assert parse(rss("<title>Порт</title>").decode().encode("koi8-r"), "text/xml; charset=KOI8-R", URL).damaged is None


def test_one_broken_byte_spoils_one_character() -> None:
    parsed = parse(rss("<title>é\0é</title>").replace(b"\0", b"\xff"), None, URL)
    assert (parsed.entries[0].title, parsed.damaged) == ("é�é", "1 characters that are not UTF-8")


@pytest.mark.parametrize(
    ("body", "damaged"),
    [
        (rss("<title>x</title>", prolog="Notice: undefined index\n<?xml version='1.0'?>"), "text before the feed"),
        (rss("<title>x\x0b</title>"), "control characters"),
        (rss("<title>x</title><description>&#55296; &#xDFFF; &#99999999999; y</description>"), "references to no"),
        (rss("<title>x</title><description>&nbsp;y</description>"), "entities that are not defined"),
        (rss("<title>x</title>", tail=""), "no element found"),
        (rss("<title>x</title><a:b xmlns:a='urn:\u00a0b'>c</a:b>"), "the parser failed: ValueError"),
        (rss("<title>x</title><description><p>not <b>closed</description>"), "mismatched tag"),
    ],
)
def test_a_damaged_feed_is_read_and_said_to_be_damaged(body: bytes, damaged: str) -> None:
    parsed = parse(body, None, URL)
    assert [entry.title for entry in parsed.entries] == ["x"]
    assert damaged in (parsed.damaged or "")


def test_a_damaged_feed_without_entries_is_a_feed_if_it_is_whole() -> None:
    body = b"<rss version='2.0'><channel><title>caf&eacute;</title></channel></rss>"
    assert (parse(body, None, URL).title, parse(body, None, URL).entries) == ("café", [])
    assert kind(body[:-10]) == "unparsable"


def test_a_feed_whose_entries_cannot_be_read_is_not_taken_for_an_empty_one() -> None:
    undeclared = b"<rss version=2.0><rss:channel><rss:item><rss:title>x</rss:title></rss:item></rss:channel></rss>"
    assert kind(undeclared) == "unparsable"
    foreign = b"<rss version='2.0' xmlns:y='urn:y'><channel><y:item><y:title>x</y:title></y:item></channel></rss>"
    assert kind(foreign) == "unparsable"


def test_a_feed_under_the_doctype_of_a_page_is_a_feed() -> None:
    assert parse(b"<!DOCTYPE html><rss><channel><title>found</title></channel></rss>", None, URL).title == "found"


def test_a_truncated_feed_gives_what_is_there() -> None:
    parsed = read("truncated.xml")
    assert parsed.damaged is not None
    assert parsed.entries[0] == read("rss20.xml").entries[0]


def test_a_sound_entry_reads_the_same_in_a_damaged_feed() -> None:
    item = (
        "<title>A &amp;amp; B</title><link>https://a.example/?a=1&amp;b=2</link><description>&lt;p&gt;x</description>"
    )
    assert parse(rss(item, tail=""), None, URL).entries == parse(rss(item), None, URL).entries


def test_lone_surrogates_are_nowhere() -> None:
    item = "<title>a&#xD800;</title><link>https://a.example/&#xD800;</link><guid>&#xD800;</guid>"
    json_item = '{"title": "a\\ud800", "url": "https://a.example/\\ud800", "id": "\\ud800", "tags": ["a\tb"]}'
    body = f'{{"version": "https://jsonfeed.org/version/1", "items": [{json_item}]}}'.encode()
    for document in (rss(item), rss(item, tail=""), body):
        for entry in parse(document, None, URL).entries:
            assert entry.title.startswith("a")
            repr(entry).encode()
            f"{entry.title}{entry.url}{entry.entry_id}".encode()


def test_comments_before_the_first_element_are_cheap_to_skip() -> None:
    assert kind(b"<!-- -->" * 50_000 + b"<x>") == "xml"


def test_json_with_control_characters_in_its_strings_is_read() -> None:
    body = b'{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "title": "a\tb\\ud800"}]}'
    parsed = parse(body, None, URL)
    assert (parsed.format, parsed.entries[0].title) == ("json1", "a b�")
    assert parsed.damaged is not None


def test_the_first_thousand_entries_are_taken() -> None:
    items = [f"<title>{number}</title>" for number in range(1_500)]
    for body in (
        rss("</item><item>".join(items)),
        json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"title": str(n)} for n in range(1_500)]}),
    ):
        parsed = parse(body if isinstance(body, bytes) else body.encode(), None, URL)
        assert [entry.title for entry in parsed.entries] == [str(number) for number in range(1_000)]
        assert parsed.damaged is None


def test_the_error_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(NotAFeed("html", "a web page")))
    assert (error.kind, error.detail, str(error)) == ("html", "a web page", "html: a web page")


def test_importing_it_is_cheap() -> None:
    code = "import sys, services.ingest.parse; print('feedparser' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


BODIES = [path.read_bytes() for path in sorted(FIXTURES.iterdir())]
SCRAPS = [
    b"<",
    b">",
    b"&",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"<!",
    b"<?",
    b"</item>",
    b"<item>",
    b"\0",
    b"\xff",
    b"&#0;",
    b'"',
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    body = draw(st.sampled_from(BODIES))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.sampled_from((0, 0, 1, 2, 10, 300))))
        body = body[:start] + draw(st.sampled_from(SCRAPS) | st.binary(max_size=4)) + body[end:]
    return body


@settings(max_examples=300, deadline=2_000, suppress_health_check=[HealthCheck.too_slow])
@given(mutated() | st.binary(max_size=50))
def test_a_mutated_document_is_a_feed_or_it_is_not(body: bytes) -> None:
    try:
        parsed = parse(body, None, URL)
    except NotAFeed:
        return
    assert isinstance(parsed, ParsedFeed)
    for entry in parsed.entries:
        f"{entry.title}{entry.text}{entry.summary}{entry.url}".encode()  # fails for lone surrogates
        assert entry.title or entry.text or entry.url
        assert entry.url is None or entry.url.startswith(("http://", "https://"))
        assert entry.published_at is None or entry.published_at.utcoffset() is not None
