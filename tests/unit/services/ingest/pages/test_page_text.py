import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingest.pages.page_text import NotAnArticle, Page, check_landing, read_page

URL = "https://news.example/2024/convoy"
FIRST = "The convoy left the port before dawn, with engineers and water for the northern camps, officials said."
SECOND = "A second convoy, larger than the first, is to follow when the bridge over the river has been mended."


def html(head: str = "", body: str = "", lang: str = "en") -> bytes:
    article = body or f"<article><h1>The convoy left</h1><p>{FIRST}</p><p>{SECOND}</p></article>"
    head = f'<meta charset="utf-8"><title>The convoy left</title>{head}'
    around = '<nav><a href="/">Home</a> <a href="/world">World</a></nav>', "<footer>Imprint</footer>"
    page = f'<!doctype html><html lang="{lang}"><head>{head}</head><body>{around[0]}{article}{around[1]}</body></html>'
    return page.encode()


def json_ld(**fields: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@context": "https://schema.org"} | fields)}</script>'


def read(body: bytes, content_type: str | None = "text/html; charset=utf-8") -> Page:
    return read_page(body, content_type, URL)


def test_the_text_of_an_article_without_what_frames_it() -> None:
    page = read(html())
    assert page.text == f"{FIRST}\n{SECOND}\n"
    assert (page.title, page.language, page.withheld) == ("The convoy left", "en", None)


def test_title_date_author_and_picture() -> None:
    head = (
        '<meta property="og:title" content="Convoy &amp; bridge"><meta name="author" content="Ana Bel">'
        '<meta property="article:published_time" content="2024-03-01T23:30:00-05:00">'
        '<meta property="og:image" content="/i.jpg"><meta property="og:site_name" content="The Example">'
    )
    page = read(html(head, lang="fr-HT"))
    assert (page.title, page.authors, page.language) == ("Convoy & bridge", ["Ana Bel"], "fr")
    assert page.published_at == datetime(2024, 3, 2, 4, 30, tzinfo=UTC)
    assert page.image_url == "https://news.example/i.jpg"
    assert page.site == "The Example"


@pytest.mark.parametrize(
    "sign",
    [
        json_ld(**{"@type": "NewsArticle", "isAccessibleForFree": False}),
        json_ld(**{"@type": ["Report", "NewsArticle"], "isAccessibleForFree": "False"}),
        json_ld(**{"@type": "NewsArticle", "isAccessibleForFree": "http://schema.org/False"}),
        json_ld(**{"@graph": [{"@type": "WebSite"}, {"@type": "NewsArticle", "isAccessibleForFree": False}]}),
        '<meta property="article:content_tier" content="locked">',
        '<meta itemprop="isAccessibleForFree" content="false">',
    ],
)
def test_signs_of_a_paywall(sign: str) -> None:
    assert read(html(sign)).withheld


@pytest.mark.parametrize(
    "sign",
    [
        json_ld(**{"@type": "NewsArticle", "isAccessibleForFree": True}),
        json_ld(**{"@type": "ItemList", "itemListElement": [{"@type": "NewsArticle", "isAccessibleForFree": False}]}),
        '<script type="application/ld+json">{"broken": </script>',
        '<script type="application/ld+json">[1, null, {"@graph": 7}]</script>',
        '<meta property="article:content_tier" content="free">',
    ],
)
def test_what_is_no_sign_of_a_paywall(sign: str) -> None:
    assert read(html(sign)).withheld is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\x00\x01\x02", "empty"),
        (b"<html><head><title>The convoy left</title></head><body><p></p></body></html>", "empty"),
        (
            html("<script>window._cf_chl_opt={}</script>", "<p>Just a moment, this takes a second or two.</p>"),
            "bot_wall",
        ),
        (html(body="<p>Please enable JavaScript and cookies to go on: checking your browser.</p>"), "bot_wall"),
    ],
)
def test_pages_that_are_no_article(body: bytes, kind: str) -> None:
    with pytest.raises(NotAnArticle) as raised:
        read(body)
    assert raised.value.kind == kind


def test_a_charset_that_only_the_page_declares() -> None:
    text = "Сегодня колонна вышла из порта до рассвета, с инженерами и водой для северных лагерей."
    body = f'<html><head><meta charset="windows-1251"></head><body><article><p>{text}</p></article></body></html>'
    assert text in read(body.encode("cp1251"), "text/html").text


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 50_000 + FIRST.encode(),
        b"<p>" + b"a<b>" * 50_000,
        b"<script type='application/ld+json'>" * 5_000,
        b"<script type='application/ld+json'>" + b"[" * 100_000 + b"</script><p>" + FIRST.encode(),
    ],
    ids=["deep", "deep and wordy", "unclosed scripts", "deep JSON"],
)
def test_hostile_pages_come_to_an_end(body: bytes) -> None:
    with suppress(NotAnArticle):
        assert read(body).text.count("\n") < 10


@pytest.mark.parametrize(
    ("landed", "kind"),
    [
        ("https://news.example/", "home_page"),
        ("https://news.example", "home_page"),
        ("https://consent.other.example/ask?back=1", "consent"),
        ("https://login.example/x", "consent"),
        ("https://news.example/2024/convoy-corrected", None),
        ("https://www.news.example/2024/convoy", None),
        ("https://news.example/?p=12", None),
    ],
)
def test_where_redirects_lead(landed: str, kind: str | None) -> None:
    if kind is None:
        check_landing(URL, landed)
        return
    with pytest.raises(NotAnArticle) as raised:
        check_landing(URL, landed)
    assert raised.value.kind == kind
