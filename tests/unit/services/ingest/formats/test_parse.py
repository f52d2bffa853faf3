"""Whatever a server answers becomes entries, or NotAFeed with its kind; nothing else ever comes out."""

import gzip
import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.fuzz_parse import corpus, mutations, outcome
from bench.hostile_feeds import hostile
from services.ingest.formats.parse import Entry, NotAFeed, ParsedFeed, parse
from services.ingest.formats.parsed_feed import Asked

FIXTURES = Path(__file__).parent / "fixtures"
URL = "https://gazette.example/feeds/world.xml"
SY = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"
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
        ("news_sitemap.xml", "news_sitemap", "La Vigie", "fr", 2),
        ("cdf.xml", "cdf", "Old channel", None, 1),
        ("aggregator.xml", "rss20", "Harbour news from everywhere", None, 2),
        ("planet.xml", "atom10", "Planet of docks", "en", 1),
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


def test_articles_of_a_news_sitemap_and_nothing_else_of_it() -> None:
    first, second = read("news_sitemap.xml").entries
    assert first == Entry(
        entry_id=None,
        url="https://vigie.example/2025/11/quais?edition=matin&page=1",
        title="Les quais rouvrent & le marché reprend",
        summary="",
        text="",
        authors=[],
        image_url="https://vigie.example/img/quais.jpg",
        published_at=datetime(2025, 11, 24, 11, 30, tzinfo=UTC),
        published_raw="2025-11-24T06:30:00-05:00",
    )
    assert (second.url, second.title) == ("https://gazette.example/2025/11/route", "La route <côtière> est ouverte")


def test_a_news_sitemap_that_breaks_off_or_forgets_its_namespaces_is_read() -> None:
    whole = (FIXTURES / "news_sitemap.xml").read_bytes()
    parsed = parse(whole[: whole.index(b"/2025/11/route")], None, URL)
    assert (len(parsed.entries), bool(parsed.damaged)) == (1, True)
    assert len(parse(whole.replace(b"xmlns:", b"x"), None, URL).entries) == 2
    compressed = parse(gzip.compress(whole), "application/gzip", URL)
    assert compressed == read("news_sitemap.xml")


def test_a_news_sitemap_of_many_papers_names_each_and_an_empty_one_is_a_feed() -> None:
    body = (FIXTURES / "news_sitemap.xml").read_bytes().replace(b"La Vigie", b"Le Phare", 1)
    parsed = parse(body, None, URL)
    assert (parsed.title, [entry.source_title for entry in parsed.entries]) == ("", ["Le Phare", "La Vigie"])
    quiet = b'<urlset xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"></urlset>'
    assert parse(quiet, None, URL).entries == []


def test_an_index_of_sitemaps_names_the_one_to_take() -> None:
    with pytest.raises(NotAFeed, match=r"https://vigie\.example/sitemap-news\.xml"):
        read("sitemap_index.xml")


def test_a_channel_of_the_channel_definition_format() -> None:
    (entry,) = read("cdf.xml").entries
    assert (entry.url, entry.title, entry.text) == (
        "https://channel.example/cranes.html",
        "Cranes are back",
        "Two cranes work again.\n",
    )
    assert entry.published_at == datetime(2025, 11, 24, 10, 30, tzinfo=UTC)


def test_who_an_aggregator_names_is_told() -> None:
    named, unnamed = read("aggregator.xml").entries
    assert (named.source_title, named.source_url) == ("Dock & Quay Weekly", "https://dock.example")
    assert (unnamed.source_title, unnamed.source_url) == (None, None)
    (atom,) = read("planet.xml").entries
    assert (atom.source_title, atom.source_url) == ("Quay & Co", "https://quay.example/feed")
    assert atom.text == "The long quay.\nIt holds.\n"


