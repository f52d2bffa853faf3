"""The signs beside a capitalised name that it is a person's: a title, a verb of speech, a role, an age."""

import re

from services.enrich.document import Document
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer, ends_in

_SMALL = re.compile(r" [a-z]")
_AGE = re.compile(r",? (?:\(?\d\d\)?\b(?! ?%)|de \d\d a[nñ]os|aged \d\d|âgée? de \d\d|an? \d\d-year-old)")
_AGE_BEGINS = frozenset((", ", " (", " d", " a", " â", *(f" {digit}" for digit in range(10))))
_TITLE_REACH = 9  # words of a portfolio between a title and its holder
_ROLE_REACH = 5  # words after the comma in which a role is looked for


class Signs:
    """The words that make a person of a name, of one gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        speech = gazetteer.files.speech
        self._gazetteer = gazetteer
        self._verbs = frozenset(fold_name(verb) for verbs in speech.verbs.values() for verb in verbs)
        objects = frozenset(map(fold_name, speech.object_verbs))
        self._verbs_before = self._verbs - objects  # "said Mary Ann", "said his mother, Mary Ann"
        self._according = frozenset(fold_name(words) for group in speech.according.values() for words in group)
        self._title_words = frozenset(title.split()[0] for title in gazetteer.titles)
        self._who = frozenset(fold_name(word) for words in speech.who.values() for word in words)
        self._of = frozenset(map(fold_name, speech.of))
        self._no_part = gazetteer.not_names | gazetteer.titles

    def stand_beside(self, document: Document, start: int, end: int, name: str, folded: list[bytes]) -> bool:
        """Whether the words beside the name say that it is a person's; the cheap signs first."""
        if self._is_a_thing(name, folded):
            return False
        text = document.text
        before = document.words(max(0, start - 90), start)
        if self._gazetteer.titled(before):
            return True
        if _SMALL.search(name):
            return False
        after = document.words(end, end + 60) if text[end : end + 1] in (" ", ",") else []
        return (
            self._speaks(text, start, before, after)
            or self._has_a_role(text, end, after)
            or ends_in(before, self._according)
            or self._holds_office(text, start, before)
        )

    def _is_a_thing(self, name: str, folded: list[bytes]) -> bool:
        """Whether the words are rather a body's or an office's: "KQ Chief Operating Officer", "Security Council"."""
        return not self._no_part.isdisjoint(folded) or name.split(" ", 1)[0].isupper()

    def _speaks(self, text: str, start: int, before: list[bytes], after: list[bytes]) -> bool:
        """Whether a verb of speech stands right beside the name, or before it with the speaker's part between."""
        if after and (after[0] in self._verbs or b" ".join(after[:2]) in self._verbs):
            return True
        if not before or text[start - 1 : start] != " ":
            return False
        if text[start - 2 : start - 1] == ",":  # "said his mother, Mary Ann"
            reach = before[-6:]
            return any(word in self._verbs_before for word in reach)
        if not text[start - 2 : start - 1].islower():
            return False
        return ends_in(before, self._verbs_before)

    def _holds_office(self, text: str, start: int, before: list[bytes]) -> bool:
        """Whether a title stands some words before the name: "Minister of Justice and Public Security, Ann Lee"."""
        titles = self._title_words
        if titles.isdisjoint(before[-_TITLE_REACH:]):
            return False
        clause = text[max(0, start - 90) : start]
        comma = clause.endswith(", ")
        stop = max(clause.rfind(sign) for sign in (". ", ";", ":", "(", ")", "\n", "”", "»"))
        reach = min(len(before), len(clause[stop + 1 :].split()), _TITLE_REACH)
        if not comma and (before[-1] in self._of or not clause.endswith(" ")):
            return False
        for place in range(len(before) - reach, len(before)):
            for end in (place + 1, place + 2) if before[place] in titles else ():
                if b" ".join(before[place:end]) in self._gazetteer.titles and (
                    comma or (end < len(before) and before[end] in self._of)
                ):
                    return True
        return False

    def _has_a_role(self, text: str, end: int, after: list[bytes]) -> bool:
        """Whether an age or a role follows the name: "Ann Lee, 45,", "Ann Lee, the mayor of"."""
        beside = text[end : end + 2]
        if beside in _AGE_BEGINS and _AGE.match(text, end):
            return True
        if beside != ", " or not after:
            return False
        if after[0] in self._who:
            return True
        phrases = [b" ".join(after[place : place + length]) for place in range(_ROLE_REACH - 1) for length in (1, 2)]
        return any(len(phrase) > 2 and phrase in self._gazetteer.titles for phrase in phrases)
