"""Capitalised words that can be a person's name: where such a name begins and ends."""

import re
from functools import lru_cache

from services.enrich.document import Document
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer

_WORD = r"[A-ZÀ-ÞĀ-Ž](?:[\w'’\-]++|\.)"
_PARTICLE = r"(?:d(?:e la|e los|el|e|a|o|os|as|u)|van(?: der| den)?|von|b[ie]n|[ae]l|ole|arap|St\.)"
# The word's beginning is looked for behind the capital, and the second word stands outside the repetition, into which
# most capitals then do not get: both make the pattern faster.
NAME = re.compile(
    rf"[A-ZÀ-ÞĀ-Ž](?<!\w.)(?:[\w'’\-]++|\.)[ \u00a0](?:{_PARTICLE} )?{_WORD}"
    rf"(?:[ \u00a0](?:{_PARTICLE} )?{_WORD}){{0,4}}"
)
_LONGEST = 4  # words of a name


class Names:
    """The words that no name begins or ends with, of one gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._given = gazetteer.given_names
        self._not_names = gazetteer.not_names
        self._no_part = self._not_names | gazetteer.titles
        self._begins_none = self._no_part | frozenset(map(fold_name, gazetteer.files.speech.of))
        self._ends = lru_cache(maxsize=20_000)(self._ends_of)

    def trimmed(self, document: Document, start: int, end: int) -> tuple[int, int]:
        """Without titles and words at either end that are no part of a name."""
        low, high = self._ends(document.text[start:end])
        start, end = start + low, start + high
        if document.text.count(" ", start, end) < 2:
            return start, end
        return self._from_given_name(document, self._behind_an_office(document, start, end), end), end

    def _behind_an_office(self, document: Document, start: int, end: int) -> int:
        """The name behind an office: "Assistant Secretary Ann Lee", "Kingston South Western Ann Lee"."""
        words = document.words(start, end)
        if words[0] in self._given:
            return start
        for place in range(1, len(words) - 1):
            if words[place] in self._given and (words[place - 1] in self._no_part or place > _LONGEST - 1):
                return end - len(" ".join(document.text[start:end].split(" ")[place:]))
        return start

    def _ends_of(self, written: str) -> tuple[int, int]:
        """Where in capitalised words a name can begin and end."""
        start, end = 0, len(written)
        while (space := written.find(" ", start, end)) > 0:
            elided = written[start + 1] in "'’" and written[start + 2].islower()  # "L'historien Pierre Buteau"
            if not elided and fold_name(written[start:space]) not in self._begins_none:
                break
            start = space + 1
        while (space := written.rfind(" ", start, end)) > 0:
            if fold_name(written[space + 1 : end]) not in self._not_names:
                break
            end = space
        return start, end

    def _from_given_name(self, document: Document, start: int, end: int) -> int:
        """Where the name begins: after a word that only the start of a sentence, or no name, gives its capital."""
        text = document.text
        words = document.words(start, end)
        if len(words) < 3 or words[0] in self._given or words[1] not in self._given:
            return start
        space = text.find(" ", start, end)
        opens = text[:start].rstrip(' "“«¿¡')[-1:] in ("", ".", "!", "?", "\n", ":")
        return space + 1 if opens or f" {text[start:space].lower()} " in text else start


def joined(text: str, start: int, end: int) -> bool:
    """Whether a letter, a hyphen or another capitalised word stands right beside."""
    if text[start - 1 : start].isalnum() or text[end : end + 1].isalnum():
        return True
    if text[start - 1 : start] in ("-", "_") or text[end : end + 1] in ("-", "_"):
        return True
    return text[end : end + 1] == " " and text[end + 1 : end + 2].isupper()


def is_title_case(document: Document) -> bool:
    """Whether the title writes nearly every word with a capital: capitals there tell nothing of names."""
    words = [word for word in document.text[: document.text.find("\n")].split() if len(word) > 3 and word[0].isalpha()]
    return len(words) >= 3 and sum(word[0].isupper() for word in words) >= 0.7 * len(words)
