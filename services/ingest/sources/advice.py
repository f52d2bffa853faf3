"""What would help a feed that cannot be read, in words. Pure.

Nothing here gets around protection against bots: what helps is to say who we are, or to ask the publisher.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from schemas.messages import Feed
from services.ingest.sources.trial import Trial

QUIET: Final = timedelta(days=30)  # without a new entry: worth a word

# (in the words of the error, what it means and what would help): OpenSSL's and the resolver's words
CONNECTION: Final = (
    ("certificate has expired", "its certificate has expired; nothing here accepts that: tell the publisher"),
    ("self-signed certificate", "its certificate is signed by itself; nothing here accepts that: tell the publisher"),
    ("self signed certificate", "its certificate is signed by itself; nothing here accepts that: tell the publisher"),
    ("unable to get local issuer", "it does not send its whole chain of certificates: tell the publisher"),
    ("hostname mismatch", "its certificate is for another host: look for the feed's address on the home page"),
    ("certificate verify failed", "its certificate cannot be verified: tell the publisher"),
    ("name or service not known", "its host does not exist (any more): look for the new address"),
    ("no address associated", "its host has no address (any more): look for the new address"),
    ("temporary failure in name resolution", "DNS does not answer: is this machine on the internet?"),
    ("connection refused", "its server does not listen: wait, or look for the new address"),
    ("all connection attempts failed", "its server cannot be reached: wait, or look for the new address"),
)
# kind -> what would help
KINDS: Final = {
    "blocked": "its address is not allowed: {detail}",
    "credentials": "{detail}",
    "empty": "it answers with nothing: wait, or look for the new address",
    "bad_encoding": "its compressed body is broken ({detail}): tell the publisher",
    "too_large": "its document is too large ({detail}): look for a feed of a section",
    "redirects": "it redirects in circles ({detail}): look for the new address",
    "login": "it wants a login in a page: if you have an account, `feeds add {url} --cookie` with your session's",
    "json": "it is JSON, but no JSON Feed: look for another address",
    "xml": "{detail}: look for another address",
    "unparsable": "it cannot be read ({detail}): tell the publisher",
    "parser_died": "its document broke the parser, which is ours to mend: report it",
    "parser_hung": "its document takes too long to parse: report it",
    "http_304": "it answers 304 to a plain request: tell the publisher",
    "http_401": "it wants a login: `feeds add {url} --basic`, or --cookie",
    "http_402": "it wants to be paid for: ask the publisher",
    "http_404": "it is not there: look for the new address",
    "http_406": "it dislikes what is accepted: `feeds add {url} --header 'Accept: */*'`",
    "http_407": "the proxy wants a login, which is not supported",
    "http_429": "it is asked too often: give it time, and a longer --interval",
    "http_451": "it may not be shown here, for legal reasons: ask the publisher, or --proxy from another country",
    "gone": "410: it is gone for good. Look for the new address, or `feeds remove {url}`",
}


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried. as_http1, as_named: over HTTP/1.1, and with the User-Agent `name`, where that was worth it.

    feeds: other feeds of the site, where the address gave none.
    """

    trial: Trial
    as_http1: Trial | None = None
    as_named: Trial | None = None
    name: str = ""
    feeds: list[Trial] = []


def worth_http1(feed: Feed, trial: Trial) -> bool:
    """Whether HTTP/1.1 might fare better: the connection was made, and then went wrong."""
    refused = trial.kind == "connection" and not any(words in trial.detail.lower() for words, _ in CONNECTION)
    return not feed.http1 and (refused or trial.kind == "timeout")


def worth_naming(feed: Feed, trial: Trial) -> bool:
    """Whether it may be the default User-Agent that is refused."""
    return feed.user_agent is None and trial.kind in ("http_403", "http_406")


def worth_discovering(trial: Trial) -> bool:
    """Whether the feed may have moved elsewhere on its site."""
    return trial.kind in ("html", "login", "xml", "json", "empty", "gone", "http_404")


def advise(feed: Feed, found: Findings, now: datetime) -> list[str]:
    """Return what is wrong and what would help, nothing for a feed that is well."""
    return list(_about_feed(feed, found.trial, now) if found.trial.kind == "ok" else _about_trouble(feed, found))


def _about_feed(feed: Feed, trial: Trial, now: datetime) -> Iterator[str]:
    if trial.moved_to:
        yield f"moved permanently to {trial.moved_to}: polling learns it; to change it in the list, add that address"
        if feed.headers or feed.credentials:
            yield "the new address gets neither this one's headers nor its credentials: give them to the new one"
    if trial.parsed and trial.parsed.damaged:
        yield f"readable, but damaged: {trial.parsed.damaged}"
    if trial.parsed and not trial.parsed.entries:
        yield "a feed without entries: look for another of the site"
    if trial.newest and now - trial.newest > QUIET:
        yield f"its newest entry is of {trial.newest:%Y-%m-%d}: abandoned? Look for another of the site"


def _about_trouble(feed: Feed, found: Findings) -> Iterator[str]:
    trial = found.trial
    if found.as_http1 and found.as_http1.kind == "ok":
        yield f"HTTP/2 fails ({trial.detail}), HTTP/1.1 works: `feeds add {feed.url} --http1`"
        return
    if found.as_named and found.as_named.kind == "ok":
        yield f"refused with the default User-Agent, answers to {found.name!r}: set NEWS_USER_AGENT like that"
        return
    yield _words(feed, trial)
    for other in found.feeds:
        yield f"found on its site: {other.address} ({other.parsed.title if other.parsed else ''})"


def _words(feed: Feed, trial: Trial) -> str:
    if trial.kind == "bot_wall":
        return f"kept out by protection against bots ({trial.detail}): ask the publisher to let your User-Agent in"
    if trial.kind == "html":
        return f"a page, not a feed ({trial.detail.removeprefix('a web page: ')})"
    if trial.kind == "http_403":
        who = "" if feed.user_agent else "; say who you are with NEWS_USER_AGENT"
        return f"refused ({trial.detail}): ask the publisher{who}"
    if trial.kind == "http_401" and feed.credentials:
        return f"refuses the credentials: `feeds add {feed.url} --basic`, or --cookie, with new ones"
    if trial.kind == "timeout":
        return f"{trial.detail}: slow or away. Wait, or raise NEWS_INGEST_TIMEOUT_S"
    if trial.kind == "connection":
        known = next((help_ for words, help_ in CONNECTION if words in trial.detail.lower()), None)
        return known or f"no connection ({trial.detail}): wait, or look for the new address"
    if trial.status and trial.status >= 500:
        return f"its server is in trouble ({trial.detail}): wait; it is polled more rarely meanwhile"
    words = KINDS.get(trial.kind, "{kind}: {detail}")
    return words.format(kind=trial.kind, detail=trial.detail, url=feed.url)
