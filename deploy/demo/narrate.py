"""What happens, in readable lines. Pure functions make the words; Narrator puts them on the screen."""

import os
import shutil
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from deploy.demo.receiver import Call
from schemas.messages import Alert, Country, EnrichedItem, FeedHealth, Figure, RawItem

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
FINE = ("ok", "not_modified", "unchanged")
ROLES_FIRST = ("host", "lead", "contributor", "pledged", "withdrew", "mentioned")
SHOWN = 6


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
        """One happening on one line; further lines of `words` are kept as they are."""
        first, *more = words.split("\n")
        width = shutil.get_terminal_size().columns if self._terminal else None
        head = f"{self.elapsed_s():7.1f}s  {kind:<10}"
        style = STYLES.get(kind, "") if self._coloured else ""
        for text in (cut(f"{head} {first}", width), *more):
            self._write(f"\x1b[{style}m{text}\x1b[0m" if style else text)

    def text(self, words: str) -> None:
        """A paragraph of its own, without time."""
        self._write(words)

    def _write(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def cut(line: str, width: int | None) -> str:
    """The line in at most `width` characters, its end replaced by an ellipsis where it is longer."""
    return line if width is None or len(line) <= width else f"{line[: width - 1]}…"


def seen(item: RawItem) -> str:
    return f"{item.feed_title}: {item.title}"


def tagged(item: EnrichedItem) -> str:
    """Relevance, countries with their roles, people and gangs, figures."""
    names = [entity.name for entity in item.entities if entity.type in ("person", "gang")]
    parts = (_countries(item.countries), _listed(names), _listed([figure(one) for one in item.figures]))
    return f"{item.relevance:.2f} {item.language}  " + " · ".join(part for part in parts if part)


def aside(item: EnrichedItem) -> str:
    return f"{item.relevance:.2f} {item.language}  not about the mission: {item.title}"


def found(alert: Alert, search: str) -> str:
    why = _listed([f"{why.clause}={why.surface}" if why.surface else why.clause for why in alert.why], 4)
    kind = "" if alert.kind == "match" else f" ({alert.kind})"
    return f"by “{search}”{kind}" + (f": {why}" if why else "")


def delivered(call: Call, search: str, took_ms: int | None, title: str) -> str:
    took = f"{took_ms:,} ms after it was seen" if took_ms is not None else "received"
    again = ", again (same webhook-id)" if call.repeated else ""
    return f"{took}, signature verified{again}: “{search}” {title}"


def polled(health: FeedHealth) -> str:
    return f"{health.title or health.url}: {health.new_items} items into the archive, nobody is alerted"


def failed(health: FeedHealth) -> str:
    return f"{health.title or health.url}: {health.outcome}{f', {health.error}' if health.error else ''}"


def figure(figure: Figure) -> str:
    """A figure in words, e.g. `200 arrived (KE)`, `USD 13,000,000 funding`."""
    number = f"{figure.value:,.0f}" if figure.value == int(figure.value) else f"{figure.value:,}"
    unit = f"{figure.unit} " if figure.unit.isupper() else ""
    about = "about " if figure.approximate else ""
    country = f" ({figure.country})" if figure.country else ""
    return f"{about}{unit}{number} {figure.kind}{country}"


def _countries(countries: Sequence[Country]) -> str:
    ranked = sorted(countries, key=lambda country: (ROLES_FIRST.index(country.role), -country.mentions, country.code))
    return _listed([f"{country.code} {country.role}" for country in ranked], 9)


def _listed(words: Sequence[str], shown: int = SHOWN) -> str:
    more = f" +{len(words) - shown}" if len(words) > shown else ""
    return ", ".join(words[:shown]) + more


def paragraph(words: str) -> str:
    """Plain words, wrapped as a paragraph."""
    return textwrap.fill(" ".join(words.split()), 110)
