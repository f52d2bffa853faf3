"""An item as one text: title, summary and body together, and the way back from a position to a field."""

import re
from bisect import bisect_right
from functools import lru_cache
from typing import Literal

import msgspec

from schemas.messages import Evidence, RawItem
from services.enrich.folding import Folded, fold

Field = Literal["title", "summary", "text"]

_GAP = "\n\n\n"  # no name has three spaces: nothing matches across fields
_FIELDS: tuple[Field, ...] = ("title", "summary", "text")
# One class for what ends a sentence, and only then which it was: so that most characters are passed over fast.
_END = re.compile(r"[.!?…\n](?:(?<!\n)[.!?…]*[\"”»’')\]]*\s+(?=[\"“«‘'(\[¿¡—–-]?\s?[A-ZÀ-Þ0-9])|(?<=\n)\n*)")
# Words whose full stop ends no sentence, in the languages that we read.
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "gen",
        "col",
        "lt",
        "capt",
        "sgt",
        "cpl",
        "st",
        "ste",
        "no",
        "vol",
        "hon",
        "amb",
        "prof",
        "rev",
        "sen",
        "rep",
        "gov",
        "jr",
        "sr",
        "sra",
        "srta",
        "mme",
        "mlle",
        "maj",
        "insp",
        "supt",
        "cmdr",
        "dkt",
        "bw",
        "bi",
        "mhe",
        "art",
        "núm",
        "num",
        "nº",
        "av",
        "blvd",
        "approx",
        "u.s",
        "u.n",
        "e.g",
        "i.e",
    ]
)


_LONGEST = max(map(len, _ABBREVIATIONS))
_ENDINGS = frozenset(word[-2:] for word in _ABBREVIATIONS)


class Span(msgspec.Struct, frozen=True, gc=False):
    """Code points start to end of a document's text."""

    start: int
    end: int


class Document:
    """Positions are code points of `text`; `folded` is what names are looked for in."""

    __slots__ = ("_sentence_starts", "_sentences", "_starts", "body", "folded", "text")

    def __init__(self, title: str, summary: str, text: str) -> None:
        self.text = f"{title}{_GAP}{summary}{_GAP}{text}"
        self.folded: Folded = fold(self.text)
        summary_start = len(title) + len(_GAP)
        self.body = summary_start + len(summary) + len(_GAP)
        self._starts = (0, summary_start, self.body)
        self._sentences: list[Span] | None = None
        self._sentence_starts: list[int] | None = None

    @classmethod
    def of(cls, item: RawItem) -> "Document":
        """The document of an item. A summary that the text begins with is read once: many feeds have nothing else."""
        summary = "" if item.text.startswith(item.summary.rstrip()) else item.summary
        return cls(item.title, summary, item.text)

    def evidence(self, tag: str, start: int, end: int) -> Evidence:
        """The evidence for a tag: which field, and where in it."""
        which = 2 if start >= self.body else 1 if start >= self._starts[1] else 0
        offset = self._starts[which]
        return Evidence(
            tag=tag, field=_FIELDS[which], start=start - offset, end=end - offset, surface=self.text[start:end]
        )

    def in_title(self, position: int) -> bool:
        """Whether the position lies in the title."""
        return position < self._starts[1]

    def folded_between(self, start: int, end: int) -> bytes:
        """The folded text between two positions."""
        if self.folded.origin is None:
            return self.folded.data[start + 1 : end + 1]
        return fold(self.text[start:end]).data[1:-1]

    def words(self, start: int, end: int) -> list[bytes]:
        """The folded words between two positions."""
        return self.folded_between(start, end).split()

    @property
    def sentences(self) -> list[Span]:
        """The sentences in order; the first is the title. Found once, on demand: they cost more than the names."""
        if self._sentences is None:
            self._sentences = list(self._split())
        return self._sentences

    def sentence_at(self, position: int) -> int:
        """The index of the sentence that holds the position."""
        if self._sentence_starts is None:
            self._sentence_starts = [span.start for span in self.sentences]
        return bisect_right(self._sentence_starts, position) - 1

    def _split(self) -> list[Span]:
        text = self.text
        spans, start = [], 0
        for found in _END.finditer(text):
            stop, end = found.span()
            if text[stop] == "." and _may_abbreviate(text[stop - 2 : stop]) and self._is_abbreviation(start, stop):
                continue
            spans.append(Span(start, end))
            start = end
        spans.append(Span(start, len(text)))
        return spans

    def _is_abbreviation(self, start: int, stop: int) -> bool:
        if stop > _LONGEST and self.text[stop - _LONGEST - 1 : stop].isalpha():
            return False
        words = self.text[max(start, stop - 12) : stop].split()
        word = words[-1].lstrip("(\"“«'") if words else ""
        return word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper())  # "a." ends Creole sentences


@lru_cache(maxsize=4_000)
def _may_abbreviate(ending: str) -> bool:
    """Whether the two characters before a full stop can be the end of an abbreviation: those of most words cannot."""
    return ending[-1:].isupper() or ending[-1:].isspace() or ending.lower() in _ENDINGS
