"""The parser's process: real processes, no network."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from services.ingest.formats import parser_pool
from services.ingest.formats.parse import NotAFeed
from services.ingest.formats.parser_pool import ParserPool

FEED = b'<rss version="2.0"><channel><title>T</title><item><title>One</title></item></channel></rss>'
ROOT = Path(__file__).parents[5]


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


async def test_a_parser_that_dies_is_replaced_and_the_document_is_no_feed() -> None:
    pool = ParserPool()
    try:
        assert [entry.title for entry in (await pool.parse(FEED, None, "https://a.example/")).entries] == ["One"]
        [child] = children()
        child.send_signal(signal.SIGSTOP)
        parsing = asyncio.create_task(pool.parse(FEED, None, "https://a.example/"))
        await asyncio.sleep(0)
        child.kill()
        with pytest.raises(NotAFeed) as refused:
            await parsing
        assert refused.value.kind == "parser_died"
        assert len((await pool.parse(FEED, None, "https://a.example/")).entries) == 1
    finally:
        pool.close()


async def test_a_parser_that_hangs_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = ParserPool()
    try:
        await pool.parse(FEED, None, "https://a.example/")
        [child] = children()
        child.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(parser_pool, "LIMIT_S", 0.2)
        with pytest.raises(NotAFeed) as refused:
            await pool.parse(FEED, None, "https://a.example/")
        assert refused.value.kind == "parser_hung"
        monkeypatch.setattr(parser_pool, "LIMIT_S", 30.0)
        assert len((await pool.parse(FEED, None, "https://a.example/")).entries) == 1
    finally:
        pool.close()


async def test_a_document_given_up_does_not_hold_up_the_next() -> None:
    pool = ParserPool()
    try:
        await pool.parse(FEED, None, "https://a.example/")
        [child] = children()
        child.send_signal(signal.SIGSTOP)
        parsing = asyncio.create_task(pool.parse(FEED, None, "https://a.example/"))
        await asyncio.sleep(0)
        parsing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await parsing
        assert len((await pool.parse(FEED, None, "https://a.example/")).entries) == 1
    finally:
        pool.close()


def test_the_parser_ends_when_its_parent_is_killed() -> None:
    program = (
        "import asyncio, multiprocessing, sys\n"
        "from services.ingest.formats.parser_pool import ParserPool\n"
        "async def main():\n"
        f"    pool = ParserPool(); await pool.parse({FEED!r}, None, '')\n"
        "    print(next(iter(pool._executor._processes)), flush=True); await asyncio.sleep(60)\n"
        "if __name__ == '__main__': asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        parser = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
        parser.wait(30)
