"""What `python -m services.index dead` can be told."""

import argparse
import re
from datetime import UTC, datetime, timedelta

from services.index.dead.shelf import Place, place_of
from services.index.export_command import moment

EXAMPLES = """examples:
  python -m services.index dead list                        what died, counted by cause, the newest first
  python -m services.index dead list --reason bug --since 2d
  python -m services.index dead show 0/41                   one of them: the error, and the message if it is JSON
  python -m services.index dead show 0/41 --raw > poison    its bytes
  python -m services.index dead replay 0/41                 send it to its topic again, after the fix
  python -m services.index dead replay --stage enrich --reason bug --dry-run
  python -m services.index dead drop --reason undecodable --yes

A replay may be repeated: items are told apart by revision, alerts by alert_id. docs/operations.md has more.
Exit status 0: done; 1: the broker failed, run it again; 2: what was asked cannot be done, stderr says why.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command `dead`."""
    dead = commands.add_parser(
        "dead",
        help="dead letters: list, show, replay, drop",
        description="Messages that no stage could process wait in news.dead, whole, for 30 days.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = dead.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what died, counted by cause, the newest first")
    _add_filters(listing)
    listing.add_argument("--limit", type=_positive, default=20, metavar="N", help="lines, default 20; counts have all")
    listing.add_argument("--handled", action="store_true", help="those that were replayed or dropped")
    listing.add_argument("--json", action="store_true", help="a line of JSON for each, for programs")
    show = actions.add_parser("show", help="one letter: the error, and the message if it is JSON")
    show.add_argument("place", type=_place, metavar="PARTITION/OFFSET")
    show.add_argument("--raw", action="store_true", help="only the message's bytes")
    replay = actions.add_parser("replay", help="send the original bytes to their topic again")
    drop = actions.add_parser("drop", help="list them no more, replay them no more; the broker keeps its 30 days")
    for action in (replay, drop):
        action.add_argument("places", nargs="*", type=_place, metavar="PARTITION/OFFSET", help="these alone")
        _add_filters(action)
        action.add_argument("--limit", type=_positive, metavar="N", help="at most N, the oldest first")
        action.add_argument("--dry-run", action="store_true", help="change nothing, say what would be done")
        action.add_argument("--yes", action="store_true", help="do not ask")
    replay.add_argument("--again", action="store_true", help="also those that were replayed or dropped")


def since(word: str) -> datetime:
    """Read `2d`, `12h`, or a time. Raises argparse.ArgumentTypeError."""
    if ago := re.fullmatch(r"([0-9]{1,4})([dh])", word):
        return datetime.now(UTC) - timedelta(hours=int(ago[1]) * (24 if ago[2] == "d" else 1))
    return moment(word)


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stage", help="that gave it up: enrich, index, index-retag, deliver")
    parser.add_argument("--reason", help="undecodable, schema, too_large, engine_refused, bug ...")
    parser.add_argument("--topic", help="it came from")
    parser.add_argument("--since", type=since, metavar="TIME", help="died from then on: 2d, 12h, 2026-01-31")


def _place(word: str) -> Place:
    try:
        return place_of(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and int(word)):
        raise argparse.ArgumentTypeError(f"{word!r} is no number above 0")
    return int(word)
