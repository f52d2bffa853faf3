"""One run of the demo, read top-down: set up, start, save searches, go live, tell what happens, stop."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from functools import partial

import httpx

from deploy.demo import articles, narrate, receiver, render, server
from deploy.demo.articles import Feed
from deploy.demo.errors import Failed
from deploy.demo.keys import Keys
from deploy.demo.loopback import serving
from deploy.demo.options import HOST, LOGS, ROOT, SERVICES, Options
from deploy.demo.processes import LOG_LINES, beside, supervise
from deploy.demo.receiver import Call
from deploy.demo.screen import Narrator
from deploy.demo.searches import SEARCHES, SavedSearches
from deploy.demo.server import Timeline
from deploy.demo.services import INTERVAL_S, feeds_file, services
from deploy.demo.watch import Watch
from schemas import identity, topics
from services import kafka

READY_WITHIN_S = 60.0
POLLED_WITHIN_S = 30.0
POLL_S = 0.1


async def run(options: Options, keys: Keys, narrator: Narrator, cache: str) -> None:
    """Run until the options say that it is enough, or until cancelled. Kafka and the search engine are up.

    cache: whether the jars were in the cache, in a word. Raises Failed.
    """
    await _set_up(narrator)
    feeds = [] if options.feeds else articles.load()
    if not feeds:
        await _retire_demo_feeds(options)
    listed = feeds_file(options, feeds)
    timeline, calls, verified = server.Timeline(), asyncio.Queue[Call](), asyncio.Event()
    async with AsyncExitStack() as cleanup:
        hooks = receiver.application(keys.webhook, calls)
        await cleanup.enter_async_context(serving(hooks, options.port + 1))
        if feeds:
            site = server.application(feeds, timeline, options.feeds_url)
            await cleanup.enter_async_context(serving(site, options.port))
        api = await cleanup.enter_async_context(_client(options, keys))
        searches = SavedSearches(api, options.receiver_url, keys.webhook)
        watch = Watch(narrator, searches.name, lambda url: url.startswith(options.feeds_url) is bool(feeds))
        telling = _tell_calls(calls, watch, searches, narrator, verified, cache)
        await cleanup.enter_async_context(beside(watch.follow(), telling))
        await watch.following.wait()
        running = supervise(services(options, keys, listed), partial(narrator.line, "trouble"))
        api_ready = asyncio.Event()
        await cleanup.enter_async_context(beside(running, _tell_readiness(options, api_ready, narrator)))
        cleanup.callback(narrator.line, "stack", "stopping: services, receiver and feeds, then Kafka and the engine")
        await api_ready.wait()
        await _save(searches, narrator)
        if feeds:
            await _go_live(timeline, watch, feeds, narrator)
            await cleanup.enter_async_context(beside(_tell_the_end(feeds, narrator)))
        await _enough(options, verified)


async def _set_up(narrator: Narrator) -> None:
    """Topics and indices, also those of an earlier version. Drift (exit status 3) is said, and no reason to stop."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.index", "setup", "--update"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    said = "\n".join(output.decode(errors="replace").splitlines()[-LOG_LINES:])
    if process.returncode == 3:
        narrator.line("trouble", f"set-up found differences that it leaves alone:\n{said}")
    elif process.returncode:
        raise Failed(f"`python -m services.index setup` ended with code {process.returncode}:\n{said}")
    narrator.line("stack", "topics and indices are there")


async def _retire_demo_feeds(options: Options) -> None:
    """Take the feeds that an earlier run added out of news.feeds: nobody serves them now."""
    urls = [render.feed_url(options.feeds_url, feed) for feed in articles.load()]
    async with kafka.producer("demo") as producer:
        for url in urls:
            await producer.send(topics.FEEDS, identity.feed_id(url), None)


def _client(options: Options, keys: Keys) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=options.api_url, headers={"Authorization": f"Bearer {keys.api}"}, timeout=30, trust_env=False
    )


