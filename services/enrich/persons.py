"""People that the gazetteer does not know, by rule: what stands beside a capitalised name says that it is a person's.

A title before it ("Commander", "Minister of Justice and Security"), a verb of speech or "according to" beside it, a
role or an age after it (", the mayor of", ", 45,"), or a given name as its first word.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from services.enrich.document import Document
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer, ends_in
from services.enrich.mentions import Mentions

_CAPITAL, _REST = "[A-ZÀ-ÞĀ-Ž]", r"(?:[\w'’\-]+|\.)"
_PARTICLE = r"(?:d(?:e la|e los|el|e|a|o|os|as|u)|van(?: der| den)?|von|b[ie]n|[ae]l|ole|arap|St\.)"
# The word's beginning is looked for behind the capital: a pattern that begins with letters is found much faster.
_NAME = re.compile(rf"{_CAPITAL}(?<!\w.){_REST}(?:[ \u00a0](?:{_PARTICLE} )?{_CAPITAL}{_REST}){{1,3}}")
_CREDIT = re.compile(r"[(\[/|]\s*([^()\[\]/|]{0,30}?)[:\s]*$")  # "(Photo: Ann Lee", from the last of its signs
_CREDIT_LINE = re.compile(r"(\w[\w ]{0,25}):\s*$")
_SMALL = re.compile(r" [a-z]")
_MARKS = "([/|"
_AGE = re.compile(r",? (?:\(?\d\d\)?\b(?! ?%)|de \d\d a[nñ]os|aged \d\d|âgée? de \d\d|an? \d\d-year-old)")
_AGE_BEGINS = frozenset((", ", " (", " d", " a", " â", *(f" {digit}" for digit in range(10))))
_TITLE_REACH = 9  # words of a portfolio between a title and its holder
_ROLE_REACH = 5  # words after the comma in which a role is looked for
_BYLINE = 6  # words, at most, of a line that is no sentence
_SHORT_LINE = 80  # characters of such a line
_SURNAME = 3  # letters, at least, of a surname that is looked for alone


class Person(NamedTuple):
    """A name found by rule, at each place where the full name or, after it, the surname alone stands."""

    name: str
    spans: list[tuple[int, int]]


class People:
    """The rules, compiled once for a gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        speech = gazetteer.files.speech
        self._gazetteer = gazetteer
        self._verbs = frozenset(fold_name(verb) for verbs in speech.verbs.values() for verb in verbs)
        objects = frozenset(map(fold_name, speech.object_verbs))
        self._verbs_before = self._verbs - objects  # "said Mary Ann", "said his mother, Mary Ann"
        self._bylines = frozenset(fold_name(word) for words in speech.bylines.values() for word in words)
        self._credits = tuple(sorted(word + b" " for word in self._bylines if b" " in word))
        self._streets = frozenset(fold_name(word) for words in speech.streets.values() for word in words)
        self._streets_after = frozenset(fold_name(word) for word in speech.streets["en"])  # others put it before
        self._according = frozenset(fold_name(words) for group in speech.according.values() for words in group)
        self._title_words = frozenset(title.split()[0] for title in gazetteer.titles)
        self._who = frozenset(fold_name(word) for words in speech.who.values() for word in words)
        self._of = frozenset(map(fold_name, speech.of))
        self._not_names = gazetteer.not_names
        self._given = gazetteer.given_names
        self._no_part = self._not_names | gazetteer.titles
        self._begins_none = self._no_part | self._of
        self._ends = lru_cache(maxsize=20_000)(self._ends_of)

    def find(self, document: Document, mentions: Mentions, authors: Sequence[str]) -> list[Person]:
        """People named in the document beside the gazetteer's; never those who wrote it."""
        taken = [(mention.start, mention.end) for mention in mentions.all]
        writers = {fold_name(author) for author in authors}
        text = document.text
        headline = _is_title_case(document)
        spans: dict[str, list[tuple[int, int]]] = {}
        confirmed: set[str] = set()
        next_taken = 0
        for match in _NAME.finditer(text):
            start, end = match.span()
            while next_taken < len(taken) and taken[next_taken][1] <= start:
                next_taken += 1
            if next_taken < len(taken) and taken[next_taken][0] <= start and end <= taken[next_taken][1]:
                continue
            start, end = self._trimmed(document, start, end)
            if text.find(" ", start, end) < 0:
                continue
            while next_taken < len(taken) and taken[next_taken][1] <= start:
                next_taken += 1
            if next_taken < len(taken) and taken[next_taken][0] < end:
                continue
            name = text[start:end]
            spans.setdefault(name, []).append((start, end))
            if name in confirmed or (headline and document.in_title(start)):
                continue
            if self._is_person(document, start, end, writers):
                confirmed.add(name)
        found = [Person(name, places) for name, places in spans.items() if name in confirmed]
        found = _without_ends(found, [document.text[m.start : m.end] for m in mentions.entities])
        return self._with_surnames(found, document, taken) if found else []

    def _is_person(self, document: Document, start: int, end: int, writers: set[bytes]) -> bool:
        """Whether something beside the name says that a person is meant, and nothing that it is not."""
        text = document.text
        name = text[start:end]
        if name.isupper():
            return False
        folded = document.words(start, end)
        if folded[0] not in self._given and not self._is_said_to_be(document, start, end, name, folded):
            return False
        return not (
            b" ".join(folded) in writers
            or folded[0] in self._streets
            or folded[-1] in self._streets_after
            or any(word in self._streets for word in self._leading_to(document, start))
            or (text[end + 1 : end + 2].isupper() and self._is_street_word(document, end))
            or self._is_byline(document, start, end)
        )

    def _is_said_to_be(self, document: Document, start: int, end: int, name: str, folded: list[bytes]) -> bool:
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

    def _is_street_word(self, document: Document, end: int) -> bool:
        after = document.words(end, end + 30)
        return document.text[end] == " " and bool(after) and after[0] in self._streets

    def _leading_to(self, document: Document, start: int) -> list[bytes]:
        """The words of the sentence that can make a place of the name: two, more where they end in "of"."""
        clause = document.text[max(0, start - 60) : start]
        for sign in ".!?;:\n,":
            clause = clause.rpartition(sign)[2]
        words = document.words(start - len(clause), start)
        return words[-5:] if words[-1:] and words[-1] in self._of else words[-2:]

    def _is_a_thing(self, name: str, folded: list[bytes]) -> bool:
        """Whether the words are rather a body's or an office's: "KQ Chief Operating Officer", "Security Council"."""
        return not self._no_part.isdisjoint(folded) or name.split(" ", 1)[0].isupper()

    def _trimmed(self, document: Document, start: int, end: int) -> tuple[int, int]:
        """Without titles and words at either end that are no part of a name."""
        low, high = self._ends(document.text[start:end])
        start, end = start + low, start + high
        if document.text.count(" ", start, end) < 2:
            return start, end
        return self._from_given_name(document, start, end), end

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

    def _is_byline(self, document: Document, start: int, end: int) -> bool:
        """Whether the name writes: after "By", in a photo's credit, on a line with little else, before "/AFP"."""
        text = document.text
        if text[end : end + 1] in ("/", "|") or text[max(0, start - 1) : start] in ("/", "|"):
            return True
        line = text.rfind("\n", 0, start) + 1
        until = text.find("\n", end, line + _SHORT_LINE)
        until = until if until > 0 else len(text)
        whole = text[line:until] if until - line < _SHORT_LINE and line >= document.body else ""
        if whole and len(whole.split()) <= _BYLINE and whole.rstrip()[-1:] not in '.!?:”"»':
            return True
        line = max(line, start - 60)
        before = text[line:start]
        if not before or before.isspace():
            return False
        if document.folded_between(line, start).strip() in self._bylines:
            return True
        sentence = line + max(before.rfind(". ") + 2, before.rfind("(") + 1, before.rfind("; ") + 2)
        if document.folded_between(max(line, sentence), start).lstrip().startswith(self._credits):
            return True
        mark = max(map(before.rfind, _MARKS))
        credit = _CREDIT.match(before, mark) if mark >= 0 else None
        if credit is None and before.rstrip().endswith(":"):
            credit = _CREDIT_LINE.search(before)
        return credit is not None and fold_name(credit.group(1)) in self._bylines

    def _with_surnames(self, people: list[Person], document: Document, taken: list[tuple[int, int]]) -> list[Person]:
        """Each person with the places where the last name stands alone after the full one."""
        text = document.text
        full = [span for person in people for span in person.spans]
        used = [*taken, *full]
        ends = {end for _, end in used}
        surnames: dict[str, int] = {}
        for person in people:
            surname = person.name.rsplit(" ", 1)[1]
            surnames[surname] = surnames.get(surname, 0) + 1
        result = []
        for person in people:
            surname = person.name.rsplit(" ", 1)[1]
            spans = list(person.spans)
            if len(surname) >= _SURNAME and surnames[surname] == 1 and fold_name(surname) not in self._given:
                at = text.find(surname, spans[0][1])
                while at >= 0:
                    stop = at + len(surname)
                    alone = not _joined(text, at, stop)
                    if alone and stop not in ends and not any(low < stop and at < high for low, high in used):
                        spans.append((at, stop))
                    at = text.find(surname, stop)
            result.append(Person(person.name, sorted(spans)))
        return result


def _without_ends(people: list[Person], known: list[str]) -> list[Person]:
    """Without names that only end another one: "Fernández Onofre" after "Carlos Fernández Onofre"."""
    longer = {person.name: person for person in people}
    kept = []
    for person in people:
        ending = " " + person.name
        whole = next((name for name in (*longer, *known) if name.endswith(ending)), None)
        if whole is None:
            kept.append(person)
        elif whole in longer:
            longer[whole].spans.extend(person.spans)
    return kept


def _joined(text: str, start: int, end: int) -> bool:
    """Whether a letter, a hyphen or another capitalised word stands right beside."""
    if text[start - 1 : start].isalnum() or text[end : end + 1].isalnum():
        return True
    if text[start - 1 : start] in ("-", "_") or text[end : end + 1] in ("-", "_"):
        return True
    return text[end : end + 1] == " " and text[end + 1 : end + 2].isupper()


def _is_title_case(document: Document) -> bool:
    """Whether the title writes nearly every word with a capital: capitals there tell nothing of names."""
    words = [word for word in document.text[: document.text.find("\n")].split() if len(word) > 3 and word[0].isalpha()]
    return len(words) >= 3 and sum(word[0].isupper() for word in words) >= 0.7 * len(words)
