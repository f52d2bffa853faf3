"""`check-url` says what the guard would do, and connects to nothing: unit tests have no sockets."""

import ipaddress

import httpcore
import pytest

from services import guarded_http
from services.guarded_http import Address
from services.ingest.__main__ import main


def test_each_url_gets_a_line_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-url", "https://news.example/rss", "http://0x7f.1/", "http://me:secret@news.example/"]) == 1
    allowed, inner, credentials = capsys.readouterr().out.splitlines()
    assert allowed == "allowed  https://news.example/rss  a name whose addresses are checked when it is connected to"
    assert inner.startswith("blocked  http://0x7f.1/  address: 0x7f.1 leads to 127.0.0.1")
    assert credentials.startswith("blocked  http://...@news.example/  credentials: ")
    assert "secret" not in credentials


def test_all_allowed_is_0(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWS_ALLOWED_HOSTS", "127.0.0.1:8400")
    assert main(["check-url", "http://127.0.0.1:8400/feed", "https://1.1.1.1/"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("in NEWS_ALLOWED_HOSTS")
    assert second.endswith("a public address")


@pytest.mark.parametrize(
    ("answer", "said", "status"),
    [
        (["93.184.216.34", "2606:4700::1"], "leads to 93.184.216.34, 2606:4700::1", 0),
        (["93.184.216.34", "10.0.0.1"], "news.example leads to 10.0.0.1", 1),
        ([], "no address is known for it", 1),
    ],
)
def test_names_are_looked_up_when_asked_for(
    answer: list[str],
    said: str,
    status: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def resolve(host: str, port: int, timeout_s: float) -> list[Address]:
        if not answer:
            raise httpcore.ConnectError(f"{host}: unknown")
        return [ipaddress.ip_address(address) for address in answer]

    monkeypatch.setattr(guarded_http, "resolve", resolve)
    assert main(["check-url", "--resolve", "https://news.example/"]) == status
    assert said in capsys.readouterr().out


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check-url", "--help"])
    assert "check-url --resolve https://example.org/rss" in capsys.readouterr().out