async def _tell_readiness(options: Options, api_ready: asyncio.Event, narrator: Narrator) -> None:
    """Tell when every service says that it is ready. Raises Failed with the names of those that do not."""
    began_s, after_s = narrator.elapsed_s(), dict[str, float]()
    waiting = dict.fromkeys(SERVICES, "no answer")
    async with httpx.AsyncClient(timeout=2, trust_env=False) as probe:
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while waiting:
                    for name in list(waiting):
                        with suppress(httpx.TransportError):
                            answer = await probe.get(f"http://{HOST}:{options.metrics_ports[name]}/ready")
                            waiting[name] = answer.text.strip()
                            if answer.is_success:
                                del waiting[name]
                                after_s[name] = narrator.elapsed_s() - began_s
                    if "api" not in waiting:
                        api_ready.set()
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            named = "; ".join(f"{name} ({words})" for name, words in waiting.items())
            raise Failed(f"not ready after {READY_WITHIN_S:.0f} s: {named}. Their logs are in {LOGS}") from None
    narrator.line("stack", "ready: " + ", ".join(f"{name} after {taken:.1f} s" for name, taken in after_s.items()))


async def _save(searches: SavedSearches, narrator: Narrator) -> None:
    try:
        await searches.renew()
    except httpx.HTTPStatusError as error:
        raise Failed(f"{error}: {error.response.text[:1_000]}") from error
    except httpx.HTTPError as error:
        raise Failed(f"the API failed, see {LOGS / 'api.log'}: {error!r}") from error
    narrator.line("stack", f"saved searches with a webhook: {', '.join(f'“{name}”' for name in SEARCHES)}")


async def _go_live(timeline: Timeline, watch: Watch, feeds: Sequence[Feed], narrator: Narrator) -> None:
    """Once every feed was polled, and so the archive is filled, articles begin to appear."""
    try:
        async with asyncio.timeout(POLLED_WITHIN_S):
            await watch.until_polled(len(feeds))
    except TimeoutError:
        narrator.line("trouble", f"not every feed was polled within {POLLED_WITHIN_S:.0f} s: going live all the same")
    timeline.go_live()
    narrator.line("stack", "live: from now on articles appear in the feeds, and saved searches find them")


async def _tell_the_end(feeds: Sequence[Feed], narrator: Narrator) -> None:
    """Say once that no further article will appear."""
    times = [article.publish_after_s or 0 for feed in feeds for article in feed.articles]
    times += [article.edit.after_s for feed in feeds for article in feed.articles if article.edit]
    await asyncio.sleep(max(times) + 3 * INTERVAL_S)
    narrator.line("stack", "the demo's last article is out; everything stays up until Ctrl-C")


async def _tell_calls(
    calls: asyncio.Queue[Call],
    watch: Watch,
    searches: SavedSearches,
    narrator: Narrator,
    verified: asyncio.Event,
    cache: str,
) -> None:
    """Tell of every webhook that arrives, after the alert that it carries.

    `verified` is set at the first good one of this run: one that an earlier run left in the outbox does not count.
    """
    while True:
        call = await calls.get()
        if call.body is None:
            narrator.line("refused", f"a webhook that does not verify: {call.refused}")
            continue
        alert = call.body["data"]
        item, search = alert["item"] or {}, alert["search"] or {}
        ours = searches.has(search.get("id"))
        if ours:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await watch.until_told(alert["alert_id"])
        took_ms = round((call.at - datetime.fromisoformat(item["fetched_at"])).total_seconds() * 1000) if item else None
        words = narrate.delivered(call, search.get("name", ""), took_ms, item.get("title", ""))
        narrator.line("delivered", words if ours else f"{words} (left by an earlier run)")
        if ours and not verified.is_set():
            verified.set()
            took_s = call.at.timestamp() - narrator.started
            narrator.line("delivered", f"first verified webhook after {took_s:.1f} s (jar cache {cache})")


async def _enough(options: Options, verified: asyncio.Event) -> None:
    """Return when the run has been long enough: at the first webhook, after the given seconds, or never."""
    enough = verified if options.until_webhook else asyncio.Event()
    with suppress(TimeoutError):
        async with asyncio.timeout(options.seconds):
            await enough.wait()