def test_what_a_feed_asks_and_where_it_is_pushed_from() -> None:
    parsed = read("aggregator.xml")
    assert parsed.asked == Asked(ttl_s=1_800, update_period_s=1_800, skip_hours=[0, 3], skip_days=[5, 6])
    assert (parsed.hub, parsed.self_url) == ("https://hub.example/", "https://gather.example/harbour.xml")
    planet = read("planet.xml")
    assert planet.asked == Asked()
    assert (planet.hub, planet.self_url) == ("https://hub.example/planet", "https://planet.example/atom.xml")
    hubs = (
        '"hubs": [{"type": "rssCloud", "url": "https://a.example/"}, {"type": "WebSub", "url": "https://b.example/"}]'
    )
    body = f'{{"version": "https://jsonfeed.org/version/1.1", "feed_url": "/f.json", "items": [], {hubs}}}'
    json_feed = parse(body.encode(), None, URL)
    assert (json_feed.hub, json_feed.self_url) == ("https://b.example/", "https://gazette.example/f.json")


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("<ttl>0</ttl>", Asked()),
        ("<ttl>-5</ttl>", Asked()),
        ("<ttl>soon</ttl>", Asked()),
        ("<ttl>99999999999999</ttl>", Asked()),
        ("<ttl>525600</ttl>", Asked(ttl_s=7 * 86_400)),
        (f"<sy:updatePeriod {SY}>daily</sy:updatePeriod>", Asked(update_period_s=86_400)),
        (f"<sy:updatePeriod {SY}>yearly</sy:updatePeriod>", Asked(update_period_s=7 * 86_400)),
        (f"<sy:updatePeriod {SY}>often</sy:updatePeriod>", Asked()),
        (
            f"<sy:updatePeriod {SY}>hourly</sy:updatePeriod><sy:updateFrequency {SY}>0</sy:updateFrequency>",
            Asked(),
        ),
        ("<skipHours>" + "".join(f"<hour>{hour}</hour>" for hour in range(24)) + "</skipHours>", Asked()),
        ("<skipDays><day>Monday</day></skipDays>", Asked(skip_days=[0])),
    ],
)
def test_a_wild_wish_is_none(wish: str, expected: Asked) -> None:
    body = f"<rss version='2.0'><channel><title>t</title>{wish}<item><title>x</title></item></channel></rss>"
    assert parse(body.encode(), None, URL).asked == expected


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
        ("sitemap_index.xml", "sitemap_index"),
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
        (gzip.compress(bytes(16 * 1024 * 1024)), "unparsable"),
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


def test_a_page_that_a_redirect_to_a_login_led_to() -> None:
    page = b"<html><head><title>Welcome</title></head><body><div id=app></div></body></html>"
    for url in ("https://paper.example/login?next=%2Ffeed", "https://paper.example/accounts/sign-in/"):
        with pytest.raises(NotAFeed) as raised:
            parse(page, None, url)
        assert raised.value.kind == "login"
    assert kind(page) == "html"


@pytest.mark.parametrize(
    "words",
    [
        "<title>One moment, please...</title><p>Please wait while your request is being verified...",
        "<script>document.cookie='__test='+toHex(slowAES.decrypt(c,2,a,b))</script>",
        "<h1>paper.example</h1><p>Verifying you are human. This may take a few seconds.",
    ],
)
def test_a_challenge_is_a_bot_wall(words: str) -> None:
    assert kind(f"<html><body>{words}</body></html>".encode()) == "bot_wall"


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


@pytest.mark.parametrize(
    ("body", "title", "damaged"),
    [
        (rss("<title>Fuel & food</title>"), "Fuel & food", 'stray "&"'),
        (rss("<title>Fuel < 3 dollars</title>"), "Fuel < 3 dollars", 'stray "<"'),
        (rss("<title>a ]]> b</title>"), "a ]]> b", None),
        (rss("<title>caf&eacute; &copy=1 &unheardof; &LT;</title>"), "café ©=1 &unheardof; <", 'stray "&"'),
        (rss("<title>a&#0;b&#x1F;c&#1F;d</title>"), "a\ufffdb\ufffdc\ufffdd", "references to no character"),
        (rss("<title>x</title><!-- a -- b --><?php echo 1 ?>"), "x", None),
        (rss("<title>x</title>") + b"<!-- cached -->", "x", None),
        (rss("<title>x<![CDATA[ never ends </title>"), "x never ends", "<![CDATA[ without its end"),
        (rss("<title>x</title><!-- never ends"), "x", "<!-- without its end"),
    ],
)
def test_what_is_mended_reads_as_it_was_meant(body: bytes, title: str, damaged: str | None) -> None:
    parsed = parse(body, None, URL)
    assert [entry.title for entry in parsed.entries] == [title]
    assert (parsed.damaged or "") == "" if damaged is None else damaged in (parsed.damaged or "")


