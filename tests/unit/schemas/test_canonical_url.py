"""One article has one canonical URL, and two articles never share one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo import render
from deploy.demo.articles import Run, load, visible
from schemas.canonical_url import (
    AMP_PARAMETERS,
    HOST_PREFIXES,
    SESSION_PARAMETERS,
    TRACKING_PARAMETERS,
    TRACKING_PARAMETERS_OF,
    canonical_url,
)
from schemas.errors import Invalid

ARTICLE = "https://news.example/haiti/officers-land"


@pytest.mark.parametrize(
    "variant",
    [
        "http://news.example/haiti/officers-land",
        "HTTPS://News.Example/haiti/officers-land",
        "https://news.example:443/haiti/officers-land",
        "http://news.example:80/haiti/officers-land",
        "https://news.example./haiti/officers-land",
        "https://news.example/haiti/officers-land/",
        "https://news.example/haiti/officers-land?",
        "https://news.example/haiti/officers-land#comments",
        "https://news.example/haiti/./sport/../officers-land",
        "https://news.example/haiti/%6Ffficers%2Dland",
        "https://news.example\\haiti\\officers-land",
        "  https://news.example/haiti/officers-land\n",
        "https://news.example/haiti/offi\ncers-land",
        "https://news.example/haiti/officers-land;jsessionid=0A1B",
        "https://news.example/(S(3abc1de5xyz))/haiti/officers-land",
        "https://news.example/(A(x)S(3abc1de5xyz))/haiti/officers-land",
        "https://news.example/haiti/officers-land/amp",
        "https://news.example/haiti/officers-land/amp/",
        "https://news.example/haiti/officers-land.amp",
        "https://news.example/haiti/officers-land;PHPSESSID=0A1B/",
        "https://news.example/amp/haiti/officers-land",
        "https://www.google.com/amp/s/news.example/haiti/officers-land",
        "https://news-example.cdn.ampproject.org/c/s/news.example/haiti/officers-land",
        "https://news-example.cdn.ampproject.org/v/s/amp.news.example/haiti/officers-land/amp/?usqp=mq331",
        "https://reader:secret@news.example/haiti/officers-land",
        "https://www.m.news.example/haiti/officers-land",
        "https://news.example/haiti/officers-land?UTM_Source=rss&fbclid=IwAR0&at_custom1=a#top",
    ],
)
def test_variants_of_an_address_are_one(variant: str) -> None:
    assert canonical_url(variant) == ARTICLE


@pytest.mark.parametrize("name", [name for name, _source in TRACKING_PARAMETERS + SESSION_PARAMETERS])
def test_every_tracking_and_session_parameter_is_dropped(name: str) -> None:
    assert canonical_url(f"{ARTICLE}?id=7&{name.replace('*', 'x')}=1") == f"{ARTICLE}?id=7"


@pytest.mark.parametrize(("site", "name"), [(site, name) for site, name, _source in TRACKING_PARAMETERS_OF])
def test_parameters_of_one_site_are_dropped_there_only(site: str, name: str) -> None:
    assert canonical_url(f"https://www.{site}/a?{name}=rss") == f"https://{site}/a"
    assert canonical_url(f"{ARTICLE}?{name}=rss") == f"{ARTICLE}?{name}=rss"


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value, _source in AMP_PARAMETERS])
def test_the_amp_variant_is_the_page(name: str, value: str) -> None:
    assert canonical_url(f"{ARTICLE}?{name}{'=' if value else ''}{value}") == ARTICLE


@pytest.mark.parametrize("prefix", [prefix for prefix, _source in HOST_PREFIXES])
def test_variants_of_a_site_are_one(prefix: str) -> None:
    assert canonical_url(f"https://{prefix}.news.example/haiti/officers-land") == ARTICLE


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://m.co.ke/x", "https://m.co.ke/x"),
        ("https://amp.dev/x", "https://amp.dev/x"),
        ("https://mobile.nation.co.ke/x", "https://nation.co.ke/x"),
        ("http://news.example:8080/x", "http://news.example:8080/x"),
        ("https://news.example", "https://news.example/"),
        ("https://news.example/amp", "https://news.example/amp"),
        ("https://news.example/camp", "https://news.example/camp"),
        ("https://news.example/?p=2&p=1&a=3", "https://news.example/?a=3&p=2&p=1"),
        ("https://news.example/a?amp=2", "https://news.example/a?amp=2"),
        ("https://news.example/a.amp.html", "https://news.example/a.html"),
        ("https://news.example/stamp/a.ampere", "https://news.example/stamp/a.ampere"),
        ("https://news.example/a;v=2", "https://news.example/a;v=2"),
        ("https://news.example/#!/story/7", "https://news.example/#!/story/7"),
        ("https://news.example/%e9t%C3%A9", "https://news.example/%E9t%C3%A9"),
        ("https://news.example/été 100%", "https://news.example/%C3%A9t%C3%A9%20100%25"),
        ("https://news.example/a%2Fb", "https://news.example/a%2Fb"),
        ("https://MÜNCHEN.example/x", "https://xn--mnchen-3ya.example/x"),
        ("https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x"),
    ],
)
def test_what_chooses_content_stays(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


@pytest.mark.parametrize(
    "other",
    [
        "https://news.example/haiti/officers-land-2",
        "https://news.example/haiti/Officers-Land",
        "https://news.example/haiti/officers-land?page=2",
        "https://news.example/haiti/officers%2Fland",
        "https://sport.news.example/haiti/officers-land",
        "https://news.example:8443/haiti/officers-land",
        "https://news.example/haiti//officers-land",
    ],
)
def test_other_articles_are_other(other: str) -> None:
    assert canonical_url(other) != ARTICLE


@pytest.mark.parametrize(
    "url",
    [
        "",
        "news.example/x",
        "//news.example/x",
        "/x",
        "ftp://news.example/x",
        "javascript:alert(1)",
        "mailto:a@news.example",
        "https://",
        "https:///x",
        "https://news example/x",
        "https://news.example:port/x",
        "https://[::1/x",
        "https://..example/x",
        "https://-%00/x",
        "https://news.example/" + "x" * 8_000,
    ],
)
def test_what_is_no_web_address_is_invalid(url: str) -> None:
    with pytest.raises(Invalid) as raised:
        canonical_url(url)
    assert raised.value.reason == "url"


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("?p=1204", "?p=1205"),
        ("?id=7&page=1", "?id=7&page=2"),
        ("?tag=a&tag=b", "?tag=b&tag=a"),
        ("?ID=7", "?id=7"),
        ("?id=a%26b", "?id=a&b"),
        ("?story=utm_source", "?story=utm_medium"),
        ("a%2Fb", "a/b"),
        ("a%3Fb", "a?b"),
        ("a+b", "a%20b"),
        ("2025/11/24/port", "2025/11/25/port"),
        ("article.html", "article.htm"),
        ("camp", "c"),
        ("x;v=1", "x;v=2"),
        ("#!/story/7", "#!/story/8"),
        ("\u00e9", "e\u0301"),
        ("index.php?story=7", "index.php?story=8"),
        ("index.php?story=7", "index.php"),
        ("index.php", "index.html"),
        ("", "index.html"),
        ("news.php?id=7&lang=fr", "news.php?id=7&lang=ht"),
        ("article.aspx?ID=7", "article.aspx?id=7"),
        ("article.aspx", "Article.aspx"),
        ("?p=7", "?page_id=7"),
        ("?pk_id=7", "?pk_id=8"),
        ("?session=45", "?session=46"),
        ("?sessionid=45", "?sessionid=46"),
        ("?s=haiti", "?s=kenya"),
        ("?source=un", "?source=oas"),
        ("?t=7", "?t=8"),
        ("?ref=7", "?ref=8"),
        ("?b=1", "?b=2"),
        ("?q=a", "?q=A"),
        ("?q=a+b", "?q=a%2Bb"),
        ("?url=https://a.example/", "?url=https://b.example/"),
        ("2025/11/24/", "2025/11/24/amp-prices-rise"),
        ("a/amplified", "a/lified"),
        ("(x)/a", "a"),
        ("a(1)", "a(2)"),
        ("a/b", "a//b"),
        ("a/b;p=1", "a/b"),
        ("a:7", "a:8"),
        ("a.amp", "a.html"),
        ("a?format=pdf", "a"),
        ("node/7", "node/70"),
        ("%D0%B0", "a"),
        ("a%25", "a%2525"),
    ],
)
def test_near_misses_stay_apart(one: str, another: str) -> None:
    assert canonical_url(f"https://news.example/{one}") != canonical_url(f"https://news.example/{another}")


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("https://news.example/a", "https://news.example.com/a"),
        ("https://fr.news.example/a", "https://ht.news.example/a"),
        ("https://m.news.example/a", "https://mm.news.example/a"),
        ("https://news.example/a", "http://news.example:8080/a"),
        ("https://blog.news.example/?p=1", "https://news.example/?p=1"),
        ("https://one.blogs.example/a", "https://two.blogs.example/a"),
        ("https://xn--mnchen-3ya.example/a", "https://munchen.example/a"),
        ("https://twitter.com/a/status/1?s=20", "https://twitter.com/a/status/2?s=20"),
        ("https://medium.com/p/1?source=rss", "https://medium.com/p/2?source=rss"),
    ],
)
def test_other_sites_stay_apart(one: str, another: str) -> None:
    assert canonical_url(one) != canonical_url(another)


def test_no_two_articles_of_the_demo_are_one() -> None:
    """As its feeds link to them, tracking parameters and all; nor does a variant of one become another."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    run = Run(started=now, live_from=now)
    addresses = {
        render.article_url(base, feed, entry, tracked=True)
        for base in ("http://127.0.0.1:8400", "https://www.news.example")
        for feed in load()
        for entry in visible(feed, run, now + timedelta(days=1))
    }
    canonical = {address: canonical_url(address) for address in addresses}
    assert len(set(canonical.values())) == len(addresses) > 60
    for address, expected in canonical.items():
        plain = address.partition("?")[0]
        variants = [f"{plain}/", f"{plain}#top", f"{plain}?utm_source=x", f"{plain}/amp/"]
        assert {canonical_url(variant) for variant in variants} == {expected}


