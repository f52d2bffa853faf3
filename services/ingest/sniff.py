"""What a document is, from its beginning: an error page must never pass for an empty feed."""

import codecs
import re
from typing import Final

from services.ingest.documents import NotAFeed

HEAD: Final = 100_000  # bytes that are looked at

FEED_ROOTS: Final = frozenset(["rss", "feed", "rdf", "channel"])
SITEMAP_ROOTS: Final = frozenset(["urlset", "sitemapindex"])
# What walls against bots say of themselves, in lower case. (phrase, whose)
BLOCK_PAGES: Final = (
    ("captcha", "captchas of any kind"),
    ("just a moment...", "Cloudflare challenge"),
    ("attention required! | cloudflare", "Cloudflare block"),
    ("cf-chl-", "Cloudflare challenge"),
    ("_incapsula_resource", "Imperva Incapsula"),
    ("pardon our interruption", "Imperva"),
    ("px-captcha", "PerimeterX"),
    ("datadome", "DataDome"),
    ("<title>access denied", "Akamai and others"),
    ("are you a robot", "Bloomberg and others"),
    ("enable javascript and cookies to continue", "Cloudflare challenge"),
)
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x00<\x00?", "utf-16-be"),
)
_PROLOGUE: Final = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!doctype[^\[>]*(?:\[.*?\]\s*)?>)", re.DOTALL | re.IGNORECASE)
_ROOT: Final = re.compile(r"\s*<(?:[\w.-]+:)?([\w.-]+)")
_FEED_FURTHER_ON: Final = re.compile(r"<(?:rss\b|feed\b|(?:[\w.-]+:)?RDF\b)", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title", re.DOTALL | re.IGNORECASE)


def sniff(document: bytes) -> str | NotAFeed:
    """Return "xml" or "json", or what the document is instead of a feed."""
    if not document.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        return NotAFeed(reason="empty", detail="the body is empty")
    text = _beginning(document)
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] in ("{", "["):
        return "json"
    position = 0
    while found := _PROLOGUE.match(start, position):
        position = found.end()
    root = _ROOT.match(start, position)
    name = root[1].lower() if root else ""
    if name in FEED_ROOTS:
        return "xml"
    if name in SITEMAP_ROOTS:
        return NotAFeed(reason="sitemap", detail=f"a sitemap ({name}), not a feed")
    if name != "html" and "<!doctype html" not in start[:position].lower() and _FEED_FURTHER_ON.search(start):
        return "xml"  # something stands before the feed, a warning of the server's software for instance
    if name == "html" or "<html" in start.lower() or "<body" in start.lower():
        return _page(start)
    return NotAFeed(reason="unknown", detail=f"neither XML of a feed nor JSON; it begins with {start[:60]!r}")


def _page(text: str) -> NotAFeed:
    lowered = text.lower()
    title = _TITLE.search(text)
    words = f"a web page, {' '.join(title[1].split())[:100]!r}" if title else "a web page"
    if any(phrase in lowered for phrase, _whose in BLOCK_PAGES):
        return NotAFeed(reason="blocked", detail=f"{words}: a wall against bots")
    if re.search(r"type=[\"']?password", lowered):
        return NotAFeed(reason="login", detail=f"{words}: a login form")
    return NotAFeed(reason="html", detail=words)


def _beginning(document: bytes) -> str:
    head = document[:HEAD]
    encoding = next((name for mark, name in _BOMS if head.startswith(mark)), "utf-8")
    return head.decode(encoding, "replace")