def test_a_stray_ampersand_in_a_link_is_part_of_it() -> None:
    image = "<enclosure url='/i.png?a&amp;b&c' type='image/png'/>"
    item = f"<title>x</title><link>https://a.example/?a=1&b=2&copy=3</link>{image}"
    assert only(item).url == "https://a.example/?a=1&b=2&copy=3"
    assert only(item).image_url == "https://gazette.example/i.png?a&b&c"


def test_a_tag_cut_off_at_the_end_is_no_text() -> None:
    body = b"<rss version='2.0'><channel><item><title>one</title></item><item><title>two</title><description>x</descr"
    assert [entry.title for entry in parse(body, None, URL).entries] == ["one", "two"]
    assert "descr" not in parse(body, None, URL).entries[1].text


def test_ids_and_dates_that_are_too_long_to_be_any_are_none() -> None:
    entry = only(f"<title>x</title><guid isPermaLink='false'>{'i' * 3_000}</guid><pubDate>{'1' * 3_000}</pubDate>")
    assert (entry.entry_id, entry.published_at, entry.published_raw) == (None, None, "1" * 500)


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


def test_a_large_real_feed_is_read_whole() -> None:
    text = "&lt;p&gt;Crews cleared the road.&lt;/p&gt;" * 100
    item = f"<title>x</title><link>https://a.example/1</link><category>a</category><description>{text}</description>"
    parsed = parse(rss("</item><item>".join([item] * 1_000)), None, URL)
    assert (len(parsed.entries), parsed.damaged) == (1_000, None)


@pytest.mark.parametrize(
    ("item", "entries"), [("<category>x</category>" * 300, 163), (f"<description>{'word ' * 20_000}</description>", 79)]
)
def test_of_a_document_too_dear_the_first_entries_are_read(item: str, entries: int) -> None:
    parsed = parse(rss("</item><item>".join([f"<title>x</title>{item}"] * 250)), None, URL)
    assert 0.9 * entries < len(parsed.entries) < 1.1 * entries
    assert parsed.damaged == f"read up to its entry {len(parsed.entries)}: too large"


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("name", "body"), [pytest.param(*row, id=row[0]) for row in hostile(100_000)])
def test_a_hostile_document_is_cut_off_or_read_in_time(name: str, body: bytes) -> None:
    assert outcome(body)


def test_the_error_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(NotAFeed("html", "a web page")))
    assert (error.kind, error.detail, str(error)) == ("html", "a web page", "html: a web page")


def test_importing_it_is_cheap() -> None:
    code = "import sys, services.ingest.formats.parse; print('feedparser' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_a_mutated_document_is_a_feed_or_it_is_not() -> None:
    """As many as `python -m bench.fuzz_parse` is given, in small; a failure names the document to make again."""
    for name, body in mutations(corpus(), seed=1, count=500):
        try:
            outcome(body)
        except Exception as error:
            pytest.fail(f"python -m bench.fuzz_parse --again {name}: {error!r}")


PIECES = [
    b"<item>",
    b"</item>",
    b"<rss version='2.0'>",
    b"<channel>",
    b"<title>",
    b"</title>",
    b"<![CDATA[",
    b"]]>",
    b"&",
    b"<",
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=30).map(b"".join))
def test_any_pile_of_markup_is_a_feed_or_it_is_not(body: bytes) -> None:
    assert outcome(body)
