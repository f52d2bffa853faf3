"""python -m services.enrich run|tag|retag|propose|gazetteer"""

import argparse
import asyncio
import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

from services.enrich.gazetteer import Gazetteer, load
from services.enrich.gazetteer_files import GazetteerError
from services.enrich.tag import Tagger

M_ARENA_MAX = -8  # malloc.h

EXAMPLES = """\
examples:
  python -m services.enrich run                                  work on news.raw until SIGTERM
  python -m services.ingest parse feed.xml | python -m services.enrich tag | jq .countries
  python -m services.enrich tag items.jsonl other.jsonl          files instead of standard input
  python -m services.enrich retag --rate 200                     tag the archive again after a change of the gazetteer
  python -m services.enrich retag --dry-run                      how many items that would be
  python -m services.enrich propose --since 2026-01-01 > new.yaml  people for the gazetteer
  python -m services.enrich gazetteer check                      is the gazetteer sound, and its serial raised?
  python -m services.enrich gazetteer explain "The MSS in Haiti" which rule fires on what

environment: NEWS_ENRICH_GAZETTEER (folder), NEWS_ENRICH_THRESHOLD (relevance from which an item is relevant)

exit codes: 0 done; 1 the gazetteer is not sound; 2 wrong usage; 3 some lines were bad (each is a dead letter on
standard error); 65 stopped, since nearly all input is invalid; 69 broker or search engine is away; 70 stopped by a
bug, nothing uncommitted is lost; 130 stopped by Ctrl-C
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    root = argparse.ArgumentParser(
        prog="python -m services.enrich",
        description="Tags news items: language, relevance to the mission, countries, people, figures, events, quotes.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="run|tag|retag|propose|gazetteer")
    commands.add_parser("run", help="the worker: news.raw to news.enriched")
    tag = commands.add_parser("tag", help="a filter: RawItem JSON lines in, EnrichedItem JSON lines out, same order")
    tag.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: standard input")
    retag = commands.add_parser(
        "retag",
        help="tag the archive again after a change of the gazetteer; alerts nobody, replaces tags only",
        description="Sends every item that another gazetteer tagged through the tagging again. Restart the workers "
        "with the new gazetteer first. Run it again after a stop: what is done is left out.",
    )
    retag.add_argument("--rate", type=_positive, default=100.0, help="messages a second, at most (default 100)")
    retag.add_argument("--after", default="", metavar="ITEM_ID", help="only items behind this id, as progress tells it")
    retag.add_argument("--dry-run", action="store_true", help="only count what another gazetteer tagged")
    propose = commands.add_parser(
        "propose",
        help="people whom the rules find often, as YAML for the gazetteer",
        description="Prints people whom the rules found in relevant items, and whom the gazetteer does not have.",
    )
    propose.add_argument("--since", type=_day, default=None, help="first day, e.g. 2026-01-31 (default: 90 days ago)")
    propose.add_argument("--min-count", type=int, default=3, help="items that name the person, at least (default 3)")
    gazetteer = commands.add_parser("gazetteer", help="look at the data that tagging rests on")
    actions = gazetteer.add_subparsers(dest="action", required=True, metavar="check|stats|explain|bump|names")
    actions.add_parser("check", help="exit 1 with file and line where it is wrong or its serial was not raised")
    actions.add_parser("stats", help="how many entries and names it has")
    explain = actions.add_parser("explain", help="print which rule fires on what in a text")
    explain.add_argument("text", help="a text, or - for standard input")
    explain.add_argument("--language", help="what the feed says, e.g. fr")
    actions.add_parser("bump", help="raise the serial after a change of content")
    actions.add_parser("names", help="generate country_names.yaml from CLDR")
    return root


def _positive(written: str) -> float:
    number = float(written)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{written} is no rate: give a number above 0")
    return number


def _day(written: str) -> datetime:
    try:
        return datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{written!r} is no day: write it like 2026-01-31") from error


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    folder = os.environ.get("NEWS_ENRICH_GAZETTEER") or None
    try:
        if options.command == "gazetteer":
            from services.enrich import inspect_gazetteer

            for line in inspect_gazetteer.run(options, Path(folder) if folder else None):
                print(line)
            return 0
        if options.command in ("retag", "propose"):
            return _on_archive(options, load(Path(folder) if folder else None))
        tagger = Tagger(load(Path(folder) if folder else None), _threshold())
    except GazetteerError as error:
        print(f"gazetteer: {error}", file=sys.stderr)
        return 1
    if options.command == "run":
        _tell_allocator(lambda libc: libc.mallopt(M_ARENA_MAX, 1))
        preparing = Thread(target=_prepare, args=(tagger,), daemon=True)  # beside imports and the broker's answers
        preparing.start()
        from services.enrich import worker

        return worker.run(tagger.tag, tagger.gazetteer.files.version.serial, preparing.join)
    return _filter(options.files, tagger)


def _on_archive(options: argparse.Namespace, gazetteer: Gazetteer) -> int:
    from schemas.errors import NewsError
    from services.enrich import propose, retag

    try:
        if options.command == "retag":
            asyncio.run(retag.run(gazetteer, rate=options.rate, after=options.after, dry_run=options.dry_run))
        else:
            since = options.since or datetime.now(UTC) - timedelta(days=90)
            sys.stdout.write(asyncio.run(propose.run(gazetteer, since, options.min_count)))
    except NewsError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        return 130
    return 0


def _prepare(tagger: Tagger) -> None:
    """Load what tagging needs, and give back to the system what only loading needed."""
    tagger.prepare()
    gc.freeze()  # the gazetteer and the model stay: the collector need not look at them again
    _tell_allocator(lambda libc: libc.malloc_trim(0))


def _tell_allocator(what: Callable[[ctypes.CDLL], object]) -> None:
    """Where there is glibc. One arena: with one interpreter lock, those of other threads only hold on to memory."""
    with suppress(OSError, AttributeError):
        what(ctypes.CDLL("libc.so.6"))


def _threshold() -> float | None:
    written = os.environ.get("NEWS_ENRICH_THRESHOLD")
    if not written:
        return None
    try:
        threshold = float(written)
    except ValueError:
        threshold = -1.0
    if not 0 <= threshold <= 1:
        sys.exit(f"NEWS_ENRICH_THRESHOLD is {written!r}: give a number from 0 to 1")
    return threshold


def _filter(files: Sequence[Path], tagger: Tagger) -> int:
    from services.enrich.filter import tag_lines

    try:
        bad = tag_lines(_lines(files), tagger.tag, sys.stdout.buffer, sys.stderr.buffer)
    except BrokenPipeError:  # the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 3 if bad else 0


def _lines(files: Sequence[Path]) -> Iterator[bytes]:
    if not files:
        yield from iter(sys.stdin.buffer.readline, b"")
    for path in files:
        with path.open("rb") as opened:
            yield from opened


if __name__ == "__main__":
    sys.exit(main())
