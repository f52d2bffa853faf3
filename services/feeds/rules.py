"""What may be said of a feed, and what is wrong with it: the same for files, command line and API. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from schemas import codec, identity
from schemas.errors import Invalid
from schemas.messages import CountryCode, Feed, LanguageCode
from services import guarded_http
from services.origin import origin

MAX_TAGS: Final = 50
MAX_HEADERS: Final = 20

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}")  # it stands in addresses of the API
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110, 5.6.2
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*")
# For XML, or for anybody's eyes.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# Headers that a feed cannot have of its own. (name, why)
_OURS: Final = "it is set for each request"
_READABLE: Final = "it would be stored readable: give the password or the cookie as credentials"
REFUSED_HEADERS: Final = {
    "accept-encoding": _OURS,
    "authorization": _READABLE,
    "connection": _OURS,
    "content-length": _OURS,
    "cookie": _READABLE,
    "host": _OURS,
    "if-modified-since": _OURS,
    "if-none-match": _OURS,
    "proxy-authorization": _READABLE,
    "te": _OURS,
    "trailer": _OURS,
    "transfer-encoding": _OURS,
    "upgrade": _OURS,
    "user-agent": "it has a field of its own, user_agent",
}


class Change(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What somebody says of a feed. What is UNSET is not spoken of, and stays as it is; None is "as by default"."""

    title: str | UnsetType = UNSET
    language: LanguageCode | UnsetType | None = UNSET
    country: CountryCode | UnsetType | None = UNSET
    tags: Annotated[list[str], msgspec.Meta(max_length=MAX_TAGS)] | UnsetType = UNSET
    home_page: str | UnsetType | None = UNSET
    interval_s: Annotated[int, msgspec.Meta(gt=0)] | UnsetType | None = UNSET
    paused: bool | UnsetType = UNSET
    page_text: bool | UnsetType = UNSET
    user_agent: str | UnsetType | None = UNSET
    headers: dict[str, str] | UnsetType = UNSET
    http1: bool | UnsetType = UNSET
    proxy: str | UnsetType | None = UNSET


def new_feed(url: str, now: datetime, title: str = "") -> Feed:
    """A feed of which only the address is known."""
    return Feed(
        feed_id=identity.feed_id(url),
        url=url,
        title=title,
        language=None,
        country=None,
        tags=[],
        paused=False,
        interval_s=None,
        updated_at=now,
    )


def changed(feed: Feed, change: Change, now: datetime) -> Feed:
    """The feed as it is after the change; the same one where the change says nothing new."""
    said = {name: value for name in Change.__struct_fields__ if (value := getattr(change, name)) is not UNSET}
    after = tidied(msgspec.structs.replace(feed, **said))
    return feed if after == feed else msgspec.structs.replace(after, updated_at=now)


def moved(feed: Feed, url: str, now: datetime) -> Feed:
    """The feed at another address. At another origin it loses what only its own may see."""
    if origin(url) != origin(feed.url):
        feed = msgspec.structs.replace(feed, headers={}, credentials=None)
    return msgspec.structs.replace(feed, url=url, updated_at=now)


def tidied(feed: Feed) -> Feed:
    """The feed as it can be written to a file and read back: white space collapsed, nothing said twice."""
    title = _line(feed.title)
    tags = (_line(tag) for tag in feed.tags)
    return msgspec.structs.replace(
        feed,
        title="" if title == feed.url else title,
        tags=list(dict.fromkeys(tag for tag in tags if tag)),
        home_page=(feed.home_page or "").strip() or None,
        user_agent=(feed.user_agent or "").strip() or None,
        headers={name.strip(): value.strip() for name, value in feed.headers.items() if value.strip()},
        proxy=(feed.proxy or "").strip() or None,
    )


def find(feeds: Mapping[str, Feed], url_or_id: str) -> Feed | None:
    """The feed of this id, or with this address, or that was added with this address and moved since."""
    with_address = (feed for feed in feeds.values() if feed.url == url_or_id)
    return feeds.get(url_or_id) or next(with_address, None) or feeds.get(identity.feed_id(url_or_id))


def problems(feed: Feed, allowed_hosts: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a feed, as (field, in words): nothing for one that can be polled.

    allowed_hosts: as for `guarded_http.check_url`.
    """
    try:
        codec.decode(codec.encode(feed), Feed)
    except Invalid as error:
        yield _field(str(error)), str(error)
        return
    if not _ID.fullmatch(feed.feed_id):
        yield "id", f"{feed.feed_id!r} is no id: letters, digits and ._~- only, at most 128"
    for field, url in (("url", feed.url), ("home_page", feed.home_page)):
        try:
            guarded_http.check_url(url or "https://none.example/", allowed_hosts)
        except guarded_http.Blocked as error:
            yield field, str(error)
        if url and (len(url) > 2_048 or len(url.split()) != 1):
            yield field, "an address has no spaces and at most 2,048 characters"
    if len(feed.title) > 300:
        yield "title", "a title has at most 300 characters"
    if len(feed.tags) > MAX_TAGS or any(len(tag) > 100 for tag in feed.tags):
        yield "tags", f"at most {MAX_TAGS} tags of at most 100 characters"
    if feed.user_agent and not (_PRINTABLE.fullmatch(feed.user_agent) and len(feed.user_agent) <= 300):
        yield "user_agent", "a User-Agent is printable ASCII, at most 300 characters"
    yield from _problems_of_headers(feed.headers)
    if feed.proxy:
        yield from _problems_of_proxy(feed.proxy, allowed_hosts)


def _problems_of_headers(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if len(headers) > MAX_HEADERS:
        yield "headers", f"at most {MAX_HEADERS} headers"
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            yield "headers", f"{name!r} is no name of a header"
        elif why := REFUSED_HEADERS.get(name.lower()):
            yield "headers", f"{name} cannot be a header of a feed: {why}"
        elif not (_PRINTABLE.fullmatch(value) and len(value) <= 1_000):
            yield "headers", f"the value of {name} is not printable ASCII of at most 1,000 characters"


def _problems_of_proxy(proxy: str, allowed_hosts: frozenset[str]) -> Iterator[tuple[str, str]]:
    """A proxy connects where it likes, beyond our guard: whoever runs the monitor has to name it."""
    try:
        parts = urlsplit(proxy)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.scheme not in ("http", "https"):
        yield "proxy", "a proxy is http://host:port or https://host:port"
    elif "@" in parts.netloc:
        yield "proxy", "a proxy with a user name or password is not supported: both would be stored readable"
    elif allowed_hosts.isdisjoint((host, f"{host}:{port}", f"[{host}]:{port}")):
        yield "proxy", f"the proxy has to be named in NEWS_ALLOWED_HOSTS ({host}:{port})"


def _field(error: str) -> str:
    """The field that msgspec's message names: "... - at `$.country`"."""
    found = re.search(r"\$\.(\w+)", error)
    return found[1] if found else "feed"


def _line(text: str) -> str:
    return " ".join(_UNFIT.sub("", " ".join(text.split())).split())
