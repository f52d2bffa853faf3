"""python -m services.enrich run|tag|gazetteer"""

import argparse
import ctypes
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

from services.enrich.gazetteer import load
from services.enrich.gazetteer_files import GazetteerError
from services.enrich.tag import Tagger

EXAMPLES = """\
examples:
  python -m services.enrich run                                  work on news.raw until SIGTERM
  python -m services.ingest parse feed.xml | python -m services.enrich tag | jq .countries
  python -m services.enrich tag items.jsonl other.jsonl          files instead of standard input
  python -m services.enrich gazetteer check                      is the gazetteer sound, and its serial raised?
  python -m services.enrich gazetteer explain "The MSS in Haiti" which rule fires on what

environment: NEWS_ENRICH_GAZETTEER (folder), NEWS_ENRICH_THRESHOLD (relevance from which an item is relevant)

exit codes: 0 done; 1 the gazetteer is not sound; 2 wrong usage; 3 some lines were bad (each is a dead letter on
standard error); 65 stopped, since nearly all input is invalid; 70 stopped by a bug, nothing uncommitted is lost
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    root = argparse.ArgumentParser(
        prog="python -m services.enrich",
        description="Tags news items: language, relevance to the mission, countries, people, figures, events, quotes.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="run|tag|gazetteer")
    commands.add_parser("run", help="the worker: news.raw to news.enriched")
    tag = commands.add_parser("tag", help="a filter: RawItem JSON lines in, EnrichedItem JSON lines out, same order")
    tag.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: standard input")
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


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    folder = os.environ.get("NEWS_ENRICH_GAZETTEER") or None
    try:
        if options.command == "gazetteer":
            from services.enrich import inspect_gazetteer

            for line in inspect_gazetteer.run(options, Path(folder) if folder else None):
                print(line)
            return 0
        tagger = Tagger(load(Path(folder) if folder else None), _threshold())
    except GazetteerError as error:
        print(f"gazetteer: {error}", file=sys.stderr)
        return 1
    if options.command == "run":
        preparing = Thread(target=_prepare, args=(tagger,), daemon=True)  # beside imports and the broker's answers
        preparing.start()
        from services.enrich import worker

        return worker.run(tagger.tag, tagger.gazetteer.files.version.serial, preparing.join)
    return _filter(options.files, tagger)


def _prepare(tagger: Tagger) -> None:
    """Load what tagging needs, and give back to the system what only loading needed."""
    tagger.prepare()
    gc.freeze()  # the gazetteer and the model stay: the collector need not look at them again
    with suppress(OSError, AttributeError):  # where there is no glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)


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
