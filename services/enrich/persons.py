"""People that the gazetteer does not know, by rule: a title before a name, or a verb of speech beside it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from services.enrich.document import Document
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer
from services.enrich.mentions import Mentions

_PART = r"[A-ZÀ-Þ](?:[\w'’\-]+|\.)"
_NAME = re.compile(rf"\b{_PART}(?:[ \u00a0](?:(?:de|da|do|dos|van|von|bin|ole|arap|St\.) )?{_PART}){{1,3}}")
_CREDIT = re.compile(r"[(\[/|]\s*([^()\[\]/|]{0,30}?)[:\s]*$|(\w[\w ]{0,25}):\s*$")


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
        before = sorted(
            {verb for verbs in speech.verbs.values() for verb in verbs} - set(speech.object_verbs),
            key=len,
            reverse=True,
        )
        # "said Mary Ann", "said his mother, Mary Ann"
        self._said = re.compile(
            rf"(?<![\w'’-])(?:{'|'.join(map(re.escape, before))}) (?:(?:[a-zà-öø-ÿ'’\-]+ ){{0,5}}[a-zà-öø-ÿ'’\-]+, )?$"
        )
        self._bylines = frozenset(fold_name(word) for words in speech.bylines.values() for word in words)
        self._streets = frozenset(fold_name(word) for words in speech.streets.values() for word in words)
        self._not_names = frozenset(fold_name(word) for word in speech.not_names)

    def find(self, document: Document, mentions: Mentions, authors: Sequence[str]) -> list[Person]:
        """People named in the document beside the gazetteer's; never those who wrote it."""
        taken = [(mention.start, mention.end) for mention in mentions.all]
        writers = {fold_name(author) for author in authors}
        spans: dict[str, list[tuple[int, int]]] = {}
        confirmed: set[str] = set()
        next_taken = 0
        for match in _NAME.finditer(document.text):
            start, end = self._trimmed(document, match.start(), match.end())
            if " " not in document.text[start:end]:
                continue
            while next_taken < len(taken) and taken[next_taken][1] <= start:
                next_taken += 1
            if next_taken < len(taken) and taken[next_taken][0] < end:
                continue
            name = document.text[start:end]
            if name in confirmed:
                spans[name].append((start, end))
                continue
            before = document.words(max(0, start - 40), start)
            after = document.words(end, end + 30)
            if self._gazetteer.titled(before) or self._speaks(document.text, start, end, after):
                folded = document.folded_between(start, end).split()
                if (
                    b" ".join(folded) in writers
                    or self._is_byline(document, start)
                    or any(word in self._streets for word in (*before[-1:], folded[0], folded[-1], *after[:1]))
                ):
                    continue
                confirmed.add(name)
                spans.setdefault(name, []).append((start, end))
            elif name in spans:
                spans[name].append((start, end))
        return [Person(name, found) for name, found in spans.items()]

    def _trimmed(self, document: Document, start: int, end: int) -> tuple[int, int]:
        """Without titles and words at either end that are no part of a name."""
        text = document.text
        while (space := text.find(" ", start, end)) > 0:
            word = document.folded_between(start, space).strip()
            if word not in self._not_names and word not in self._gazetteer.titles:
                break
            start = space + 1
        while (space := text.rfind(" ", start, end)) > 0:
            if document.folded_between(space + 1, end).strip() not in self._not_names:
                break
            end = space
        return start, end

    def _speaks(self, text: str, start: int, end: int, after: list[bytes]) -> bool:
        """Whether a verb of speech stands right beside the name, or before it with the speaker's part between."""
        follows = bool(after) and text[end : end + 1] in (" ", ",")
        if follows and (after[0] in self._verbs or b" ".join(after[:2]) in self._verbs):
            return True
        return self._said.search(text, max(0, start - 60), start) is not None

    def _is_byline(self, document: Document, start: int) -> bool:
        """At the start of a line after "By", or in brackets or beside a colon after "Photo"."""
        text = document.text
        line = max(text.rfind("\n", 0, start) + 1, start - 60)
        if document.folded_between(line, start).strip() in self._bylines:
            return True
        credit = _CREDIT.search(text, line, start)
        return credit is not None and fold_name(credit.group(1) or credit.group(2) or "") in self._bylines
