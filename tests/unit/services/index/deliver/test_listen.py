"""The receiver for trying out takes what is signed, says what it got, and obeys nothing in it."""

import io
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from services.index.__main__ import main
from services.index.deliver import listen, signature
from tests.unit.services.index.deliver.golden_messages import MESSAGES

SECRET = signature.new_secret()
NOW_S = 1_800_000_000.0


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
async def sender(out: io.StringIO) -> AsyncIterator[httpx.AsyncClient]:
    app = listen.application(SECRET, out, lambda: NOW_S, whole=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here.example") as client:
        yield client


def signed(body: bytes, secret: str = SECRET, at_s: float = NOW_S) -> dict[str, str]:
    return signature.headers("d1", int(at_s), body, [secret])


async def test_each_kind_is_verified_and_summed_up_and_a_repeat_is_told(
    sender: httpx.AsyncClient, out: io.StringIO
) -> None:
    for body in (*MESSAGES.values(), MESSAGES["test"]):
        assert (await sender.post("/any/path", content=body, headers=signed(body))).status_code == 204
    lines = out.getvalue().splitlines()
    assert len(lines) == len(MESSAGES) + 1
    assert 'verified  d1  news.match  for "Kenya & <friends>"  Officers <land>' in lines[0]
    assert "2 alerts" in lines[1]
    assert "(a repeat)" not in lines[0]
    assert "(a repeat)  d1  news.test" in lines[-1]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no header webhook-id"),
        (signed(b"{}", signature.new_secret()), "no signature fits"),
        (signed(b"{} "), "no signature fits"),
        (signed(b"{}", at_s=NOW_S - 301), "301 s from now"),
        (signed(b"{}", at_s=NOW_S + 301), "-301 s from now"),
        (signed(b"{}") | {"webhook-timestamp": "soon"}, "is no number"),
    ],
)
async def test_what_was_not_signed_now_with_the_secret_is_refused(
    sender: httpx.AsyncClient, out: io.StringIO, headers: dict[str, str], reason: str
) -> None:
    answer = await sender.post("/", content=b"{}", headers=headers)
    assert answer.status_code == 400
    assert reason in answer.text
    assert "REFUSED" in out.getvalue()
    assert reason in out.getvalue()


async def test_either_of_two_signatures_will_do(sender: httpx.AsyncClient) -> None:
    both = signature.headers("d1", int(NOW_S), b"{}", [signature.new_secret(), SECRET])
    assert (await sender.post("/", content=b"{}", headers=both)).status_code == 204


async def test_a_terminal_obeys_nothing_of_a_message(sender: httpx.AsyncClient, out: io.StringIO) -> None:
    body = json.dumps({"type": "news.x\u001b[2J\nforged", "data": {}}).encode()
    assert (await sender.post("/", content=body, headers=signed(body))).status_code == 204
    assert "\u001b" not in out.getvalue()
    assert len(out.getvalue().splitlines()) == 1


async def test_a_body_without_end_is_refused(sender: httpx.AsyncClient) -> None:
    body = b"x" * (listen.MOST_BYTES + 1)
    assert (await sender.post("/", content=body, headers=signed(body))).status_code == 400


def test_a_secret_that_is_none_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["listen", "--secret", "whsec_short"]) == listen.WRONG
    assert "secret" in capsys.readouterr().err
