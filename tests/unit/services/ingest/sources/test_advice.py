from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.feeds.rules import new_feed
from services.ingest.formats.parse import Entry, ParsedFeed
from services.ingest.sources.advice import KINDS, Findings, advise, worth_discovering, worth_http1, worth_naming
from services.ingest.sources.trial import Trial
from tests.unit.services.ingest.fetching.test_fetch import NOW

URL = "https://news.example/rss"
FEED = new_feed(URL, NOW)


def failed(kind: str, detail: str = "", status: int | None = None) -> Trial:
    return Trial(asked=URL, url=URL, kind=kind, detail=detail, status=status)


def fine(url: str = URL, age: timedelta = timedelta(hours=1), **fields: Any) -> Trial:
    entry = Entry(
        entry_id="1",
        url=f"{URL}/1",
        title="One",
        summary="",
        text="",
        authors=[],
        image_url=None,
        published_at=NOW - age,
        published_raw=None,
    )
    parsed = ParsedFeed(title="News", language="en", entries=[entry], format="rss20", damaged=None)
    return Trial(asked=url, url=url, kind="ok", parsed=parsed, **fields)


def words(trial: Trial, **fields: Any) -> str:
    return "\n".join(advise(fields.pop("feed", FEED), Findings(trial=trial, **fields), NOW))


def test_a_feed_that_is_well_needs_no_advice() -> None:
    assert words(fine()) == ""


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        (failed("http_403", "403 Forbidden", 403), "say who you are with NEWS_USER_AGENT"),
        (failed("bot_wall", "403 Forbidden (Cloudflare challenge)", 403), "(Cloudflare challenge)): ask the publisher"),
        (failed("html", "a web page: Home"), "a page, not a feed (Home)"),
        (failed("http_401", "401 Unauthorized", 401), f"`feeds add {URL} --basic`"),
        (failed("http_404", "404 Not Found", 404), "look for the new address"),
        (failed("gone", "410 Gone", 410), "feeds remove"),
        (failed("http_429", "429", 429), "--interval"),
        (failed("http_502", "502 Bad Gateway", 502), "its server is in trouble (502 Bad Gateway)"),
        (failed("timeout", "no complete answer within 20 s"), "NEWS_INGEST_TIMEOUT_S"),
        (
            failed("connection", "ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired (_ssl.c:1)"),
            "its certificate has expired",
        ),
        (failed("connection", "ConnectError: x.example: [Errno -2] Name or service not known"), "does not exist"),
        (failed("connection", "ReadError: "), "no connection (ReadError: )"),
        (failed("blocked", "10.0.0.1 is not a public address"), "not allowed: 10.0.0.1"),
        (failed("something_new", "its words"), "something_new: its words"),
        (fine(moved_to="https://news.example/new"), "moved permanently to https://news.example/new"),
        (fine(age=timedelta(days=90)), "abandoned?"),
    ],
)
def test_what_would_help_is_said_in_words(trial: Trial, said: str) -> None:
    assert said in words(trial)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_without_gaps(kind: str) -> None:
    said = words(failed(kind, "its detail"))
    assert said
    assert "{" not in said


def test_http_1_is_advised_only_where_it_was_seen_to_work() -> None:
    trial = failed("connection", "RemoteProtocolError: stream reset")
    assert worth_http1(FEED, trial)
    assert not worth_http1(msgspec.structs.replace(FEED, http1=True), trial)
    assert not worth_http1(FEED, failed("connection", "certificate has expired"))
    assert "--http1" in words(trial, as_http1=fine())
    assert "--http1" not in words(trial, as_http1=trial)


def test_another_user_agent_is_advised_only_where_it_was_seen_to_work() -> None:
    trial = failed("http_403", "403 Forbidden", 403)
    assert worth_naming(FEED, trial)
    assert not worth_naming(msgspec.structs.replace(FEED, user_agent="mine"), trial)
    assert "answers to 'Newsroom'" in words(trial, as_named=fine(), name="Newsroom")
    assert "ask the publisher" in words(trial, as_named=trial, name="Newsroom")


def test_nothing_is_tried_against_a_bot_wall() -> None:
    wall = failed("bot_wall", "403 (Cloudflare challenge)", 403)
    assert [worth_http1(FEED, wall), worth_naming(FEED, wall), worth_discovering(wall)] == [False, False, False]


def test_other_feeds_of_the_site_are_named() -> None:
    trial = failed("html", "a web page: Home")
    assert worth_discovering(trial)
    assert "https://news.example/feed/ (News)" in words(trial, feeds=[fine("https://news.example/feed/")])


def test_refused_credentials_are_told_from_missing_ones() -> None:
    login = msgspec.structs.replace(FEED, credentials="token")
    assert "refuses the credentials" in words(failed("http_401", "401", 401), feed=login)


def test_a_feed_that_moved_away_from_its_credentials_is_said_to_have() -> None:
    login = msgspec.structs.replace(FEED, credentials="token")
    assert "gets neither" in words(fine(moved_to="https://elsewhere.example/rss"), feed=login)
