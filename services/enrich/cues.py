"""The words of a document that decide something, by sentence: one more pass, only for items that may matter."""

import msgspec

from services.enrich.document import Document
from services.enrich.gazetteer import Gazetteer

_REACH = 3  # words between a negation and the cue that it turns round


class Cue(msgspec.Struct, frozen=True, order=True, gc=False):
    """A deciding word: code points start to end, and what it decides, e.g. `role:pledged` or `kind:arrived`."""

    start: int
    end: int
    tag: str


class Cues:
    """All cues of a document, by sentence and by what they decide. What nobody asks about is not looked at further."""

    def __init__(self, document: Document, gazetteer: Gazetteer, language: str) -> None:
        self._document = document
        self.language = language
        self._hits: dict[str, list[tuple[int, int]]] = {}  # in the folded text
        self._cues: dict[str, list[Cue]] = {}
        self._placed_by: dict[str, dict[int, list[Cue]]] = {}
        hits = self._hits
        for start, end, senses in gazetteer.cues.find(document.folded.data, gazetteer.languages(language)):
            for sense in senses:
                tag = sense.tag
                if tag in hits:
                    hits[tag].append((start, end))
                else:
                    hits[tag] = [(start, end)]

    def by_sentence(self, tag: str) -> dict[int, list[Cue]]:
        """The cues that decide `tag` by the sentence that they start in, both in order."""
        placed = self._placed_by.get(tag)
        if placed is None:
            placed = self._placed_by[tag] = self._placed(self._of_tag(tag)) if tag in self._hits else {}
        return placed

    def of(self, sentence: int, tag: str) -> list[Cue]:
        """The cues of a sentence that decide `tag`, in order."""
        placed = self._placed_by.get(tag)
        if placed is None:
            placed = self.by_sentence(tag)
        return placed.get(sentence, [])

    def starting(self, group: str) -> dict[int, list[Cue]]:
        """The cues whose tag starts with this group, e.g. `kind:`, by sentence, both in order."""
        placed = self._placed_by.get(group)
        if placed is None:
            cues = [cue for tag in self._hits if tag.startswith(group) for cue in self._of_tag(tag)]
            placed = self._placed_by[group] = self._placed(sorted(cues))
        return placed

    def _of_tag(self, tag: str) -> list[Cue]:
        """All cues that decide `tag`, in order; of those that overlap the first, and of these the longest."""
        cues = self._cues.get(tag)
        if cues is None:
            cues = self._cues[tag] = []
            hits = self._hits[tag]
            if len(hits) > 1:
                hits.sort(key=_first_and_longest)
            folded = self._document.folded
            for start, end in hits:
                start, end = folded.span(start, end)
                if not cues or start >= cues[-1].end:
                    cues.append(Cue(start, end, tag))
        return cues

    def _placed(self, cues: list[Cue]) -> dict[int, list[Cue]]:
        sentence_at = self._document.sentence_at
        placed: dict[int, list[Cue]] = {}
        for cue in cues:
            placed.setdefault(sentence_at(cue.start), []).append(cue)
        return placed

    def count(self, tag: str) -> int:
        """How often the document has it."""
        return len(self._of_tag(tag)) if tag in self._hits else 0

    def negated(self, sentence: int, cue: Cue) -> bool:
        """Whether a negation stands within three words before the cue."""
        return any(
            negation.end <= cue.start and len(self._document.words(negation.end, cue.start)) < _REACH
            for negation in self.of(sentence, "not")
        )


def _first_and_longest(hit: tuple[int, int]) -> tuple[int, int]:
    return hit[0], -hit[1]
