"""What a response body is: an XML feed, JSON, or something else. The bytes decide, not their label."""

import re
from typing import Final, Literal

import msgspec

from services.ingest.fetching.body import EncodingError, TooLargeError, inflated
from services.ingest.formats.character_encoding import decode
from services.ingest.formats.html_text import BLOCKS, MAX_HTML, clean, html_text, inline_text
from services.ingest.formats.parsed_feed import NotAFeed

MAX_INFLATED: Final = 15 * 1024 * 1024  # bytes

# (in the page, lower case; whose; where the sign was read): only on pages that keep programs out
BOT_WALLS: Final = (
    ("_cf_chl_opt", "Cloudflare challenge", "seen in public tests with recorded pages"),
    ("cf-browser-verification", "Cloudflare challenge, older", "seen in public lists of signs"),
    ("<title>just a moment...</title>", "Cloudflare challenge", "privacy-tech-lab/gpc-web-crawler"),
    ("<title>attention required! | cloudflare</title>", "Cloudflare block", "privacy-tech-lab/gpc-web-crawler"),
    ("pardon our interruption", "Imperva (Distil) block", "privacy-tech-lab/gpc-web-crawler"),
    ("access denied - sucuri website firewall", "Sucuri block", "EnableSecurity/wafw00f, sucuri.py"),
    ("sucuri website firewall - access denied", "Sucuri block", "EnableSecurity/wafw00f, sucuri.py"),
    ("captcha-delivery.com", "DataDome", "seen in public lists of signs"),
    ("px-captcha", "HUMAN (PerimeterX)", "seen in public lists of signs"),
    ("awswafintegration", "AWS WAF challenge", "seen in public tests with recorded pages"),
    ("making sure you're not a bot", "Anubis", "TecharoHQ/anubis"),
    ("making sure you&#39;re not a bot", "Anubis", "TecharoHQ/anubis"),
    ("<title>one moment, please...</title>", "Imunify360 challenge", "seen in public notes on recorded pages"),
    ("slowaes.decrypt(c", "cookie challenge (testcookie)", "seen in public programs that meet it"),
    ("errors.edgesuite.net", "Akamai block", "seen in public tests with recorded pages"),
)
# Words of such pages that ordinary pages may hold too (Imperva adds its script to all): they count among few words.
BOT_WALL_WORDS: Final = re.compile(
    r"captcha|are you (?:a )?(?:human|robot)|not a robot|checking your browser|access denied|unusual traffic"
    r"|verify(?:ing)? (?:that )?you are human|your request is being verified|verifying your browser"
    r"|enable javascript and cookies|request blocked|security check|_incapsula_resource|ddos protection by",
    re.IGNORECASE,
)
FEW: Final = 1_000  # characters

# What a page begins with that has lost its <html>, such as an error message of PHP.
_OF_PAGES: Final = BLOCKS | {"a", "b", "font", "i", "img", "link", "script", "small", "span", "strong", "style"}

_LOGIN: Final = re.compile(r"<input[^<>]*\btype\s*=\s*[\"']?password", re.IGNORECASE)
_LOGIN_PATH: Final = re.compile(r"/(?:wp-login|log-?in|sign-?in|sso|oauth2?)(?:[./?]|\Z)", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_HTML: Final = re.compile(
    r"\s*+(?>(?:(?><!--.*?-->)|<\?[^>]*>)\s*+)*+<(?:!doctype\s+html|html|head|body|title|meta)\b", re.I | re.S
)
_ROOT: Final = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf)(?=[\s>])[^<>]*", re.IGNORECASE)
_LOC: Final = re.compile(r"<(?:[\w.-]+:)?loc>\s*([^<\s]{1,500})")
_ANY_TAG: Final = re.compile(r"<([A-Za-z_][\w:.-]*)")
# Roots of that name only: CDF and feeds that have lost their <rss>, news sitemaps and indices of sitemaps.
_FIRST_TAGS: Final = frozenset(("channel", "urlset", "sitemapindex"))
# A declaration in the DTD, and those that do no harm: an entity that stands for one character, as older feeds define
# &nbsp; and the like, and the name of an external set of entities, which nothing here fetches.
_ENTITY: Final = re.compile(r"<!ENTITY")
_HARMLESS: Final = re.compile(
    r"""<!ENTITY\s+(?:[\w.-]+\s+(?:"(?:&\#\w{1,8};|[^&%<"]?)"|'(?:&\#\w{1,8};|[^&%<']?)')|%\s*[\w.-]+\s+(?:PUBLIC|SYSTEM)\s)"""
)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """text: for xml, from the root element on, without prolog, fit for a parser. damaged: what was mended, in words."""

    format: Literal["xml", "sitemap", "json"]
    text: str
    damaged: list[str]


