"""`make run`: the whole system on this machine, with demo feeds or real ones, until Ctrl-C."""

import argparse
import asyncio
import importlib
import logging
import os
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from deploy.demo import keys
from deploy.demo.errors import Failed
from deploy.demo.options import API_PORT, API_PORT_SETTING, DATA, LOGS, PORT, PORT_SETTING, Options
from deploy.demo.screen import Narrator
from deploy.local import LocalStackError, Stack, down, jars, up

EXAMPLES = """\
examples:
  python -m deploy.demo                              demo feeds, until Ctrl-C
  python -m deploy.demo --feeds list.opml            real feeds; a YAML list or a feed's URL will do as well
  python -m deploy.demo --until-webhook --timeout 120
                                                     stop at the first verified webhook; exit code 1 if none came

ports (all on 127.0.0.1): NEWS_DEMO_PORT and the six after it, default 8400: feeds, webhook receiver, metrics of five
services; NEWS_API_PORT, default 8080; NEWS_LOCAL_KAFKA_PORT and NEWS_LOCAL_ENGINE_PORT (python -m deploy.local --help)

exit codes: 0 stopped as asked, 1 something failed (it says what), 2 wrong usage
"""


def main(arguments: Sequence[str] | None = None) -> int:
    started = float(os.environ.get("NEWS_DEMO_STARTED") or time.time())  # set by the Makefile: when `make run` began
    chosen = _parser().parse_args(arguments)
    options = _options(chosen)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the event loop takes over
    try:
        options.require_ports()
        return _run(options, Stack.from_environment(), Narrator(sys.stdout, started), chosen.timeout)
    except (LocalStackError, Failed) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _run(options: Options, stack: Stack, narrator: Narrator, timeout_s: float) -> int:
    kept = keys.kept(DATA / "demo" / "keys.json")
    cache = "warm" if (jars.cache_folder() / "jars").exists() else "cold"
    narrator.text(_introduction(options, stack, kept, cache))
    os.environ["NEWS_KAFKA_BOOTSTRAP_SERVERS"] = stack.bootstrap_servers
    os.environ["NEWS_ELASTICSEARCH_URL"] = stack.engine_url
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what matters is told
    say = partial(narrator.line, "stack")
    try:
        threading.Thread(target=importlib.import_module, args=("deploy.demo.run",), daemon=True).start()
        up(stack, say)  # meanwhile the rest of the demo is imported
        return asyncio.run(_until_signal(options, kept, narrator, cache, timeout_s))
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        down(stack, say)


async def _until_signal(options: Options, kept: keys.Keys, narrator: Narrator, cache: str, timeout_s: float) -> int:
    """Run, and stop in order at Ctrl-C or SIGTERM; a second one changes nothing. Raises Failed after timeout_s."""
    from deploy.demo.run import run

    loop, this = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: None)
        if this:
            this.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        async with asyncio.timeout(timeout_s - narrator.elapsed_s() if options.until_webhook else None):
            await run(options, kept, narrator, cache)
    except TimeoutError:
        raise Failed(f"no verified webhook within {timeout_s:g} s; the logs are in {LOGS}") from None
    except asyncio.CancelledError:
        return 0
    return 0


def _options(chosen: argparse.Namespace) -> Options:
    """What was asked for. Exits with status 2 where it makes no sense."""
    feeds = chosen.feeds or os.environ.get("FEEDS") or None
    if feeds and "://" not in feeds and not Path(feeds).is_file():
        _parser().error(f"--feeds: no such file: {feeds} (a list in OPML or YAML, or a feed's http(s) URL)")
    port, api_port = _port(PORT_SETTING, PORT), _port(API_PORT_SETTING, API_PORT)
    return Options(feeds, port, api_port, chosen.seconds, chosen.until_webhook)


def _port(setting: str, default: int) -> int:
    given = os.environ.get(setting) or str(default)
    if not given.isdecimal() or not 1024 <= int(given) <= 65_000:
        _parser().error(f"{setting} must be a port from 1024 to 65000, not {given!r}")
    return int(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.demo",
        description="Start Kafka, the search engine and every service; show items, tags, matches and signed webhooks.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--feeds", metavar="FILE|URL", help="real feeds instead of the demo's (or FEEDS)")
    end = parser.add_mutually_exclusive_group()
    end.add_argument("--seconds", type=float, metavar="N", help="stop N seconds after everything is up")
    end.add_argument("--until-webhook", action="store_true", help="stop at the first verified webhook")
    parser.add_argument(
        "--timeout",
        type=float,
        default=300.0,
        metavar="N",
        help="with --until-webhook: give up N seconds after the start (default 300)",
    )
    return parser


def _introduction(options: Options, stack: Stack, kept: keys.Keys, cache: str) -> str:
    source = f"the feeds of {options.feeds}" if options.feeds else f"demo feeds in six languages ({options.feeds_url}/)"
    fetched = "" if cache == "warm" else " Their jars (some 120 MB) are fetched first, this once."
    what = textwrap.fill(
        f"Starting Apache Kafka and a search engine, then ingest, enrich, index, deliver and the API.{fetched} "
        f"They read {source}: each item is seen, tagged, indexed and matched against saved searches, and a webhook "
        "receiver verifies the signature of every alert. Below, one line for each of these. Ctrl-C stops everything; "
        "the data stay for the next run.",
        width=110,
    )
    return f"""{what}

  page      {options.api_url}/#key={kept.api}
  API key   {kept.api}
  Kafka     {stack.bootstrap_servers}
  engine    {stack.engine_url}
  logs      {LOGS}/
"""


if __name__ == "__main__":
    sys.exit(main())
