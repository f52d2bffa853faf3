"""How fast and how large the index is: `python -m bench.index`, or make bench-index."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence

from bench import index_search, index_stories, index_write
from bench.servers import servers
from services import telemetry

PARTS = ("write", "path", "stories", "search")
EXAMPLES = """\
examples:
  python -m bench.index                       everything, some fifteen minutes
  python -m bench.index --only write          the writer beside a bare async_bulk
  python -m bench.index --items 20000         a smaller archive to search

Ratios compare what was measured in the same run, in turns, and so mean something on a machine that does other things
too. The exit status is 0 when everything was measured, whether or not a goal was met.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a line for each thing, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.index",
        description="Measures writing, story clustering, matching, size and searching on a real broker and engine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part; can be given again")
    parser.add_argument("--items", type=int, default=200_000, help="items of the archive to search (default 200000)")
    parser.add_argument("--turns", type=int, default=5, help="turns of writing, bare and ours each (default 5)")
    parser.add_argument("--turn-items", type=int, default=5_000, help="items of a turn (default 5000)")
    parser.add_argument("--searches", type=int, default=1_000, help="saved searches to match with (default 1000)")
    options = parser.parse_args(arguments)
    telemetry.start("bench")
    logging.getLogger("services").setLevel(logging.WARNING)
    asyncio.run(_measure(options.only or PARTS, options))
    return 0


async def _measure(parts: Sequence[str], options: argparse.Namespace) -> None:
    if {*parts} - {"search"}:
        await _measure_writing(parts, options)
    if "search" in parts:
        _say("an archive to search ...")
        async with servers() as stack:  # its own: its size is measured
            await index_search.archive(stack, options.items)


async def _measure_writing(parts: Sequence[str], options: argparse.Namespace) -> None:
    _say("starting a broker and an engine ...")
    async with servers() as stack:
        if "write" in parts:
            _say("writing ...")
            await index_write.beside_bare(stack, options.turns, options.turn_items)
        if "path" in parts:
            _say("the full path ...")
            await index_write.full_path(stack, options.turns, options.turn_items, options.searches)
        if "stories" in parts:
            _say("stories ...")
            await index_stories.clustering(options.turns)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
