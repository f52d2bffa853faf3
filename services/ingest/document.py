"""What a response body is: an XML feed, JSON, or something else that says so itself. The bytes decide, not the label."""

import re
from typing import Final, Literal

import msgspec

from services.ingest.decode import decode
from services.ingest.html_text import clean, html_text, inline_text
from services.ingest.parsed_feed import NotAFeed

MAX_DEPTH: Final = 200  # open elements; real feeds stay under 30
MAX_ENTRIES: Final = 1_000

# (in the page, lower case; where it was seen or is documented): a page that keeps programs out
BOT_WALLS: Final = (
    ("/cdn-cgi/challenge-platform/", "Cloudflare challenge pages"),
    ("cf-browser-verification", "Cloudflare, older challenge pages"),
    ("<title>just a moment...</title>", "Cloudflare challenge pages"),
    ("<title>attention required! | cloudflare</title>", "Cloudflare block pages"),
    ("_incapsula_resource", "Imperva Incapsula"),
    ("pardon our interruption", "Imperva (Distil) block pages"),
    ("sucuri website firewall - access denied", "Sucuri firewall block pages"),
    ("sucuri_cloudproxy_js", "Sucuri firewall challenge pages"),
    ("captcha-delivery.com", "DataDome"),
    ("px-captcha", "HUMAN (PerimeterX)"),
    ("awswafintegration", "AWS WAF challenge"),
    ("making sure you&#39;re not a bot", "Anubis"),
    ("making sure you're not a bot", "Anubis"),
    ("ddos protection by", "DDoS-Guard and others"),
    ("errors.edgesuite.net", "Akamai access denied"),
)
# Words of such pages that an ordinary page may hold too: they count on a page of few words.
BOT_WALL_WORDS: Final = re.compile(
    r"captcha|are you (?:a )?(?:human|robot)|not a robot|checking your browser|access denied|unusual traffic"
    r"|enable javascript and cookies|request blocked|security check",
    re.IGNORECASE,
)
FEW: Final = 1_000  # characters

_LOGIN: Final = re.compile(r"<input[^<>]*\btype\s*=\s*[\"']?password", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_HTML: Final = re.compile(
    r"\s*(?:<!--.*?-->\s*|<\?[^>]*>\s*)*<(?:!doctype\s+html|html|head|body|title|meta)\b", re.I | re.S
)
_ROOT: Final = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf)(?=[\s>])[^<>]*", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"<([A-Za-z_][\w:.-]*)")
_ENTRY: Final = re.compile(r"</(?:[A-Za-z_][\w.-]*:)?(?:item|entry)\s*>", re.IGNORECASE)
# A section that is no markup (to the end if it is not closed), or a tag.
_MARKUP: Final = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<(/?)([A-Za-z_][^\s/<>]*)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>",
    re.DOTALL,
)
# A declaration in the DTD, and those that do no harm: an entity that stands for one character, as older feeds define
# &nbsp; and the like, and the name of an external set of entities, which nothing here fetches.
_ENTITY: Final = re.compile(r"<!ENTITY")
_HARMLESS: Final = re.compile(
    r"""<!ENTITY\s+(?:[\w.-]+\s+(?:"(?:&\#\w{1,8};|[^&%<"]?)"|'(?:&\#\w{1,8};|[^&%<']?)')|%\s*[\w.-]+\s+(?:PUBLIC|SYSTEM)\s)"""
)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """text: for xml, from the root element on, without prolog, fit for a parser. damaged: what was mended, in words."""

    format: Literal["xml", "json"]
    text: str
    damaged: list[str]


def read_document(body: bytes, content_type: str | None) -> Document:
    """Return the document's text and what it looks like. Raises NotAFeed."""
    if body.startswith(b"\x1f\x8b"):
        raise NotAFeed("unparsable", "the body is compressed (gzip) and the response does not say so")
    text, wrong = decode(body, content_type)
    damaged = [wrong] if wrong else []
    content = text.strip("\ufeff\0 \t\r\n")
    if not content:
        raise NotAFeed("empty", f"the body has {len(body)} bytes and no content")
    if content.startswith(("{", "[")):
        return Document(format="json", text=content, damaged=damaged)
    root = _ROOT.search(content)
    if _HTML.match(content) and not (root and re.search(r"\s(?:version|xmlns)", root[0])):
        raise _page(content)
    if not root:
        raise _other(content)
    _refuse_entities(content[: root.start()])
    if not content.startswith("<"):
        damaged.append(f"text before the feed: {_excerpt(content)}")
    # Without prolog: no DTD ever reaches a parser.
    text = clean(content[root.start() :])
    if len(text) != len(content) - root.start():
        damaged.append("control characters")
    _refuse_depth(text)
    return Document(format="xml", text=_first_entries(text), damaged=damaged)


def _refuse_entities(prolog: str) -> None:
    """Entities that hold text can grow without bounds ("billion laughs"), and feeds need none."""
    for declaration in _ENTITY.finditer(prolog):
        if not _HARMLESS.match(prolog, declaration.start()):
            raise NotAFeed("xml", f"refused: its DTD defines entities: {_excerpt(prolog[declaration.start() :])}")


def _refuse_depth(text: str) -> None:
    """Parsers' work grows with the depth at every element."""
    open_tags: list[str] = []
    for markup in _MARKUP.finditer(text):
        closing, name, rest = markup.groups()
        if not name or rest.endswith("/"):
            continue
        if not closing:
            open_tags.append(name)
            if len(open_tags) > MAX_DEPTH:
                raise NotAFeed("xml", f"refused: more than {MAX_DEPTH} elements within each other")
        elif name in open_tags:  # also closes what was left open inside
            while open_tags.pop() != name:
                pass


def _first_entries(text: str) -> str:
    """The document without what is between its entry number MAX_ENTRIES and the end of its last."""
    ends = [end.end() for end in _ENTRY.finditer(text)]
    return text[: ends[MAX_ENTRIES - 1]] + text[ends[-1] :] if len(ends) > MAX_ENTRIES else text


def _page(content: str) -> NotAFeed:
    """What kind of web page this is."""
    page = content.lower()
    title = _TITLE.search(content)
    words = html_text(content)
    said = f"a web page: {_excerpt(inline_text(title[1]) if title and title[1].strip() else words)}"
    for sign, source in BOT_WALLS:
        if sign in page:
            return NotAFeed("bot_wall", f"{said} ({source})")
    if len(words) < FEW and BOT_WALL_WORDS.search(content):
        return NotAFeed("bot_wall", said)
    return NotAFeed("login" if _LOGIN.search(content) else "html", said)


def _other(content: str) -> NotAFeed:
    """What kind of document this is that is neither a feed nor, as it starts, a web page."""
    tag = _ANY_TAG.search(content)
    if tag and content.startswith("<?xml"):
        return NotAFeed("xml", f"an XML document, but no feed: its root element is <{tag[1]}>")
    if tag:
        return _page(content)
    return NotAFeed("unparsable", f"neither XML nor JSON nor HTML: {_excerpt(content)}")


def _excerpt(text: str) -> str:
    return " ".join(clean(text[:200]).split())[:100]
