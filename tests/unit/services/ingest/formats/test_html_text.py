"""Markup becomes the text that a reader sees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.formats.html_text import MAX_HTML, clean, html_text, inline_text, paragraphs


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain words", "plain words\n"),
        ("<p>One.</p><p>Two.</p>", "One.\nTwo.\n"),
        ("<p>One.<p>Two.", "One.\nTwo.\n"),
        ("One.<br>Two.<br/>Three.", "One.\nTwo.\nThree.\n"),
        ("<p>wrapped\n  over\tlines</p>", "wrapped over lines\n"),
        ("in<b>line</b> stays <i>to</i>gether", "inline stays together\n"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb\n"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"),
        ("<p>a</p><script>if (a < b) { x('</p>') }</script><style>p {}</style><p>b</p>", "a\nb\n"),
        ("<script/>shown<noscript><img></noscript>", "shown\n"),
        ("caf&eacute; &amp; bar &#8211; &#x2019; &nbsp; &unknown;", "café & bar – ’ &unknown;\n"),
        ("2 < 3 and 4 > 3 & x<y", "2 < 3 and 4 > 3 & x<y\n"),
        ("<![CDATA[<p>wrapped twice</p>]]>", "wrapped twice\n"),
        ("a<!-- hidden <p> -->b<![if mso]>c<!DOCTYPE x>d<?php e ?>f", "abcdf\n"),
        ("shown<!-- never closed", "shown\n"),
        ("first\nline\n\nsecond", "first line\nsecond\n"),
        ('<a href="x?a=1&b=2" title="a > b">link</a>', "link\n"),
        ("ends in <a href=", "ends in <a href=\n"),
    ],
)
def test_html_becomes_paragraphs(html: str, text: str) -> None:
    assert html_text(html) == text


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Fuel &amp; food", "Fuel & food"),
        ("Fuel &amp;lt;b&gt; food", "Fuel &lt;b> food"),
        ("<b>Fuel</b> and&nbsp;food", "Fuel and food"),
        ("Fuel<br/>and food", "Fuel and food"),
        ("Fuel < 3 dollars, <unknown> says", "Fuel < 3 dollars, <unknown> says"),
        ("It&#8217;s\n  open", "It’s open"),
        ("a\x00b\ud800", "ab�"),
    ],
)
def test_titles_lose_markup_and_nothing_else(title: str, text: str) -> None:
    assert inline_text(title) == text


def test_plain_text_keeps_its_lines() -> None:
    assert paragraphs(" one \r\n\n<b>two</b>\t\tx") == "one\n<b>two</b> x\n"


def test_windows_characters_in_disguise_are_themselves() -> None:
    assert clean("l\x92été\x85\x81") == "l’été…"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["<!--", "<!", "<?", "<![", "<a ", '<a x="', "</", "&", "<", "<div>", "<svg>", "<script>"]
)
def test_hostile_markup_takes_no_more_than_its_length(piece: str) -> None:
    assert len(html_text(piece * (MAX_HTML // len(piece)))) <= MAX_HTML + 1


PIECES = "<p> </p> <! <!-- --> <![CDATA[ ]]> <![x <script> </script> <a <a> & &# &#x110000; < > / <? ' \""
MARKUP = st.lists(st.sampled_from(PIECES.split(" ")) | st.text(max_size=5)).map("".join)


@given(MARKUP)
def test_any_input_gives_clean_paragraphs(html: str) -> None:
    for text in (html_text(html), paragraphs(html)):
        text.encode()
        assert not text or text.endswith("\n")
        assert all(line and line == " ".join(line.split()) for line in text.split("\n")[:-1])
    assert "\n" not in inline_text(html)
