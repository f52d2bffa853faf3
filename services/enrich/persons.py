"""People that the gazetteer does not know, by rule: what stands beside a capitalised name says that it is a person's.

A title before it ("Commander", "Minister of Justice and Security"), a verb of speech or "according to" beside it, a
role or an age after it (", the mayor of", ", 45,"), or a given name as its first word.
"""

from collections.abc import Sequence
from typing import NamedTuple

from services.enrich.bylines import Bylines
from services.enrich.document import Document
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer
from services.enrich.mentions import Mentions
from services.enrich.person_names import NAME, Names, is_title_case, joined
from services.enrich.person_signs import Signs

_SURNAME = 3  # letters, at least, of a surname that is looked for alone


class Person(NamedTuple):
    """A name found by rule, at each place where the full name or, after it, the surname alone stands."""

    name: str
    spans: list[tuple[int, int]]


class People:
    """The rules, compiled once for a gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        speech = gazetteer.files.speech
        self._names = Names(gazetteer)
        self._signs = Signs(gazetteer)
        self._bylines = Bylines(gazetteer)
        self._given = gazetteer.given_names
        self._of = frozenset(map(fold_name, speech.of))
        self._streets = frozenset(fold_name(word) for words in speech.streets.values() for word in words)
        self._streets_after = frozenset(fold_name(word) for word in speech.streets["en"])  # others put it before

    def find(self, document: Document, mentions: Mentions, authors: Sequence[str]) -> list[Person]:
        """People named in the document beside the gazetteer's; never those who wrote it."""
        taken = [(mention.start, mention.end) for mention in mentions.all]
        writers = {fold_name(author) for author in authors}
        text = document.text
        headline = is_title_case(document)
        spans: dict[str, list[tuple[int, int]]] = {}
        confirmed: set[str] = set()
        next_taken = 0
        for match in NAME.finditer(text):
            start, end = match.span()
            while next_taken < len(taken) and taken[next_taken][1] <= start:
                next_taken += 1
            if next_taken < len(taken) and taken[next_taken][0] <= start and end <= taken[next_taken][1]:
                continue
            start, end = self._names.trimmed(document, start, end)
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
        if folded[0] not in self._given and not self._signs.stand_beside(document, start, end, name, folded):
            return False
        return not (
            b" ".join(folded) in writers
            or folded[0] in self._streets
            or folded[-1] in self._streets_after
            or any(word in self._streets for word in self._leading_to(document, start))
            or (text[end + 1 : end + 2].isupper() and self._is_street_word(document, end))
            or self._bylines.has(document, start, end)
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
                    alone = not joined(text, at, stop)
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
