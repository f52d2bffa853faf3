"""Where a site's feeds are: what its pages link, what their links look like, and where feeds are by custom.

Each candidate is tried, and is a feed when it parses as one. One step after the other, and only as many as are needed:
a site that says where its feeds are is not searched.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from html import unescape
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from services.ingest.fetching.fetch import Document
from services.ingest.formats.character_encoding import decode
from services.ingest.sources.trial import Trial

MAX_TRIED: Final = 24  # addresses of a site
MAX_HTML: Final = 1_000_000  # characters of a page that are read
CLOSED: Final = frozenset(("blocked", "bot_wall", "connection", "http_429", "timeout"))  # no use in asking on

TYPES: Final = frozenset(
    ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "text/xml")
)
# (path, where it is the custom)
COMMON_PATHS: Final = (
    ("/feed/", "WordPress"),
    ("/rss.xml", "Drupal, many others"),
    ("/feed.xml", "Jekyll"),
    ("/rss", "many newspapers"),
    ("/atom.xml", "Blogger, Hexo"),
    ("/index.xml", "Hugo"),
    ("/feed.json", "JSON Feed"),
    ("/feeds/posts/default", "Blogger"),
    ("/arc/outboundfeeds/rss/?outputType=xml", "Arc XP, newspapers"),
    ("/?format=feed&type=rss", "Joomla"),
    ("/spip.php?page=backend", "SPIP, French-speaking media"),
    ("/?feed=rss2", "WordPress without pretty addresses"),
)

_TAG: Final = re.compile(r"<(link|a|base)\s([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([a-z-]{1,20})\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_HINT: Final = re.compile(r"(?:^|[^a-z])(?:rss2?|atom|rdf|feeds?|backend)(?:[^a-z]|$)", re.IGNORECASE)
_COMMENTS: Final = re.compile(r"comment", re.IGNORECASE)


class Discovery(msgspec.Struct, frozen=True):
    """page: the trial of the address that was given. feeds: the trials that are feeds. tried: addresses in all."""

    page: Trial
    feeds: list[Trial]
    tried: int


async def discover(page: str, attempt: Callable[[str], Awaitable[Trial]]) -> Discovery:
    """Find the feeds of a site. page: its home page or another of its pages; a feed's own address is found as well.

    attempt: tries an address, in its host's turn; never raises for what a server does.
    """
    first = await attempt(page)
    if first.kind == "ok":
        return Discovery(first, [first], 1)
    if first.kind in CLOSED:
        return Discovery(first, [], 1)
    html = html_of(first.document) if first.document else ""
    tried = {page}
    for candidates in (linked(html, first.url), hinted(html, first.url), by_custom(first.url)):
        feeds: dict[str, Trial] = {}
        for url in candidates:
            if url in tried or len(tried) > MAX_TRIED:
                continue
            tried.add(url)
            trial = await attempt(url)
            if trial.kind == "ok":
                feeds.setdefault(trial.url, trial)
        if feeds:
            return Discovery(first, list(feeds.values()), len(tried))
    return Discovery(first, [], len(tried))


def html_of(document: Document) -> str:
    """The beginning of a page as text."""
    text, _ = decode(document.body[: 4 * MAX_HTML], document.content_type)
    return text[:MAX_HTML]


def linked(html: str, url: str) -> list[str]:
    """Return what <link rel="alternate"> elements with a feed's type name (HTML Living Standard, 4.6.7.1)."""
    return _absolute(
        (
            attributes["href"]
            for tag, attributes in _tags(html)
            if tag == "link"
            and "alternate" in attributes.get("rel", "").lower().split()
            and attributes.get("type", "").split(";")[0].strip().lower() in TYPES
        ),
        html,
        url,
    )


def hinted(html: str, url: str) -> list[str]:
    """Return links of the page to its own site that look like feeds by address, title or class."""
    links = (
        attributes["href"]
        for tag, attributes in _tags(html)
        if tag == "a"
        and any(_HINT.search(attributes.get(name, "")) for name in ("href", "title", "class", "aria-label", "rel"))
    )
    return [link for link in _absolute(links, html, url) if _same_site(link, url)]


def by_custom(url: str) -> list[str]:
    """Return where feeds are by custom: under the page's own path too, for sites that live in one."""
    return list(dict.fromkeys(urljoin(url, path) for path, _where in COMMON_PATHS))


def _tags(html: str) -> Iterable[tuple[str, dict[str, str]]]:
    for tag in _TAG.finditer(html):
        found = _ATTRIBUTE.findall(tag[2])
        attributes = {name.lower(): unescape(double or single or bare) for name, double, single, bare in found}
        if attributes.get("href", "").strip():
            yield tag[1].lower(), attributes


def _absolute(links: Iterable[str], html: str, url: str) -> list[str]:
    """Absolute addresses, each once; feeds of comments last."""
    base = next((attributes["href"] for tag, attributes in _tags(html) if tag == "base"), "")
    found: list[str] = []
    for link in links:
        try:
            absolute = urljoin(urljoin(url, base.strip()), link.strip()).partition("#")[0]
            web = urlsplit(absolute).scheme in ("http", "https")
        except ValueError:
            continue
        if web and absolute not in found:
            found.append(absolute)
    return sorted(found, key=lambda link: bool(_COMMENTS.search(link)))


def _same_site(link: str, url: str) -> bool:
    one, other = (urlsplit(address).hostname or "" for address in (link, url))
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}") or "feedburner" in one
