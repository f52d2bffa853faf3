"""What an article's page says: its text, title, date and author, and whether it shows all of it. Pure."""

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from schemas import identity
from schemas.messages import RawItem
from services.ingest.formats.absolute_url import absolute_url
from services.ingest.formats.character_encoding import decode
from services.ingest.formats.document import BOT_WALL_WORDS, BOT_WALLS, FEW
from services.ingest.formats.html_text import clean, inline_text, paragraphs
from services.ingest.formats.parsed_feed import language_code, sane
from services.ingest.items import MAX_FIELD, MAX_TEXT

# (XPath that is true of a page, what it says, source). JSON-LD is read apart, by _says_withheld.
PAYWALL_SIGNS: Final = (
    (
        "//meta[@property='article:content_tier' or @name='article:content_tier'][@content='locked']",
        "article:content_tier is locked",
        "Facebook's documentation of subscriptions, content_tier",
    ),
    (
        "//*[@itemprop='isAccessibleForFree'][@content='false' or @content='False' or contains(@href, '/False')]",
        "isAccessibleForFree is false, as microdata",
        "schema.org, isAccessibleForFree",
    ),
)
# (label at the front of the host that a page redirects to, source)
NOT_THE_ARTICLE: Final = (
    ("consent", "consent.google.com, consent.yahoo.com"),
    ("login", "seen: login.SITE"),
    ("accounts", "seen: accounts.SITE"),
)

