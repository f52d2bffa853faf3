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
    """All cues of a document, by sentence and by what they decide. Sentences are looked for when first asked about."""

    def __init__(self, document: Document, gazetteer: Gazetteer, language: str) -> None:
        self._document = document
        self.language = language
        self._found: dict[str, list[Cue]] = {}
        self._placed_by: dict[str, dict[int, list[Cue]]] = {}
        plain = document.folded.origin is None
        hits = gazetteer.cues.find(document.folded.data, gazetteer.languages(language))
        hits.sort(key=lambda hit: (hit[0], -hit[1]))
        for start, end, senses in hits:
            start, end = (start - 1, end - 1) if plain else document.folded.span(start, end)
            for sense in senses:
                found = self._found.setdefault(sense.tag, [])
                if not found or start >= found[-1].end:
                    found.append(Cue(start, end, sense.tag))

    def of(self, sentence: int, tag: str) -> list[Cue]:
        """The cues of a sentence that decide `tag`, in order."""
        placed = self._placed_by.get(tag)
        if placed is None:
            placed = self._placed_by[tag] = self._placed(self._found.get(tag, []))
        return placed.get(sentence, [])

    def starting(self, sentence: int, group: str) -> list[Cue]:
        """The cues of a sentence whose tag starts with this group, e.g. `kind:`, in order."""
        placed = self._placed_by.get(group)
        if placed is None:
            cues = [cue for tag, found in self._found.items() if tag.startswith(group) for cue in found]
            placed = self._placed_by[group] = self._placed(sorted(cues))
        return placed.get(sentence, [])

    def _placed(self, cues: list[Cue]) -> dict[int, list[Cue]]:
        placed: dict[int, list[Cue]] = {}
        for cue in cues:
            placed.setdefault(self._document.sentence_at(cue.start), []).append(cue)
        return placed

    def count(self, tag: str) -> int:
        """How often the document has it."""
        return len(self._found.get(tag, ()))

    def negated(self, sentence: int, cue: Cue) -> bool:
        """Whether a negation stands within three words before the cue."""
        negations = self.of(sentence, "not")
        return bool(negations) and any(
            negation.end <= cue.start and len(self._document.words(negation.end, cue.start)) < _REACH
            for negation in negations
        )
