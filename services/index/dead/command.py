"""`dead list|show|replay|drop`."""

import argparse
import asyncio
import base64
import json
import sys
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TextIO

from schemas import codec
from schemas.errors import Invalid, Transient
from services import kafka, telemetry
from services.index.dead import shelf
from services.index.dead.cause import by_cause, printable
from services.index.dead.shelf import Found, Wanted, written

FAILED, WRONG = 1, 2  # exit statuses
BY = "command"
SHOWN = 20_000  # characters of a message
WIDTH = 100  # characters of an error in a list


def main(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    telemetry.start("index-dead")
    try:
        return asyncio.run(run(chosen))
    except Transient as error:
        sys.stderr.write(f"not finished, run it again: {error}\n")
        return FAILED
    except Invalid as error:
        sys.stderr.write(f"not finished: {error}\n")
        return FAILED


async def run(chosen: argparse.Namespace) -> int:
    """Do what was chosen and return the exit status. Raises Invalid, Transient."""
    if chosen.action == "show":
        return await _show(chosen)
    if chosen.action == "list":
        return await _list(chosen)
    return await _handle(chosen)


async def _list(chosen: argparse.Namespace) -> int:
    wanted = Wanted(chosen.stage, chosen.reason, chosen.topic, chosen.since, handled=chosen.handled)
    found = await shelf.find(wanted, datetime.now(UTC))
    if chosen.json:
        for one in found.found[::-1][: chosen.limit]:
            told = codec.to_builtins(one.letter) | {"place": written(one.place), "size": one.size}
            told["handled"] = one.handled and codec.to_builtins(one.handled)
            del told["value_base64"]
            sys.stdout.write(json.dumps(told) + "\n")
        return 0
    _count(found.found, sys.stdout)
    if found.found:
        sys.stdout.write("\n")
    for one in found.found[::-1][: chosen.limit]:
        sys.stdout.write(_line(one) + "\n")
    if (left := len(found.found) - chosen.limit) > 0:
        sys.stdout.write(f"and {left:,} older ones: --limit\n")
    if found.unreadable:
        places = ", ".join(map(written, found.unreadable[:10]))
        sys.stdout.write(f"{len(found.unreadable):,} records of news.dead are no dead letters: {places}\n")
    return 0


async def _show(chosen: argparse.Namespace) -> int:
    try:
        letter = await shelf.whole(chosen.place)
    except Invalid as error:
        sys.stderr.write(f"what is at {written(chosen.place)} is no dead letter: {error}\n")
        return WRONG
    if letter is None:
        sys.stderr.write(f"there is no dead letter at {written(chosen.place)}: `dead list` has the places\n")
        return WRONG
    value = base64.b64decode(letter.value_base64)
    if chosen.raw:
        sys.stdout.buffer.write(value)
        sys.stdout.flush()
        return 0
    for name in ("at", "stage", "reason", "topic", "partition", "offset", "key", "headers"):
        sys.stdout.write(f"{name + ':':<11}{printable(str(getattr(letter, name)))}\n")
    if hindrance := shelf.hindrance(letter, datetime.now(UTC)):
        sys.stdout.write(f"cannot be replayed: {hindrance}\n")
    sys.stdout.write(f"error:\n{printable(letter.error)}\n\nmessage, {len(value):,} bytes:\n{readable(value)}\n")
    return 0


async def _handle(chosen: argparse.Namespace) -> int:
    """Replay or drop, after asking."""
    places = frozenset(chosen.places)
    again = chosen.action == "replay" and chosen.again
    wanted = Wanted(chosen.stage, chosen.reason, chosen.topic, chosen.since, places, handled=None)
    now = datetime.now(UTC)
    found = (await shelf.find(wanted, now)).found
    if missing := places - {one.place for one in found}:
        named = ", ".join(map(written, sorted(missing)))
        sys.stderr.write(f"nothing was done: no such dead letter at {named}; `dead list` has the places\n")
        return WRONG
    if done := [one for one in found if one.handled and not again]:
        hint = "; --again replays them once more" if chosen.action == "replay" else ""
        sys.stdout.write(f"{len(done):,} were handled before{hint}\n")
    open_ones = [one for one in found if again or one.handled is None]
    able = [one for one in open_ones if chosen.action == "drop" or not _tell_hindrance(one, now)][: chosen.limit]
    if not able:
        sys.stdout.write(f"nothing to {chosen.action}\n")
        return 0
    _count(able, sys.stdout)
    if chosen.dry_run:
        sys.stdout.write(f"nothing is changed; without --dry-run these would be {_past(chosen.action)}\n")
        return 0
    if not chosen.yes and not confirmed(f"{chosen.action} {len(able):,}? [y/N] ", sys.stdin, sys.stderr):
        return WRONG
    return await _do(chosen.action, able)


async def _do(action: str, able: Sequence[Found]) -> int:
    places = [one.place for one in able]
    done = 0
    async with kafka.producer("index-dead", patience_s=kafka.PATIENCE_S) as producer:
        if action == "drop":
            await shelf.mark(producer, places, "dropped", BY, datetime.now(UTC))
            done = len(places)
        else:
            async with aclosing(shelf.replay(producer, places, BY, lambda: datetime.now(UTC))) as replayed:
                async for place in replayed:
                    done += 1
                    if done % 100 == 0:
                        sys.stderr.write(f"{done:,} of {len(places):,}, last {written(place)}\n")
    sys.stdout.write(f"{_past(action)} {done:,}\n")
    if done < len(places):
        sys.stderr.write(f"{len(places) - done:,} were gone before they could be {_past(action)}\n")
    return 0


def confirmed(question: str, answers: TextIO, asks: TextIO) -> bool:
    """Ask a person. Where nobody can answer, say what to do and return False."""
    if not answers.isatty():
        asks.write("nothing was done: nobody can answer here, add --yes (or --dry-run)\n")
        return False
    asks.write(question)
    asks.flush()
    if answers.readline().strip().lower() in ("y", "yes"):
        return True
    asks.write("nothing was done\n")
    return False


def readable(value: bytes) -> str:
    """The message for a person: JSON with line feeds, else text with the bytes that are none as escapes."""
    try:
        text = json.dumps(json.loads(value), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        text = value.decode("utf-8", "backslashreplace")
    return printable(text[:SHOWN]) + ("\n... --raw has all of it" if len(text) > SHOWN else "")


def _count(found: Sequence[Found], out: TextIO) -> None:
    causes = by_cause(one.letter for one in found)
    out.write(f"{len(found):,} dead letters, {len(causes):,} causes\n")
    for cause, count in causes:
        out.write(f"{count:>6,}  {cause.stage}  {cause.topic}  {cause.reason}  {cause.error}\n")


def _line(one: Found) -> str:
    letter = one.letter
    lines = letter.error.strip().splitlines() or [""]
    error = printable(lines[-1] if letter.reason == "bug" else lines[0])[:WIDTH]
    handled = (
        f"  {one.handled.action} by {printable(one.handled.by)} {one.handled.at:%Y-%m-%d %H:%M}" if one.handled else ""
    )
    told = f"{written(one.place):<8} {letter.at:%Y-%m-%d %H:%M:%S}  {letter.stage}  {letter.topic}  {letter.reason}"
    return f"{told}  {printable(str(letter.key))[:40]}  {error}{handled}"


def _tell_hindrance(one: Found, now: datetime) -> bool:
    hindrance = shelf.hindrance(one.letter, now)
    if hindrance:
        sys.stdout.write(f"{written(one.place)} cannot be replayed: {hindrance}\n")
    return hindrance is not None


def _past(action: str) -> str:
    return "dropped" if action == "drop" else "replayed"
