"""The demo's lines on the screen."""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from typing import TextIO

QUIET = "2"  # SGR parameters, ECMA-48
STYLES: Mapping[str, str] = {
    "seen": "36",
    "changed": "36",
    "tagged": "33",
    "aside": QUIET,
    "found": "35",
    "delivered": "1;32",
    "refused": "1;31",
    "trouble": "1;31",
    "polled": QUIET,
    "stack": QUIET,
}


class Narrator:
    """Writes one line a happening: seconds since the start, what it is, the words.

    On a terminal lines are cut to its width and, unless NO_COLOR is set (https://no-color.org), coloured.
    """

    def __init__(
        self,
        out: TextIO,
        started: float,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """started: when the run began, in seconds as `clock` counts them."""
        self._out = out
        self.started = started
        self._clock = clock
        self._terminal = out.isatty()
        self._coloured = self._terminal and not environment.get("NO_COLOR")

    def elapsed_s(self) -> float:
        return self._clock() - self.started

    def line(self, kind: str, words: str) -> None:
        """One happening on one line; further lines of `words` stand below it."""
        first, *more = words.split("\n")
        width = shutil.get_terminal_size().columns if self._terminal else None
        head = f"{self.elapsed_s():7.1f}s  {kind:<10}"
        style = STYLES.get(kind, "") if self._coloured else ""
        for text in (cut(part, width) for part in (f"{head} {first}", *more)):
            self._write(f"\x1b[{style}m{text}\x1b[0m" if style else text)

    def text(self, words: str) -> None:
        """A paragraph of its own, without time."""
        self._write(words)

    def _write(self, text: str) -> None:
        self._out.write(text + "\n")  # in one write: lines come from several threads
        self._out.flush()


def cut(line: str, width: int | None) -> str:
    """The line in at most `width` characters, its end replaced by an ellipsis where it is longer."""
    return line if width is None or len(line) <= width else f"{line[: width - 1]}…"
