"""How fast feeds are parsed, beside bare feedparser in the same run: python -m bench.ingest_parse

Three parts: throughput over a newsroom's feed and what the project's own documents hold; the dearest documents below
the size limit; and how long the event loop stands still while large feeds are parsed beside it.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from typing import Final

import feedparser

from bench.fuzz_parse import corpus
from bench.hostile_feeds import hostile
from services.ingest.formats.parse import NotAFeed, parse
from services.ingest.formats.parser_pool import ParserPool

URL: Final = "https://gazette.example/feeds/world.xml"
MAX_BODY: Final = 15 * 1024 * 1024
LIMIT_S: Final = 2.0
STALL_S: Final = 0.05
TICK_S: Final = 0.001


def newsroom_feed(entries: int, paragraphs: int) -> bytes:
    """A feed as content systems write it: summaries, HTML in CDATA, categories, media, dates."""
    sentence = "The harbour council met again on Monday &amp; heard how crews had cleared the coastal road. "
    html = f'<p>{sentence * 4}<a href="/news?a=1&amp;b=2">More</a></p>\n' * paragraphs
    items = "".join(
        f"<item><title>Crews clear the coastal road, day {number}</title>"
        f"<link>https://gazette.example/news/{number}?utm_source=rss</link>"
        f'<guid isPermaLink="false">gazette-{number}</guid><dc:creator><![CDATA[Ada Boateng]]></dc:creator>'
        f"<pubDate>Mon, 24 Nov 2025 {number % 24:02}:30:00 -0400</pubDate>"
        f"<category>Roads</category><category>Harbour</category><category>Council</category>"
        f"<description><![CDATA[<p>{sentence}</p>]]></description>"
        f"<content:encoded><![CDATA[{html}]]></content:encoded>"
        f'<media:content url="https://gazette.example/img/{number}.jpg" medium="image"><media:title>Road</media:title>'
        f"</media:content></item>"
        for number in range(entries)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/">'
        f"<channel><title>Harbour Gazette</title><link>https://gazette.example/</link><ttl>5</ttl>{items}"
        "</channel></rss>"
    ).encode()


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The median of the processor time of `rounds`."""
    taken = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        taken.append(time.process_time() - before)
    return statistics.median(taken)


def throughput(rounds: int) -> None:
    own = [body for body in corpus() if _is_read(body)]
    for name, bodies in (
        ("newsroom feed, 40 entries", [newsroom_feed(40, 3)]),
        ("newsroom feed, 1,000 entries", [newsroom_feed(1_000, 15)]),
        (f"the project's {len(own)} documents", own),
    ):
        size = sum(map(len, bodies))
        ours = seconds(lambda bodies=bodies: [parse(body, None, URL) for body in bodies], rounds)  # type: ignore[misc]
        bare = seconds(lambda bodies=bodies: [feedparser.parse(body) for body in bodies], rounds)  # type: ignore[misc]
        print(
            f"{name}, {size / 1e3:,.0f} kB: {len(bodies) / ours:.1f} documents/s, {size / ours / 1e6:.2f} MB/s; "
            f"bare feedparser {len(bodies) / bare:.1f} documents/s; ratio {bare / ours:.2f}"
        )


def _is_read(body: bytes) -> bool:
    try:
        return parse(body, None, URL).format not in ("news_sitemap", "json11")
    except NotAFeed:
        return False


def dearest(sizes: int) -> float:
    """Print the five dearest hostile documents; return the seconds of the first."""
    worst: dict[str, tuple[float, int, str]] = {}
    size = float(MAX_BODY)
    for _ in range(sizes):
        for name, body in hostile(int(size)):
            before = time.process_time()
            try:
                parsed = parse(body, None, URL)
                result = f"{len(parsed.entries)} entries"
            except NotAFeed as error:
                result = f"{error.kind}: {error.detail[:60]}"
            took = time.process_time() - before
            worst[name] = max(worst.get(name, (0.0, 0, "")), (took, len(body), result))
        size /= 1.5
    ranked = sorted(worst.items(), key=lambda row: row[1], reverse=True)
    print(f"{len(ranked)} hostile documents, each in {sizes} sizes up to {MAX_BODY / 2**20:.0f} MiB; the dearest:")
    for name, (took, length, result) in ranked[:5]:
        print(f"  {took:.2f} s  {name}, {length / 1e6:.1f} MB: {result}")
    return ranked[0][1][0]


async def stalls(documents: int) -> float:
    """Print how late the event loop comes while large feeds are parsed in the pool; return p99.9, in seconds."""
    body = newsroom_feed(1_000, 15)
    pool = ParserPool()
    late: list[float] = []
    done = asyncio.Event()

    async def tick() -> None:
        while not done.is_set():
            before = time.perf_counter()
            await asyncio.sleep(TICK_S)
            late.append(time.perf_counter() - before - TICK_S)

    try:
        await pool.parse(b"<rss version='2.0'><channel/></rss>", None, URL)
        ticking = asyncio.create_task(tick())
        await asyncio.sleep(1)
        quiet, late[:] = sorted(late), []
        for _ in range(documents):
            await pool.parse(body, None, URL)
        done.set()
        await ticking
    finally:
        pool.close()
    late.sort()
    print(
        f"event loop, {documents} feeds of {len(body) / 1e6:.1f} MB parsed beside it, {len(late)} ticks: late by "
        f"p50 {_at(late, 0.5):.1f} ms, p99 {_at(late, 0.99):.1f} ms, p99.9 {_at(late, 0.999):.1f} ms, "
        f"at most {late[-1] * 1e3:.1f} ms (with nothing to do: p99.9 {_at(quiet, 0.999):.1f} ms)"
    )
    return _at(late, 0.999) / 1e3


def _at(ordered: list[float], share: float) -> float:
    """A quantile, in milliseconds."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.ingest_parse",
        description="Parse throughput beside bare feedparser, the dearest documents, and what the event loop feels.",
        epilog="examples:\n  python -m bench.ingest_parse\n  python -m bench.ingest_parse --rounds 9 --sizes 8\n\n"
        "exit status: 0, or 1 when a document takes over 2 s or the loop stands still for over 50 ms at p99.9",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3, help="of each throughput, the median counts (%(default)s)")
    parser.add_argument("--sizes", type=int, default=4, help="of each hostile document, 15 MiB down (%(default)s)")
    parser.add_argument("--documents", type=int, default=10, help="parsed beside the event loop (%(default)s)")
    options = parser.parse_args()
    throughput(options.rounds)
    slowest = dearest(options.sizes)
    stall = asyncio.run(stalls(options.documents))
    if slowest > LIMIT_S or stall > STALL_S:
        print(f"over the limit of {LIMIT_S} s a document or {STALL_S * 1e3:.0f} ms of the loop", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
