from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from services.feeds import credentials, rules
from services.feeds.credentials import Credentials
from services.feeds.rules import Change, new_feed
from services.vault import Undecryptable, Vault

NOW = datetime(2025, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FEED = msgspec.structs.replace(
    new_feed("https://news.example/rss", NOW, "News"), headers={"X-A": "1"}, credentials="token", paused=True
)


def test_what_a_change_does_not_name_stays() -> None:
    after = rules.changed(FEED, Change(language="fr", paused=False), LATER)
    assert after == msgspec.structs.replace(FEED, language="fr", paused=False, updated_at=LATER)


def test_a_change_that_says_nothing_new_changes_nothing() -> None:
    assert rules.changed(FEED, Change(title=" News ", paused=True), LATER) is FEED


def test_null_is_the_default_again() -> None:
    busy = msgspec.structs.replace(FEED, interval_s=60, user_agent="x", proxy="http://p.example:1", country="HT")
    after = rules.changed(busy, Change(interval_s=None, user_agent=None, proxy=None, country=None), LATER)
    assert (after.interval_s, after.user_agent, after.proxy, after.country) == (None, None, None, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://169.254.169.254/"}, "url"),
        ({"url": "https://user:hunter2@news.example/"}, "url"),
        ({"url": "https://news.example/a b"}, "url"),
        ({"home_page": "ftp://news.example/"}, "home_page"),
        ({"feed_id": "a/b"}, "id"),
        ({"language": "french"}, "language"),
        ({"country": "Haiti"}, "country"),
        ({"interval_s": 0}, "interval_s"),
        ({"title": "x" * 301}, "title"),
        ({"tags": ["x"] * 51}, "tags"),
        ({"user_agent": "Zürich"}, "user_agent"),
        ({"user_agent": "a\r\nX-Evil: 1"}, "user_agent"),
        ({"headers": {"X-A": "1\r\nX-Evil: 1"}}, "headers"),
        ({"headers": {"X A": "1"}}, "headers"),
        ({"headers": {"AUTHORIZATION": "Bearer x"}}, "headers"),
        ({"headers": {"Cookie": "a=b"}}, "headers"),
        ({"headers": {"host": "inner"}}, "headers"),
        ({"headers": {f"X-{n}": "1" for n in range(21)}}, "headers"),
        ({"proxy": "http://proxy.example:3128"}, "proxy"),
        ({"proxy": "http://user:hunter2@allowed.example:3128"}, "proxy"),
        ({"proxy": "socks5://allowed.example:1080"}, "proxy"),
        ({"proxy": "http://allowed.example"}, "proxy"),
    ],
)
def test_what_cannot_be_polled_is_named_by_its_field(changes: dict[str, Any], field: str) -> None:
    found = list(rules.problems(msgspec.structs.replace(FEED, **changes), frozenset({"allowed.example"})))
    assert field in {name for name, _ in found}
    assert "hunter2" not in str(found)


def test_a_feed_with_everything_can_be_polled() -> None:
    feed = msgspec.structs.replace(
        FEED,
        home_page="https://news.example/",
        user_agent="Newsroom (+https://newsroom.example)",
        headers={"Accept-Language": "fr, ht;q=0.8"},
        proxy="http://allowed.example:3128",
        interval_s=60,
        language="ht",
        country="HT",
    )
    assert list(rules.problems(feed, frozenset({"allowed.example:3128"}))) == []


def test_a_feed_is_found_by_id_by_address_and_by_the_address_that_it_had() -> None:
    old, new = "https://news.example/rss", "https://news.example/new"
    moved = rules.moved(FEED, new, LATER)
    other = msgspec.structs.replace(new_feed(old, NOW), feed_id="other")
    feeds = {moved.feed_id: moved, "other": other}
    assert [rules.find(feeds, name) for name in (moved.feed_id, new, old, "other", "x")] == [
        moved,
        moved,
        other,
        other,
        None,
    ]
    assert rules.find({moved.feed_id: moved}, old) == moved


@given(st.text(max_size=20), st.lists(st.text(max_size=5)))
def test_tidying_twice_is_tidying_once(title: str, tags: list[str]) -> None:
    once = rules.tidied(msgspec.structs.replace(FEED, title=title, tags=tags))
    assert rules.tidied(once) == once


VAULT = Vault(Fernet.generate_key().decode())


def test_credentials_are_unreadable_at_rest_and_open_to_a_header() -> None:
    token = credentials.sealed(Credentials(basic="Aladdin:open sesame"), VAULT)
    assert "sesame" not in token
    assert credentials.login(token, VAULT) == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}  # RFC 7617, 2
    cookie = credentials.sealed(Credentials(cookie="a=b; c=d"), VAULT)
    assert credentials.login(cookie, VAULT) == {"Cookie": "a=b; c=d"}


@pytest.mark.parametrize(
    "given_",
    [
        Credentials(),
        Credentials(basic="a:b", cookie="c=d"),
        Credentials(basic="hunter2"),
        Credentials(basic="a:hunter2\n"),
        Credentials(cookie="hunter2"),
        Credentials(cookie="a=hunter2\r\nX-Evil: 1"),
        Credentials(cookie="a=hunter2\u00e9"),
    ],
)
def test_credentials_that_cannot_be_sent_are_refused_without_repeating_them(given_: Credentials) -> None:
    words = credentials.problem(given_)
    assert words
    assert "hunter2" not in words


def test_a_token_of_something_else_does_not_log_in() -> None:
    with pytest.raises(Undecryptable):
        credentials.login(VAULT.encrypt("whsec_abc"), VAULT)
