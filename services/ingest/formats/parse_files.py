"""`parse FILE...`: what feed documents hold, without a network or Kafka."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from schemas import codec
from services.feeds.rules import new_feed
from services.ingest import items
from services.ingest.formats.parse import NotAFeed, parse
from services.ingest.state_log import new_state

NOT_A_FEED = 3  # exit status


def parse_files(names: list[str], url: str | None) -> int:
    """Print each file's items as RawItem JSON lines on stdout, a summary line a file on stderr; `-` is stdin.

    url: where the documents come from, for relative links. Returns 0, or 3 when any file was not a feed or unreadable.
    """
    status = 0
    for name in names:
        try:
            lines, summary = _parsed(name, url)
        except NotAFeed as error:
            status, lines, summary = NOT_A_FEED, [], f"not a feed ({error.kind}): {error.detail}"
        except OSError as error:
            status, lines, summary = NOT_A_FEED, [], f"cannot be read: {error.strerror}"
        for line in lines:
            sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
        print(f"{name}: {summary}", file=sys.stderr)
    return status


def _parsed(name: str, url: str | None) -> tuple[list[bytes], str]:
    body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    now = datetime.now(UTC)
    parsed = parse(body, None, url or "")
    feed = new_feed(url or name, now, title=parsed.title)
    found = items.find(parsed, feed, new_state(feed.feed_id, now), now, "import")
    damaged = f", damaged: {parsed.damaged}" if parsed.damaged else ""
    return [codec.encode(item) for item in found.items], f"{parsed.format}, {len(found.items)} items{damaged}"
