import asyncio
from collections.abc import Callable

import httpx
import pytest

from services.guarded_http import Blocked
from services.ingest.fetching.fetch import MAX_REDIRECTS
from services.ingest.fetching.hosts import Hosts
from services.ingest.pages.polite_get import Answer, NoAnswerError, PoliteGet, Wanted

HTML = Wanted(limit=1_000, types=("text/html",), exactly=True)
Handler = Callable[[httpx.Request], httpx.Response]


async def get(handler: Handler, wanted: Wanted = HTML, timeout_s: float = 5.0) -> Answer:
    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
        return await PoliteGet(client, Hosts(0, 10), timeout_s).get("https://news.example/a", wanted)


async def failure(handler: Handler, timeout_s: float = 5.0) -> str:
    with pytest.raises(NoAnswerError) as raised:
        await get(handler, timeout_s=timeout_s)
    return raised.value.kind


def html(body: bytes = b"<p>") -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(body), headers={"Content-Type": "text/html"})


async def test_redirects_are_followed_and_every_address_is_asked_about_first() -> None:
    about: list[str] = []

    async def before(url: str) -> None:
        about.append(url)

    def answer(request: httpx.Request) -> httpx.Response:
        return html() if request.url.path == "/b" else httpx.Response(302, headers={"Location": "/b"})

    answered = await get(answer, Wanted(limit=1_000, types=("text/html",), before=before))
    assert answered.url == "https://news.example/b"
    assert about == ["https://news.example/a", "https://news.example/b"]


async def test_what_the_objection_raises_ends_it() -> None:
    async def before(url: str) -> None:
        raise LookupError(url)

    with pytest.raises(LookupError):
        await get(lambda request: html(), Wanted(limit=1, types=("text/html",), before=before))


async def test_a_failure_is_an_answer_too_and_its_body_is_left_unread() -> None:
    answered = await get(lambda request: httpx.Response(404, content=b"x" * 10_000))
    assert (answered.status, answered.body) == (404, b"")


async def test_a_type_that_is_not_wanted_is_not_read() -> None:
    read: list[int] = []

    class Body(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def]
            read.append(1)
            yield b"%PDF"

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Body(), headers={"Content-Type": "application/pdf"})

    assert await failure(answer) == "content_type"
    assert read == []


async def test_no_type_may_be_any() -> None:
    assert (await get(lambda request: httpx.Response(200, stream=httpx.ByteStream(b"<p>")))).body == b"<p>"


async def test_failures_have_names() -> None:
    def raising(error: Exception) -> Handler:
        def answer(request: httpx.Request) -> httpx.Response:
            raise error

        return answer

    assert await failure(raising(httpx.ConnectError("refused"))) == "connection"
    assert await failure(raising(httpx.ReadTimeout("slow"))) == "timeout"
    assert await failure(raising(Blocked("address", "loopback"))) == "blocked"
    assert await failure(lambda request: html(b"x" * 1_001)) == "too_large"
    broken = {"Content-Type": "text/html", "Content-Encoding": "br"}
    assert await failure(lambda request: httpx.Response(200, headers=broken, stream=httpx.ByteStream(b"x"))) == (
        "bad_encoding"
    )


async def test_a_loop_of_redirects_ends() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(301, headers={"Location": f"/{len(asked)}"})

    assert await failure(answer) == "redirects"
    assert len(asked) == MAX_REDIRECTS + 1


async def test_a_body_that_drips_is_cut_off() -> None:
    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def]
            yield b"<p>"
            await asyncio.Event().wait()

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Drip(), headers={"Content-Type": "text/html"})

    assert await failure(answer, timeout_s=0.05) == "timeout"