def read_document(body: bytes, content_type: str | None, url: str = "") -> Document:
    """Return the document's text and what it looks like. url: where redirects led to. Raises NotAFeed."""
    if body.startswith(b"\x1f\x8b"):  # without a Content-Encoding: sitemaps come so
        try:
            body = inflated(body, MAX_INFLATED)
        except (EncodingError, TooLargeError) as error:
            raise NotAFeed("unparsable", f"a gzip file: {error}") from error
    text, wrong = decode(body, content_type)
    damaged = [wrong] if wrong else []
    content = text.strip("\ufeff\0 \t\r\n")
    if not content:
        raise NotAFeed("empty", f"the body has {len(body)} bytes and no content")
    if content.startswith(("{", "[")):
        return Document(format="json", text=content, damaged=damaged)
    first = _ANY_TAG.search(content)
    name = first[1].rpartition(":")[2].lower() if first else ""
    root = first if name in _FIRST_TAGS else _ROOT.search(content)
    sure = root and first and (root.start() == first.start() or re.search(r"\s(?:version|xmlns)", root[0]))
    if _HTML.match(content) and not sure:
        raise _page(content, url)
    if not root:
        raise _other(content, url)
    _refuse_entities(content[: root.start()])
    if not content.startswith("<"):
        damaged.append(f"text before the feed: {_excerpt(content)}")
    # Without prolog: no DTD ever reaches a parser.
    text = clean(content[root.start() :])
    if len(text) != len(content) - root.start():
        damaged.append("control characters")
    if name == "sitemapindex":
        raise NotAFeed("sitemap_index", _index(text))
    return Document(format="sitemap" if name == "urlset" else "xml", text=text, damaged=damaged)


def _index(text: str) -> str:
    addresses = _LOC.findall(text[:100_000])
    news = [address for address in addresses if "news" in address.lower()] or addresses
    return "an index of sitemaps, no feed: take one of news that it names" + (f", such as {news[0]}" if news else "")


def _refuse_entities(prolog: str) -> None:
    """Entities that hold text can grow without bounds ("billion laughs"), and feeds need none."""
    for declaration in _ENTITY.finditer(prolog):
        if not _HARMLESS.match(prolog, declaration.start()):
            raise NotAFeed("xml", f"refused: its DTD defines entities: {_excerpt(prolog[declaration.start() :])}")


def _page(content: str, url: str) -> NotAFeed:
    """What kind of web page this is."""
    content = content[:MAX_HTML]
    page = content.lower()
    title = _TITLE.search(content)
    words = html_text(content)
    said = f"a web page: {_excerpt(inline_text(title[1]) if title and title[1].strip() else words)}"
    for sign, whose, _source in BOT_WALLS:
        if sign in page:
            return NotAFeed("bot_wall", f"{said} ({whose})")
    if len(words) < FEW and BOT_WALL_WORDS.search(content):
        return NotAFeed("bot_wall", said)
    asks = _LOGIN.search(content) or _LOGIN_PATH.search(url.partition("?")[0])
    return NotAFeed("login" if asks else "html", said)


def _other(content: str, url: str) -> NotAFeed:
    """What kind of document this is that is neither a feed nor, as it starts, a web page."""
    tag = _ANY_TAG.search(content)
    if tag and tag[1].lower() in _OF_PAGES:
        return _page(content, url)
    if tag:
        return NotAFeed("xml", f"an XML document, but no feed: its root element is <{tag[1]}>")
    return NotAFeed("unparsable", f"neither XML nor JSON nor HTML: {_excerpt(content)}")


def _excerpt(text: str) -> str:
    return " ".join(clean(text[:200]).split())[:100]
