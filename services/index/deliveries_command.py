"""`deliveries list|show|redeliver`: the account of deliveries, for operators."""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from schemas.errors import Invalid, Transient
from services import engine, telemetry
from services.engine import Engine
from services.index.deliver import account, outbox
from services.index.deliver.account import NEWEST_FIRST, Selection
from services.index.deliver.outbox import Delivery
from services.index.export_command import moment
from services.index.indices import OUTBOX

WRONG = 2  # exit status: the arguments make no sense
FAILED = 1
STATES = ("pending", "delivered", "failed", "cancelled", "held", "waiting", "grouped")
AGAIN = ("failed", "held")  # unless other states are asked for
PAGE = 200


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    top = commands.add_parser("deliveries", help="list, show and make again the deliveries of alerts")
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser(
        "list",
        help="list deliveries, the newest first",
        epilog="""examples:
  python -m services.index deliveries list --state failed --since 2026-01-31
  python -m services.index deliveries list --endpoint 5d0c... --limit 1000

A line each: when it was owed, state, kind, attempts, the last one's status, webhook-id, endpoint, why.
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _select(listing)
    listing.add_argument("--limit", type=int, default=50, metavar="N", help="how many at most; default 50")
    showing = actions.add_parser(
        "show",
        help="show a delivery with every attempt and its message",
        epilog="example:\n  python -m services.index deliveries show 17e4aba1e2289ecc7e957d88466aabf6\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    showing.add_argument("ids", nargs="+", metavar="ID", help="the webhook-id")
    again = actions.add_parser(
        "redeliver",
        help="make deliveries again, under the same webhook-id",
        description="Make deliveries again: those named, or those of a search or an endpoint since a time.",
        epilog="""examples:
  python -m services.index deliveries redeliver 17e4aba1e2289ecc7e957d88466aabf6
  python -m services.index deliveries redeliver --endpoint 5d0c... --since 2026-01-31T08:00Z --dry-run
  python -m services.index deliveries redeliver --search 0b0e... --since 2026-01-31 --state delivered

A running `deliver` attempts them. Without --state: failed and held. What an endpoint cannot get now (it is disabled,
the item was taken down) is left as it is and counted. Exit status 1: not all were made due again.
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    again.add_argument("ids", nargs="*", metavar="ID", help="the webhook-id")
    _select(again)
    again.add_argument("--dry-run", action="store_true", help="change nothing, count them")


def _select(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--search", metavar="ID", help="of this saved search")
    parser.add_argument("--endpoint", metavar="ID", help="to this endpoint")
    parser.add_argument("--state", action="append", choices=STATES, help="in this state; may be repeated")
    parser.add_argument("--kind", action="append", metavar="KIND", help="of this kind: match, digest, ...; repeatable")
    parser.add_argument("--since", type=moment, metavar="TIME", help="owed from then on: 2026-01-31")
    parser.add_argument("--until", type=moment, metavar="TIME", help="owed before then")


def main(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    if chosen.action == "redeliver" and (problem := _unclear(chosen)):
        sys.stderr.write(f"nothing was redelivered: {problem}\n")
        return WRONG
    telemetry.start("index-deliveries")
    try:
        return asyncio.run(_run(chosen))
    except Invalid as error:
        sys.stderr.write(f"{error}\nif the index is older than this version: python -m services.index setup --update\n")
        return FAILED
    except Transient as error:
        sys.stderr.write(f"not finished, run it again: {error}\n")
        return FAILED


def _unclear(chosen: argparse.Namespace) -> str | None:
    ranged = [chosen.search, chosen.endpoint, chosen.since, chosen.until, chosen.state, chosen.kind]
    if chosen.ids:
        return "give ids or a range, not both" if any(ranged) else None
    if not (chosen.search or chosen.endpoint) or not chosen.since:
        return "give ids, or --since and one of --search and --endpoint"
    return "what waits for a follow-up is told by it" if "waiting" in (chosen.state or ()) else None


async def _run(chosen: argparse.Namespace) -> int:
    async with engine.connect() as connected:
        if chosen.action == "show":
            return await show(connected, chosen.ids, sys.stdout)
        selection = Selection(
            search_id=chosen.search,
            endpoint_id=chosen.endpoint,
            states=chosen.state or (AGAIN if chosen.action == "redeliver" else ()),
            kinds=chosen.kind or (),
            since=chosen.since,
            until=chosen.until,
        )
        await connected.refresh(OUTBOX)
        if chosen.action == "list":
            return await listed(connected, selection, chosen.limit, sys.stdout)
        if chosen.ids:
            return _told(await account.redeliver(connected, chosen.ids, datetime.now(UTC)), sys.stdout)
        return await again(connected, selection, sys.stdout, dry_run=chosen.dry_run)


async def listed(connected: Engine, selection: Selection, limit: int, out: TextIO) -> int:
    """Write a line for each delivery of the selection."""
    after, left, total = None, limit, 0
    while left > 0:
        hits = await account.page(connected, selection, size=min(left, PAGE), sort=NEWEST_FIRST, after=after)
        total = hits["total"]["value"]
        for hit in hits["hits"]:
            out.write(line(hit["_id"], msgspec.convert(hit["_source"] | {"body": ""}, Delivery)) + "\n")
        if len(hits["hits"]) < min(left, PAGE):
            break
        left -= len(hits["hits"])
        after = hits["hits"][-1]["sort"]
    sys.stderr.write(f"{total:,} deliveries match\n")
    return 0


def line(delivery_id: str, delivery: Delivery) -> str:
    """Return what `list` says of a delivery."""
    last = delivery.attempts[-1] if delivery.attempts else None
    status = "-" if last is None else str(last.status or "none")
    said = delivery.reason or (last.error if last else None) or ""
    at = f"{delivery.created_at:%Y-%m-%d %H:%M:%S}"
    words = (at, delivery.state, delivery.kind, len(delivery.attempts), status, delivery_id, delivery.endpoint_id)
    return "  ".join(str(word) for word in words) + (f"  {said}" if said else "")


async def show(connected: Engine, ids: Sequence[str], out: TextIO) -> int:
    """Write the deliveries as JSON."""
    stored = await connected.mget(OUTBOX, ids)
    for delivery_id in ids:
        if delivery_id not in stored:
            sys.stderr.write(f"{delivery_id}: {account.NO_DELIVERY}\n")
            continue
        delivery = outbox.delivery_of(stored[delivery_id])
        shown: dict[str, Any] = {"id": delivery_id, **msgspec.to_builtins(delivery)}
        shown["message"] = msgspec.json.decode(shown.pop("body")) if delivery.body else None
        out.write(msgspec.json.format(msgspec.json.encode(shown)).decode() + "\n")
    return 0 if len(stored) == len(set(ids)) else FAILED


async def again(connected: Engine, selection: Selection, out: TextIO, *, dry_run: bool) -> int:
    """Make the deliveries of the selection due again, some at a time, counting on stderr."""
    if dry_run:
        found = await account.page(connected, selection, size=0, sort=NEWEST_FIRST, after=None)
        out.write(f"{found['total']['value']:,} deliveries would be made again\n")
        return 0
    made: list[str] = []
    refused: Counter[str] = Counter()
    after: list[Any] | None = None
    now = datetime.now(UTC)
    while True:
        outcome, taken, _ = await account.redeliver_range(connected, selection, now, after=after)
        made += outcome.again
        refused.update(outcome.refused)
        if len(taken) < account.MOST_AT_ONCE:
            return _told(account.Outcome(made, dict(refused)), out)
        sys.stderr.write(f"{len(made):,} so far\n")
        after = taken[-1]["sort"]


def _told(outcome: account.Outcome, out: TextIO) -> int:
    out.write(f"{len(outcome.again):,} deliveries are due again\n")
    for reason, count in sorted(outcome.refused.items()):
        out.write(f"{count:,} are left as they are: {reason}\n")
    return FAILED if outcome.refused else 0
