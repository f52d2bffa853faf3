"""Documents that take a parser time, each one piece again and again: refused, cut or read, it must be early."""

from collections.abc import Iterator
from typing import Final

_RSS: Final = '<rss version="2.0"><channel><title>t</title>'
_ITEM: Final = f"{_RSS}<item><title>x</title>"
_END: Final = "</item></channel></rss>"
_ATOM: Final = '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>'
_XHTML: Final = f'{_ATOM}<entry><title>x</title><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
_SMALL: Final = f"<item>{'<category>x</category>' * 20}</item>"  # entries, so that much of it can be afforded
_JSON: Final = '{"version":"https://jsonfeed.org/version/1","items":['

# (name, before, piece, after)
HOSTILE: Final = (
    ("plain text", f"{_ITEM}<description>", "word ", f"</description>{_END}"),
    ("HTML, escaped", f"{_ITEM}<description>", "&lt;p&gt;word&lt;/p&gt; ", f"</description>{_END}"),
    ("HTML in CDATA", f"{_ITEM}<description><![CDATA[", "<p>word</p> ", f"]]></description>{_END}"),
    ("breaks in CDATA", f"{_ITEM}<description><![CDATA[", "<br>", f"]]></description>{_END}"),
    ("line ends", f"{_ITEM}<description>x", " \n\t", f"x</description>{_END}"),
    ("references", f"{_ITEM}<description>", "&amp;", f"</description>{_END}"),
    ("references by number", f"{_ITEM}<description>", "&#65;", f"</description>{_END}"),
    ("HTML's references", f"{_ITEM}<description>", "&nbsp;x ", f"</description>{_END}"),
    ("stray ampersands", f"{_ITEM}<description>", "& x ", f"</description>{_END}"),
    ("stray brackets", f"{_ITEM}<description>", "< ", f"</description>{_END}"),
    ("tags without end", f"{_ITEM}<description>", "<a ", f"</description>{_END}"),
    ("quotes without end", f"{_ITEM}<description>", "<a b='", f"</description>{_END}"),
    ("comments without end", f"{_ITEM}<description>", "<!--", f"</description>{_END}"),
    ("CDATA without end", f"{_ITEM}<description>", "<![CDATA[", f"</description>{_END}"),
    ("empty elements", _ITEM, "<a/>", _END),
    ("entries of elements", _RSS, _SMALL, "</channel></rss>"),
    ("entries of elements, broken", f"{_RSS}<a>", _SMALL, "</channel></rss>"),
    ("entries of text", _RSS, f"<item><description>{'word ' * 2_000}</description></item>", "</channel></rss>"),
    (
        "entries of HTML",
        _RSS,
        f"<item><description><![CDATA[{'<p>word</p> ' * 1_000}]]></description></item>",
        "</channel></rss>",
    ),
    (
        "entries of HTML, broken",
        f"{_RSS}<a>",
        f"<item><description><![CDATA[{'<p>word</p> ' * 1_000}]]></description></item>",
        "</channel></rss>",
    ),
    ("entries of HTML, escaped", _RSS, f"<item><description>{'&lt;p>word' * 900}</description></item>", "</channel>"),
    (
        "entries of XHTML",
        _ATOM,
        f"<entry><title>x</title><content type='xhtml'>{'<p>a</p>' * 20}</content></entry>",
        "",
    ),
    ("XHTML", _XHTML, "<p class='x'>word</p>", "</div></content></entry></feed>"),
    ("entries of nothing", _RSS, "<item/>", "</channel></rss>"),
    ("entries that never end", _RSS, "<item><title>x</title>", "</channel></rss>"),
    ("depth", _RSS, "<a>", ""),
    ("attributes", f"{_ITEM}<a ", "a1='x' ", f"/>{_END}"),
    ("elements of attributes", _ITEM, "<a " + " ".join(f"a{number}=''" for number in range(90)) + "/>", _END),
    ("namespaces", _ITEM, "<a xmlns:n='urn:n'/>", _END),
    ("address of an author", f"{_ITEM}<author>", "a.", f"@</author>{_END}"),
    ("authors", _ITEM, f"<author>{'a.' * 450}@</author>", _END),
    ("dates", _RSS, "<item><title>x</title><pubDate>a 10 b 24 nov 2025</pubDate></item>", "</channel></rss>"),
    ("roots", "", "<rss ", ""),
    ("comments before a root", "", "<!-- -->", "<rss/>"),
    ("title", f"{_ITEM}<title>", "&lt;a ", f"</title>{_END}"),
    ("web page", "<html><body>", "<p>word", "</body></html>"),
    ("web page of brackets", "<html><body>", "<", ""),
    ("JSON, deep", f"{_JSON}", "[", ""),
    ("JSON, HTML", f'{_JSON}{{"content_html":"', "<p>word", '"}]}'),
    ("JSON, entries of HTML", f'{_JSON}{{"id":1}}', f',{{"content_html":"{"<p>word" * 2_000}"}}', "]}"),
    ("news sitemap", "<urlset>", "<url><loc>https://a.example/</loc><news><title>x</title></news></url>", "</urlset>"),
    ("sitemap of one address", "<urlset><url>", "<loc>a</loc>", "</url></urlset>"),
    ("undeclared encoding", f"{_ITEM}<description>", "é\udcff ", f"</description>{_END}"),
)


def hostile(size: int) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the document of each, of about `size` bytes."""
    for name, before, piece, after in HOSTILE:
        times = max(1, (size - len(before) - len(after)) // len(piece.encode(errors="surrogateescape")))
        yield name, (before + piece * times + after).encode(errors="surrogateescape")
