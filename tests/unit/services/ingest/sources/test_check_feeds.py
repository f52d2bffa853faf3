"""`feeds check` and `feeds discover` as commands: what is asked for, what is said, the exit status."""

from pathlib import Path

import httpx
import pytest

from services.ingest.__main__ import main
from services.ingest.sources import discover_feeds
from tests.unit.services.ingest.fetching.test_fetch import stream
from tests.unit.services.ingest.sources.test_trial import RSS, InThisProcess

HOME = b"<html><title>Home</title><link rel=alternate type=application/rss+xml href=/rss></html>"
asked: list[httpx.Request] = []


class Parser(InThisProcess):
    def close(self) -> None:
        """Nothing to end."""


def answer(request: httpx.Request) -> httpx.Response:
    match request.url.path:
        case "/rss":
            return httpx.Response(200, content=stream(RSS))
        case "/picky":
            named = request.headers["User-Agent"].startswith("Mozilla/5.0 (compatible; Newsroom")
            return httpx.Response(200 if named else 403, content=stream(RSS))
        case "/wall":
            return httpx.Response(403, content=stream(b""), headers={"cf-mitigated": "challenge"})
        case "/" | "/page":
            return httpx.Response(200, content=stream(HOME))
    return httpx.Response(404, content=stream(b""))


@pytest.fixture(autouse=True)
def _web(monkeypatch: pytest.MonkeyPatch) -> None:
    asked.clear()

    async def handle(self: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answered = answer(request)
        answered.request = request
        return answered

    monkeypatch.setattr("services.guarded_http._GuardedTransport.handle_async_request", handle)
    monkeypatch.setattr(discover_feeds, "ParserPool", Parser)
    monkeypatch.setattr(discover_feeds, "SPACING_S", 0.0)
    monkeypatch.setenv("NEWS_USER_AGENT", "Newsroom +https://newsroom.example")


def checked(tmp_path: Path, *paths: str) -> int:
    file = tmp_path / "feeds.yaml"
    file.write_text("feeds:\n" + "".join(f"- https://vigie.example{path}\n" for path in paths))
    return main(["feeds", "check", "--file", str(file)])


def test_a_list_is_checked_without_kafka(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(tmp_path, "/rss", "/picky", "/wall", "/page") == 1
    said, summary = capsys.readouterr()
    assert "ok  https://vigie.example/rss  rss20  Vigie  1 entry  no dates" in said
    assert "answers to 'Mozilla/5.0 (compatible; Newsroom +https://newsroom.example)'" in said
    assert "kept out by protection against bots" in said
    assert "found on its site: https://vigie.example/rss (Vigie)" in said
    assert "4 feeds tried, 3 with something to do" in summary
    assert sum(request.url.path == "/wall" for request in asked) == 1  # nothing is tried against it


def test_feeds_that_are_well_are_no_trouble(tmp_path: Path) -> None:
    assert checked(tmp_path, "/rss") == 0


def test_a_list_that_cannot_be_read_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feeds", "check", "--file", str(tmp_path / "nothing")]) == 2
    assert checked(tmp_path, " x") == 2
    assert "line 2" in capsys.readouterr().err


def test_the_feeds_of_a_site_are_printed_with_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feeds", "discover", "https://vigie.example/"]) == 0
    assert capsys.readouterr().out == "https://vigie.example/rss  rss20  Vigie  1 entry  no dates\n"
    assert main(["feeds", "discover", "https://vigie.example/wall"]) == 1
    assert "no feed found" in capsys.readouterr().err
