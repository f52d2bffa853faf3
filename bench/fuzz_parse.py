"""Mutated feeds against `parse`: python -m bench.fuzz_parse --mutations 20000

Each is made from the project's own feed documents by a seed, so that any can be made again. A document is a feed or
NotAFeed; anything else, and anything over the time limit, is printed with its seed, kept with --keep, and fails.
"""

import argparse
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from services.ingest.formats.parse import NotAFeed, ParsedFeed, parse

FIXTURES: Final = Path(__file__).parents[1] / "tests/unit/services/ingest/formats/fixtures"
URL: Final = "https://gazette.example/feeds/world.xml"
LIMIT_S: Final = 2.0  # of processor time
HANG_S: Final = 30  # after which it is stopped

# What parsers and those who write feeds stumble over.
SCRAPS: Final = (
    *(b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<!", b"<?", b"?>", b"/>", b"</item>", b"<item>"),
    *(b"</channel>", b"<entry>", b"</entry>", b"<title>", b"&#0;", b"&#xD800;", b"&#99999999;", b"&nbsp;", b"&x;"),
    *(b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\x1f\x8b", b'"', b"'", b"=", b":"),
    *(b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>", b"<a:b>", b" xmlns='u'", b" xmlns:a=''", b"{", b"}", b"[", b"]", b","),
    *(b"<html>", b"<rss version='2.0'>", b"<feed xmlns='http://www.w3.org/2005/Atom'>", b"<urlset>", b"99999-99-99"),
    *(b"http://[", b"//", b"javascript:x", "é".encode(), "\U0001f600".encode(), "\u202e".encode(), b"%00"),
)


def corpus() -> list[bytes]:
    return [path.read_bytes() for path in sorted(FIXTURES.iterdir())]


def mutations(documents: list[bytes], seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` documents with a name, which is what makes one again."""
    for number in range(count):
        name = f"{seed}:{number}"
        yield name, mutated(documents, name)


def mutated(documents: list[bytes], name: str) -> bytes:
    """Return the document of that name: one of `documents` with up to eight things done to it."""
    chance = random.Random(name)
    body = bytearray(chance.choice(documents))
    for _ in range(chance.randint(1, 8)):
        start = chance.randint(0, len(body))
        end = min(len(body), start + chance.choice((0, 1, 2, 10, 300)))
        match chance.randrange(7):
            case 0:
                body[start:end] = chance.choice(SCRAPS)
            case 1:
                body[start:end] = chance.choice(SCRAPS) * chance.choice((2, 50, 500))
            case 2:
                body[start:end] = chance.randbytes(chance.randint(0, 4))
            case 3:
                body[start:start] = body[start:end] * chance.choice((1, 20))
            case 4:
                other = chance.choice(documents)
                begin = chance.randint(0, len(other))
                body[start:end] = other[begin : begin + 400]
            case 5:
                del body[start:]
            case 6 if body:
                at = chance.randrange(len(body))
                body[at] ^= 1 << chance.randrange(8)
    return bytes(body)


def outcome(body: bytes) -> str:
    """Return what came out: `feed FORMAT`, or the kind of what is none. Raises whatever else parse does.

    Raises AssertionError for a feed that breaks a promise of ParsedFeed.
    """
    try:
        parsed = parse(body, None, URL)
    except NotAFeed as error:
        if not error.kind or not error.detail:
            raise AssertionError("a refusal without its kind or reason") from error
        return error.kind
    check(parsed)
    return f"feed {parsed.format}"


def check(parsed: ParsedFeed) -> None:
    """Raise AssertionError where a feed breaks a promise."""
    for entry in parsed.entries:
        for text in (entry.title, entry.text, entry.summary, entry.url, entry.entry_id, entry.published_raw):
            assert not any("\ud800" <= character <= "\udfff" for character in text or ""), "a lone surrogate"
        assert entry.title or entry.text or entry.url, "an entry that says nothing"
        assert entry.url is None or entry.url.startswith(("http://", "https://")), f"no web address: {entry.url}"
        assert entry.published_at is None or entry.published_at.year >= 1970, f"a date: {entry.published_at}"
    asked = parsed.asked
    assert all(seconds is None or 0 < seconds <= 7 * 86_400 for seconds in (asked.ttl_s, asked.update_period_s))
    assert len(asked.skip_hours) < 24
    assert len(asked.skip_days) < 7


class _Hang(BaseException):
    """It takes too long. No Exception, which parse would take for the parser's."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _Hang


def main() -> int:
    options = _options()
    documents = corpus()
    if options.again:
        found = mutated(documents, options.again)
        print(outcome(found))
        return 0
    signal.signal(signal.SIGALRM, _stop)
    counts: Counter[str] = Counter()
    failures = 0
    slowest = (0.0, "")
    started = time.monotonic()
    for name, body in mutations(documents, options.seed, options.mutations):
        signal.alarm(HANG_S)
        before = time.process_time()
        try:
            result, wrong = outcome(body), ""
        except (Exception, _Hang) as error:
            result, wrong = "FAILED", f"{type(error).__name__}: {error}"
        finally:
            signal.alarm(0)
        took = time.process_time() - before
        slowest = max(slowest, (took, name))
        if took > LIMIT_S:
            result, wrong = "SLOW", f"{took:.1f} s"
        counts[result] += 1
        if wrong:
            failures += 1
            print(f"{result} {name} ({len(body)} bytes): {wrong}", file=sys.stderr)
            if options.keep:
                Path(options.keep).mkdir(parents=True, exist_ok=True)
                (Path(options.keep) / name.replace(":", "-")).write_bytes(body)
        done = sum(counts.values())
        if done % 2_000 == 0:
            print(f"{done} of {options.mutations}, {failures} failures", file=sys.stderr)
    for result, count in sorted(counts.items()):
        print(f"{count:8} {result}")
    print(
        f"{sum(counts.values())} mutations of {len(documents)} documents, seed {options.seed}: {failures} failures, "
        f"slowest {slowest[0]:.2f} s ({slowest[1]}), {time.monotonic() - started:.0f} s in all"
    )
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.fuzz_parse",
        description="Parse mutated feeds: none may crash, hang or take over 2 s of processor time.",
        epilog="examples:\n  python -m bench.fuzz_parse --mutations 20000\n"
        "  python -m bench.fuzz_parse --seed 7 --keep /tmp/found\n  python -m bench.fuzz_parse --again 1:4711\n\n"
        "exit status: 0, or 1 when a document failed",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--mutations", type=int, default=2_000, help="how many documents (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other documents (default: %(default)s)")
    parser.add_argument("--keep", metavar="FOLDER", help="where to write the documents that fail")
    parser.add_argument("--again", metavar="NAME", help="parse only this one, as printed for a failure: seed:number")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
