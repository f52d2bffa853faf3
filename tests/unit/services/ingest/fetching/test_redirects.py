"""Where a link is forwarded to, asked without following it."""

import httpx
import pytest

from services.guarded_http import Blocked
from services.ingest.fetching.redirects import location

URL = "https://short.example/1"


async def asked(*answers: httpx.Response | Exception) -> tuple[str | None, list[str]]:
    left, methods = list(answers), []

    def answer(request: httpx.Request) -> httpx.Response:
        methods.append(request.method)
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        return await location(client, URL, timeout_s=5), methods


def moved(to: str, status: int = 301) -> httpx.Response:
    return httpx.Response(status, headers={"Location": to})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_read_and_not_followed(status: int) -> None:
    assert await asked(moved("https://news.example/a?b=1", status)) == ("https://news.example/a?b=1", ["HEAD"])


async def test_a_relative_redirect_is_made_absolute() -> None:
    assert await asked(moved("/2")) == ("https://short.example/2", ["HEAD"])


@pytest.mark.parametrize("refusal", [403, 405, 501])
async def test_who_refuses_head_is_asked_with_get(refusal: int) -> None:
    assert await asked(httpx.Response(refusal), moved("/2")) == ("https://short.example/2", ["HEAD", "GET"])
    assert await asked(httpx.Response(refusal), httpx.Response(refusal)) == ("", ["HEAD", "GET"])


@pytest.mark.parametrize("answer", [httpx.Response(200), httpx.Response(410), Blocked("address", "10.0.0.1")])
async def test_no_redirect_is_an_answer(answer: httpx.Response | Exception) -> None:
    assert await asked(answer) == ("", ["HEAD"])


@pytest.mark.parametrize("answer", [httpx.Response(429), httpx.Response(503), httpx.ConnectTimeout("away")])
async def test_who_is_busy_or_away_has_not_answered(answer: httpx.Response | Exception) -> None:
    assert await asked(answer) == (None, ["HEAD"])
