"""People that the gazetteer does not know, by rule: a title before a name, or a verb of speech beside it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from services.enrich.document import Document
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer
from services.enrich.mentions import Mentions

_PART = r"[A-ZÀ-ÞŠŽČĆĐ](?:[a-zà-ÿšžčćđ]+|\.)?(?:['’\-][A-ZÀ-Þa-zà-ÿ][a-zà-ÿ]*)*[a-zà-ÿšžčćđ]*"
_NAME = re.compile(rf"{_PART}(?:[ \u00a0](?:(?:de|da|do|dos|van|von|bin|ole|arap|La|Le|St\.) )?{_PART}){{1,3}}")


class Person(NamedTuple):
    """A name found by rule, at each place where the rule or the full name stands."""

    name: str
    spans: list[tuple[int, int]]


class People:
    """The rules, compiled once for a gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        speech = gazetteer.files.speech
        self._gazetteer = gazetteer
        self._verbs = frozenset(fold_name(verb) for verbs in speech.verbs.values() for verb in verbs)
        self._bylines = frozenset(fold_name(word) for words in speech.bylines.values() for word in words)
        self._streets = frozenset(fold_name(word) for words in speech.streets.values() for word in words)
        self._not_names = frozenset(fold_name(word) for word in speech.not_names)

    def find(self, document: Document, mentions: Mentions, authors: Sequence[str]) -> list[Person]:
        """People named in the document beside the gazetteer's; never those who wrote it."""
        text = document.text
        taken = [(mention.start, mention.end) for mention in mentions.all]
        writers = {fold_name(author) for author in authors}
        spans: dict[str, list[tuple[int, int]]] = {}
        confirmed: set[str] = set()
        next_taken = 0
        for match in _NAME.finditer(text):
            start, end = self._trimmed(text, match.start(), match.end())
            if " " not in text[start:end]:
                continue
            while next_taken < len(taken) and taken[next_taken][1] <= start:
                next_taken += 1
            if next_taken < len(taken) and taken[next_taken][0] < end:
                continue
            name = text[start:end]
            if fold_name(name) in writers or self._is_byline(text, start) or self._is_place(text, start, end):
                continue
            spans.setdefault(name, []).append((start, end))
            if self._titled(text, start, match.start()) or self._speaks(text, start, end):
                confirmed.add(name)
        return [Person(name, found) for name, found in spans.items() if name in confirmed]

    def _trimmed(self, text: str, start: int, end: int) -> tuple[int, int]:
        """Without titles and words at either end that are no part of a name."""
        while True:
            first = re.match(r"\S+\s", text[start:end])
            if not first:
                break
            word = fold_name(first.group())
            if word in self._not_names or word in self._gazetteer.titles:
                start += first.end()
            else:
                break
        while True:
            space = text.rfind(" ", start, end)
            if space < 0 or fold_name(text[space:end]) not in self._not_names:
                break
            end = space
        return start, end

    def _titled(self, text: str, start: int, matched: int) -> bool:
        return self._gazetteer.titled(text, start)

    def _speaks(self, text: str, start: int, end: int) -> bool:
        after = fold_name(text[end : end + 30]).split()[:2]
        before = fold_name(text[max(0, start - 25) : start]).split()[-2:]
        joined = text[end : end + 2] in (", ", " ") or text[end : end + 1] == " "
        heads = (after[:1], after[:2]) if joined else ()
        tails = (before[-1:], before[-2:]) if text[start - 1 : start] == " " and text[start - 2 : start - 1].isalpha() else ()
        return any(b" ".join(words) in self._verbs for words in (*heads, *tails) if words)

    def _is_byline(self, text: str, start: int) -> bool:
        """At the start of a line after "By", or in brackets or beside a colon after "Photo"."""
        line = text.rfind("\n", 0, start) + 1
        before = fold_name(text[max(line, start - 60) : start])
        if before in self._bylines:
            return True
        credit = re.search(r"[(\[/|]\s*([^()\[\]/|]{0,30}?)[:\s]*$|(\w[\w ]{0,25}):\s*$", text[max(line, start - 40) : start])
        word = fold_name((credit.group(1) or credit.group(2) or "")) if credit else b""
        return bool(word) and word in self._bylines

    def _is_place(self, text: str, start: int, end: int) -> bool:
        after = fold_name(text[end : end + 25]).split()[:1] if text[end : end + 1] == " " else []
        last = fold_name(text[start:end]).split()[-1:]
        before = fold_name(text[max(0, start - 25) : start]).split()[-1:]
        first = fold_name(text[start:end]).split()[:1]
        return any(word in self._streets for word in (*after, *last, *before, *first))
