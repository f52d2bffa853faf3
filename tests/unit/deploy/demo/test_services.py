"""What the processes are told."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deploy.demo import articles, keys
from deploy.demo.keys import Keys
from deploy.demo.options import Options
from deploy.demo.services import feeds_file, services

DEMO = Options(feeds=None, port=8400, api_port=8080, seconds=None, until_webhook=False)
KEYS = Keys("api-key", "encryption-key", "whsec_x")


def test_every_process_has_a_port_of_its_own() -> None:
    told = services(DEMO, KEYS, Path("feeds.yaml"))
    ports = [service.environment["NEWS_METRICS_PORT"] for service in told]
    assert [service.name for service in told] == ["ingest", "enrich", "index", "deliver", "api"]
    assert len(set(ports)) == 5
    assert not set(ports) & {"8400", "8401"}


def test_the_demo_allows_its_own_two_servers_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEWS_ALLOWED_HOSTS", raising=False)
    ingest = services(DEMO, KEYS, Path("feeds.yaml"))[0]
    assert ingest.environment["NEWS_ALLOWED_HOSTS"] == "127.0.0.1:8401,127.0.0.1:8400"
    assert ingest.command == ["services.ingest", "run", "--feeds", "feeds.yaml"]


def test_real_feeds_allow_only_the_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWS_ALLOWED_HOSTS", "inner.example")
    real = replace(DEMO, feeds="https://example.org/rss")
    for service in services(real, KEYS, Path("feeds.yaml")):
        assert service.environment["NEWS_ALLOWED_HOSTS"] == "inner.example,127.0.0.1:8401"


def test_the_feeds_file_is_the_demos_or_made_for_a_url_or_the_one_that_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.demo.services.DATA", tmp_path)
    (tmp_path / "demo").mkdir()
    feeds = articles.load()
    assert len(yaml.safe_load(feeds_file(DEMO, feeds).read_text())["feeds"]) == len(feeds)
    url = replace(DEMO, feeds="https://example.org/rss")
    assert yaml.safe_load(feeds_file(url, []).read_text()) == {"feeds": [{"url": "https://example.org/rss"}]}
    file = replace(DEMO, feeds=str(tmp_path / "mine.opml"))
    assert feeds_file(file, []) == tmp_path / "mine.opml"


def test_keys_are_made_once_and_readable_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "demo" / "keys.json"
    first = keys.kept(file)
    assert keys.kept(file) == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(first.api) >= 32