@given(
    st.lists(st.text("abp019", min_size=1, max_size=4), min_size=2, max_size=2, unique=True),
    st.sampled_from(["https://news.example/haiti/{}/", "http://news.example/?id={}", "https://{}.news.example/a"]),
)
def test_other_slugs_ids_and_sites_are_other_articles(names: list[str], address: str) -> None:
    one, another = (canonical_url(address.format(name)) for name in names)
    assert one != another


FRAGMENTS = (  # of addresses, to be put together at random
    "http:// https:// www. m. amp. google.com cdn.ampproject.org /amp/ /c/s/ .amp .html ? & = # ! % %2 %2f %61mp ; "
    "jsessionid= utm_x amp=1 // .. . : :80 @ \\ [ ] news.example news.co.uk é ü xn-- + ~ _"
)
PIECES = st.sampled_from(FRAGMENTS.split()) | st.text(max_size=4)


@given(st.lists(PIECES, max_size=12).map(lambda pieces: "https://news.example" + "".join(pieces)))
def test_canonical_is_canonical(url: str) -> None:
    try:
        canonical = canonical_url(url)
    except Invalid:
        return
    assert canonical_url(canonical) == canonical
    assert canonical.isascii()
    assert canonical.startswith(("http://", "https://"))


@given(st.lists(PIECES, max_size=12).map("".join) | st.text())
def test_anything_is_a_url_or_invalid(text: str) -> None:
    try:
        canonical = canonical_url(text)
    except Invalid:
        return
    assert canonical_url(canonical) == canonical
