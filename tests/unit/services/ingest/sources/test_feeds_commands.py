"""`python -m services.ingest feeds ...`, with news.feeds as a dictionary."""

import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from cryptography.fernet import Fernet

from schemas import codec
from schemas.messages import Feed
from services.feeds.credentials import login
from services.feeds.rules import new_feed
from services.ingest.__main__ import main
from services.vault import Vault
from tests.unit.services.ingest.fetching.test_fetch import NOW

URL = "https://vigie.example/rss"
KEY = Fernet.generate_key().decode()


class Topic(dict[str, bytes]):
    """news.feeds: its last values by key."""

    async def send(self, _topic: str, key: str, value: bytes | None) -> None:
        if value is None:
            del self[key]
        else:
            self[key] = value

    async def send_all(self, _topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        self.update(records)

    def feeds(self) -> list[Feed]:
        return [codec.decode(value, Feed) for value in self.values()]


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    topic = Topic()

    async def read_compacted(_topic: str) -> dict[str, bytes]:
        return dict(topic)

    @asynccontextmanager
    async def producer(*_: object, **__: object) -> AsyncIterator[Topic]:
        yield topic

    monkeypatch.setattr("services.kafka.read_compacted", read_compacted)
    monkeypatch.setattr("services.kafka.producer", producer)
    monkeypatch.setenv("NEWS_ENCRYPTION_KEYS", KEY)
    return topic


def feeds(*arguments: str) -> int:
    return main(["feeds", *arguments])


def stored(topic: Topic, url: str = URL, **fields: object) -> Feed:
    feed = msgspec.structs.replace(new_feed(url, NOW, "La Vigie"), **fields)
    topic[feed.feed_id] = codec.encode(feed)
    return feed


def test_a_feed_is_added_with_its_options(topic: Topic) -> None:
    options = "--title Vigie --language fr --country HT --tag haiti --tag press --interval 60 --page-text --http1"
    status = feeds("add", URL, *options.split(), "--home-page", "https://vigie.example/", "--header", "X-A: b: c")
    [feed] = topic.feeds()
    assert status == 0
    assert feed == msgspec.structs.replace(
        new_feed(URL, feed.updated_at, "Vigie"),
        language="fr",
        country="HT",
        tags=["haiti", "press"],
        interval_s=60,
        page_text=True,
        http1=True,
        home_page="https://vigie.example/",
        headers={"X-A": "b: c"},
    )


def test_adding_again_changes_what_is_named_and_keeps_the_rest(topic: Topic) -> None:
    before = stored(topic, feed_id="vigie", paused=True, headers={"X-A": "1", "X-B": "2"}, tags=["a"], http1=True)
    assert feeds("add", URL, "--language", "fr", "--header", "X-A:", "--header", "X-C: 3", "--no-http1") == 0
    [after] = topic.feeds()
    expected = {"language": "fr", "headers": {"X-B": "2", "X-C": "3"}, "http1": False, "updated_at": after.updated_at}
    assert after == msgspec.structs.replace(before, **expected)
    assert feeds("add", "vigie", "--language", "", "--tag", "") == 0
    assert (topic.feeds()[0].language, topic.feeds()[0].tags) == (None, [])


def test_credentials_are_read_from_a_pipe_stored_encrypted_and_shown_nowhere(
    topic: Topic, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("reader:hunter2\n"))
    assert feeds("add", URL, "--basic") == 0
    token = topic.feeds()[0].credentials
    assert token
    assert login(token, Vault(KEY)) == {"Authorization": "Basic cmVhZGVyOmh1bnRlcjI="}
    assert feeds("add", URL, "--title", "Vigie") == 0
    assert topic.feeds()[0].credentials == token
    for command in (["list"], ["list", "--json"], ["export"], ["export", str(tmp_path / "feeds.opml")]):
        assert feeds(*command) == 0
    said = "".join(capsys.readouterr()) + (tmp_path / "feeds.opml").read_text()
    assert "hunter2" not in said
    assert token not in said
    assert "1 of them without their credentials" in said
    assert feeds("add", URL, "--no-credentials") == 0
    assert topic.feeds()[0].credentials is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["http://10.0.0.1/rss"], "url: "),
        (["https://user:hunter2@vigie.example/rss"], "credentials"),
        ([URL, "--header", "nonsense"], "Name: value"),
        ([URL, "--header", "Authorization: Bearer hunter2"], "give the password or the cookie as credentials"),
        ([URL, "--country", "Haiti"], "country"),
        ([URL, "--proxy", "http://proxy.example:3128"], "NEWS_ALLOWED_HOSTS"),
        ([URL, "--cookie"], "name=value"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stored(
    topic: Topic,
    arguments: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("no cookie at all\n"))
    assert feeds("add", *arguments) == 2
    assert words in capsys.readouterr().err
    assert topic == {}


def test_without_keys_no_credentials_are_taken(
    topic: Topic, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEWS_ENCRYPTION_KEYS", "")
    monkeypatch.setattr("sys.stdin", io.StringIO("reader:hunter2\n"))
    assert feeds("add", URL, "--basic") == 2
    assert "NEWS_ENCRYPTION_KEYS: no key" in capsys.readouterr().err
    assert topic == {}


def test_feeds_are_paused_resumed_and_removed_by_address_or_id(
    topic: Topic, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(topic, feed_id="vigie")
    other = stored(topic, url="https://other.example/rss")
    assert feeds("pause", "vigie", "https://other.example/rss") == 0
    assert [feed.paused for feed in topic.feeds()] == [True, True]
    assert feeds("resume", URL) == 0
    assert [feed.paused for feed in topic.feeds()] == [False, True]
    assert feeds("pause", "vigie", "nobody") == 2
    assert "no such feed: nobody" in capsys.readouterr().err
    assert [feed.paused for feed in topic.feeds()] == [False, True]
    assert feeds("remove", "vigie") == 0
    assert [feed.url for feed in topic.feeds()] == [other.url]


def test_an_import_of_an_export_changes_nothing(
    topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(topic, credentials="token", headers={"X-A": "1"}, paused=True, tags=["Haïti"])
    before, file = dict(topic), str(tmp_path / "feeds.opml")
    assert feeds("export", file) == 0
    assert feeds("import", file) == 0
    assert "1 feeds, 0 added or updated" in capsys.readouterr().err
    assert topic == before
    assert feeds("import", str(tmp_path / "nothing")) == 2


def test_the_list_in_json_has_every_field(topic: Topic, capsys: pytest.CaptureFixture[str]) -> None:
    stored(topic, credentials="token", country="HT")
    assert feeds("list", "--json") == 0
    assert json.loads(capsys.readouterr().out) | {"credentials": "hidden", "country": "HT"} == json.loads(
        codec.encode(msgspec.structs.replace(topic.feeds()[0], credentials="hidden"))
    )
