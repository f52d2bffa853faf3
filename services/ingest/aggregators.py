"""Links that do not lead to the article itself but to somebody who forwards: where they lead, as far as can be told.

The tables have what is known of each: links that carry their target, those whose redirect tells it, and those that
tell nothing. An address that no line names is the article's own.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from schemas.canonical_url import canonical_url
from schemas.errors import Invalid
from schemas.identity import digest
from schemas.messages import FeedState
from services.ingest.formats.parsed_feed import ParsedFeed

# (host and path, parameters of which one is the target, source)
CARRIED_IN_PARAMETER: Final = (
    (
        r"(?:[a-z0-9-]+\.)*google\.[a-z.]{2,7}/url",
        ("url", "q"),
        "ClearURLs rules, google; Google Alerts feeds",
    ),
    (r"news\.google\.[a-z.]{2,7}/news/url", ("url",), "links of Google News feeds until 2017"),
    (r"(?:www\.)?bing\.com/news/apiclick\.aspx", ("url",), "links of Bing News feeds"),
    (r"lm?\.facebook\.com/l\.php", ("u",), "ClearURLs rules, facebook"),
    (r"l\.messenger\.com/l\.php", ("u",), "ClearURLs rules, messenger.com"),
    (r"out\.reddit\.com/.*", ("url",), "ClearURLs rules, reddit"),
    (r"(?:www\.)?youtube\.com/redirect", ("q",), "ClearURLs rules, youtube"),
    (r"vk\.com/away\.php", ("to",), "ClearURLs rules, vk.com"),
    (r"(?:www\.)?duckduckgo\.com/l/", ("uddg",), "ClearURLs rules, duckduckgo"),
    (r"t\.umblr\.com/redirect", ("z",), "ClearURLs rules, t.umblr.com"),
)
# (host and path with the target as its group, percent-encoded, source)
CARRIED_IN_PATH: Final = (
    (r"(?:r|news)\.search\.yahoo\.com/.*?/RU=([^/]+)/.*", "links of Yahoo search: /RU=TARGET/RK=..., seen"),
)
# (host and path with the token as its group, source): base64 of a message that holds the address, until July 2024.
# Later ones hold another token ("AU_yqL..."), which only Google can read.
CARRIED_IN_TOKEN: Final = (
    (
        r"news\.google\.[a-z.]{2,7}/(?:rss/|__i/rss/rd/)?(?:articles|read)/([A-Za-z0-9_=-]+)",
        "links of Google News feeds, both formats as public decoders describe them",
    ),
)
# (host and path, source): asked, they answer with a redirect to the target, or to another one of these.
TOLD_BY_REDIRECT: Final = (
    (r"feedproxy\.google\.com/.*", "FeedBurner; seen"),
    (r"[^/]+/~r/[^/]+/~3/.*", "FeedBurner, also under publishers' own hosts: /~r/FEED/~3/ID/; seen"),
    (r"feeds\.feedblitz\.com/~/.*", "FeedBlitz: /~/ID/...; seen"),
    (r"t\.co/\w+", "Twitter's shortener; links in feeds made of posts"),
    (r"bit\.ly/\w+", "Bitly; links in feeds made of posts"),
    (r"buff\.ly/\w+", "Buffer, by Bitly; links in feeds made of posts"),
    (r"dlvr\.it/\w+", "dlvr.it; links in feeds made of posts"),
    (r"ow\.ly/\w+", "Hootsuite; links in feeds made of posts"),
    (r"trib\.al/\w+", "SocialFlow; links in feeds made of posts"),
    (r"ift\.tt/\w+", "IFTTT; links in feeds made of posts"),
    (r"tinyurl\.com/[\w-]+", "TinyURL; links in feeds made of posts"),
)

MAX_HOPS: Final = 5
MAX_ASKED: Final = 100  # links of one document whose redirect is asked for
AT_ONCE: Final = 4
PATIENCE_S: Final = 20.0  # for all of a document; what is not known by then is asked for at the next poll
LONGEST: Final = 2_000  # characters of a target
LONGEST_LINK: Final = 8_000

# Asks for a link without following it: the address of a redirect, "" where there is none, None where nobody answered.
Locate = Callable[[str], Awaitable[str | None]]


class Link(msgspec.Struct, frozen=True):
    """What a link is worth. url: the article's address, or the forwarder's where that is not known (unresolved).

    listing: the forwarder's texts are its own, and change with everything around them.
    """

    kind: Literal["direct", "resolved", "unresolved"]
    url: str
    listing: bool = False

    @property
    def aggregated(self) -> bool:
        """Whether it leads through somebody who forwards."""
        return self.kind != "direct"


def link(url: str, told: Mapping[str, str]) -> Link:
    """Return what an entry's link is worth. told: what redirects told, as `resolve` left it in the feed's state."""
    reached = _carried(url)
    if _TOLD.fullmatch(_place(reached)):
        target = told.get(_key(reached))
        return Link("resolved", target) if target else Link("unresolved", url)
    if _OPAQUE.fullmatch(_place(reached)):
        return Link("unresolved", url, listing=True)
    return Link("direct" if reached == url else "resolved", reached)


async def resolve(parsed: ParsedFeed, state: FeedState, locate: Locate) -> FeedState:
    """Return the state with where the document's links lead of which a redirect tells; each is asked for once.

    "" is kept where none tells. The state forgets the links that the document has no more.
    """
    links = {_carried(entry.url) for entry in parsed.entries if entry.url}
    asked = {_key(one): one for one in links if _TOLD.fullmatch(_place(one))}
    told = {key: state.resolved[key] for key in asked if key in state.resolved}
    missing = [key for key in asked if key not in told][:MAX_ASKED]
    if missing:
        turns = asyncio.Semaphore(AT_ONCE)

        async def ask(key: str) -> None:
            async with turns:
                target = await _target(asked[key], locate)
            if target is not None:
                told[key] = target

        tasks = [asyncio.ensure_future(ask(key)) for key in missing]
        try:
            await asyncio.wait(tasks, timeout=PATIENCE_S)
        finally:
            for task in tasks:
                task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
    return state if told == state.resolved else msgspec.structs.replace(state, resolved=told)


async def _target(url: str, locate: Locate) -> str | None:
    """The first address outside the tables that redirects lead to. "" where they lead nowhere, None for ask again."""
    for _ in range(MAX_HOPS):
        location = await locate(url)
        if not location:
            return location
        url = _carried(location)
        if not _TOLD.fullmatch(_place(url)):
            return url if _is_article(url) else ""
    return ""


def _is_article(url: str) -> bool:
    """Dead links are forwarded to home pages: to take those for articles would make one of many."""
    try:
        path = urlsplit(canonical_url(url))
    except Invalid:
        return False
    return len(url) <= LONGEST and (path.path, path.query) != ("/", "") and not _OPAQUE.fullmatch(_place(url))


def _carried(url: str) -> str:
    """The address that the link has in itself, or the link."""
    for _ in range(MAX_HOPS):
        target = _within(url)
        if target is None or not _is_article(target):
            return url
        url = target
    return url


def _within(url: str) -> str | None:
    place = _place(url)
    for pattern, parameters in _PARAMETERS:
        if pattern.fullmatch(place):
            given = parse_qs(urlsplit(url).query, max_num_fields=100)
            return next((given[name][0] for name in parameters if name in given), None)
    for pattern in _PATHS:
        if found := pattern.fullmatch(place):
            return unquote(found[1])
    if found := _OPAQUE.fullmatch(place):
        return _of_token(found[1])
    return None


def _of_token(token: str) -> str | None:
    """A string of the message (its tag, its length in one or two bytes, itself) that is an address."""
    try:
        data = base64.urlsafe_b64decode(token.rstrip("=") + "=" * (-len(token.rstrip("=")) % 4))
    except (binascii.Error, ValueError):
        return None
    found = re.search(rb"\x22(?:[\x80-\xff][\x01-\x7f]|[\x00-\x7f])(https?://[\x21-\x7e]+)", data)
    return found[1].decode() if found else None


def _place(url: str) -> str:
    """Host in lower case, without port, and path as given."""
    if len(url) > LONGEST_LINK:
        return ""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or ''}{parts.path}" if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _key(url: str) -> str:
    return digest("link", url)[:16]


_PARAMETERS: Final = [(re.compile(pattern), parameters) for pattern, parameters, _source in CARRIED_IN_PARAMETER]
_PATHS: Final = [re.compile(pattern) for pattern, _source in CARRIED_IN_PATH]
_OPAQUE: Final = re.compile("|".join(pattern for pattern, _source in CARRIED_IN_TOKEN))
_TOLD: Final = re.compile("|".join(pattern for pattern, _source in TOLD_BY_REDIRECT))