_JSON_LD: Final = "//script[@type='application/ld+json']"
_CHARSET: Final = re.compile(rb"<meta[^<>]+charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_OF_ARTICLES: Final = re.compile(r"Article|BlogPosting|Report|WebPage|CreativeWork")
_DATES: Final = {"outputformat": "%Y-%m-%dT%H:%M:%S%z", "original_date": True, "extensive_search": False}


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """An article. text: plain, paragraphs end with a line feed; empty where the page has none that it shows to us.

    withheld: why the text is not the whole one (a paywall), None where nothing says so. published_at: UTC.
    """

    title: str
    text: str
    authors: list[str]
    published_at: datetime | None
    published_raw: str | None
    language: str | None
    image_url: str | None
    site: str
    withheld: str | None = None


class NotAnArticle(Exception):
    """The page is none that could be read. kind: a slug for counting; detail: in words. Crosses process pools."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail)
        self.kind, self.detail = kind, detail

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def check_landing(asked: str, landed: str) -> None:
    """Raise NotAnArticle where redirects lead from an article to a home page, or to who asks for consent or a login."""
    before, after = urlsplit(asked), urlsplit(landed)
    if after.path in ("", "/") and not after.query and before.path not in ("", "/"):
        raise NotAnArticle("home_page", f"the address leads to a home page, {landed[:200]}")
    label = (after.hostname or "").partition(".")[0]
    if after.hostname != before.hostname and label in [label for label, _source in NOT_THE_ARTICLE]:
        raise NotAnArticle("consent", f"the address leads to {landed[:200]}")


def read_page(body: bytes, content_type: str | None, url: str) -> Page:
    """Read a page by trafilatura. Takes some 10 ms: for a process pool.

    Raises NotAnArticle: bot_wall, empty, paywalled, unreadable.
    """
    from trafilatura import bare_extraction, load_html  # takes a second to import, and few processes need it

    for library in ("trafilatura", "htmldate", "courlan"):  # what they warn of is said here by what is raised
        logging.getLogger(library).setLevel(logging.CRITICAL)
    html = clean(_decoded(body, content_type))
    tree = load_html(html) if html.strip() else None
    if tree is None:
        raise NotAnArticle("empty", f"the body has {len(body)} bytes and no page")
    withheld, language = _paywall(tree), tree.get("lang")
    try:
        found = bare_extraction(
            tree, url=url, include_comments=False, with_metadata=True, date_extraction_params=_DATES
        )
    except Exception as error:  # whatever a page does to an extractor that is not ours, such as JSON nested too deep
        raise NotAnArticle("unreadable", f"the extractor failed: {type(error).__name__}: {error}"[:300]) from error
    if found is None or isinstance(found, dict):
        raise NotAnArticle("paywalled" if withheld else "empty", withheld or "no text apart from what frames it")
    title = inline_text(found.title or "")
    text = _without_title(paragraphs(found.text or ""), title)
    _refuse_bot_wall(html, text)
    return Page(
        title=title[:MAX_FIELD],
        text=text[: MAX_TEXT + 1],  # one more, so that it shows that there was more
        authors=[name for name in map(inline_text, (found.author or "").split(";")) if name],
        published_at=_utc(found.date),
        published_raw=found.date or None,
        language=language_code(language),
        image_url=absolute_url(found.image, url),
        site=inline_text(found.sitename or ""),
        withheld=withheld,
    )


def with_page(item: RawItem, page: Page) -> tuple[RawItem, str]:
    """Return the item with the page's text in place of its feed's, and `ok`; or as it is, and why (a slug).

    The hash is that of what is sent: a replay finds the same page and so the same hash.
    """
    if page.withheld:
        return item, "paywalled"
    if len(page.text) <= len(item.text):
        return item, "empty" if not page.text else "shorter"
    text = page.text[:MAX_TEXT]
    taken = msgspec.structs.replace(
        item,
        text=text,
        text_source="page",
        text_truncated=len(page.text) > MAX_TEXT,
        content_hash=identity.content_hash(item.title, item.summary, text, item.canonical_url),
    )
    return taken, "ok"


def _decoded(body: bytes, content_type: str | None) -> str:
    """By the charset of the content type, else that which the page declares: HTML Living Standard, 13.2.3.2."""
    if "charset" not in (content_type or "").lower() and (declared := _CHARSET.search(body[:4_096])):
        content_type = f"text/html; charset={declared[1].decode('ascii', 'replace')}"
    return decode(body, content_type)[0]


def _without_title(text: str, title: str) -> str:
    """Extractors begin with the page's heading, which the item has as its title."""
    first, _, rest = text.partition("\n")
    return rest if title and first.casefold() == title.casefold() else text


def _refuse_bot_wall(html: str, text: str) -> None:
    if len(text) >= FEW:
        return
    lower = html.lower()
    whose = next((whose for sign, whose, _source in BOT_WALLS if sign in lower), None)
    if whose or (BOT_WALL_WORDS.search(text) and len(text) < FEW // 2):
        raise NotAnArticle("bot_wall", whose or f"the page says: {text[:100]!r}")


def _paywall(tree: Any) -> str | None:
    """Why a page's text is not the whole article, as the page says itself."""
    if any(_says_withheld(node) for node in _articles(tree)):
        return "isAccessibleForFree is false"
    return next((what for path, what, _source in PAYWALL_SIGNS if tree.xpath(path)), None)


def _says_withheld(node: dict[str, Any]) -> bool:
    """False, "False" or schema.org's address of it. A page with a part (hasPart) withheld says it of the whole too."""
    return str(node.get("isAccessibleForFree")).rpartition("/")[2].lower() == "false"


def _articles(tree: Any) -> Iterator[dict[str, Any]]:
    """The page's own JSON-LD nodes, not those of other articles that it lists."""
    for script in tree.xpath(_JSON_LD):
        try:
            data = msgspec.json.decode((script.text or "").strip())
        except (msgspec.DecodeError, RecursionError):
            continue
        for outer in data if isinstance(data, list) else [data]:
            graph = outer.get("@graph") if isinstance(outer, dict) else None
            for node in graph if isinstance(graph, list) else [outer]:
                if isinstance(node, dict) and _OF_ARTICLES.search(str(node.get("@type"))):
                    yield node


def _utc(date: str | None) -> datetime | None:
    try:
        return sane(datetime.fromisoformat(date)) if date else None
    except ValueError:
        return None
