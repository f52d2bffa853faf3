"""The filter: RawItem JSON lines in, EnrichedItem JSON lines out, without Kafka."""

import base64
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import BinaryIO

from schemas import codec
from schemas.errors import Invalid
from schemas.messages import DeadLetter, EnrichedItem, RawItem


def tag_lines(lines: Iterable[bytes], tag: Callable[[RawItem], EnrichedItem], out: BinaryIO, errors: BinaryIO) -> int:
    """Tag each line and write it at once, in order. Returns how many were bad.

    A bad line is a DeadLetter line in `errors`. Empty lines are left out.
    """
    bad = 0
    for line in lines:
        line = line.rstrip(b"\r\n")
        if not line:
            continue
        try:
            tagged = codec.encode(tag(codec.decode(line, RawItem)))
        except Exception as error:  # the pure step over one line: bad input, or a bug
            bad += 1
            errors.write(codec.encode(_dead_letter(line, error)) + b"\n")
            errors.flush()
            continue
        out.write(tagged + b"\n")
        out.flush()
    return bad


def _dead_letter(line: bytes, error: Exception) -> DeadLetter:
    """As services.dead_letters makes them, which needs Kafka."""
    invalid = isinstance(error, Invalid)
    return DeadLetter(
        stage="enrich",
        reason=error.reason if isinstance(error, Invalid) else "bug",
        error=str(error)[:10_000] if invalid else "".join(traceback.format_exception(error))[-10_000:],
        topic=None,
        partition=None,
        offset=None,
        key=None,
        value_base64=base64.b64encode(line).decode(),
        headers={},
        at=datetime.now(UTC),
    )
