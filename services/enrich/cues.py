"""The words of a document that decide something, by sentence: one more pass, only for items that may matter."""

from functools import cache

import msgspec

from services.enrich.document import Document
from services.enrich.gazetteer import Gazetteer

_REACH = 3  # words between a negation and the cue that it turns round


class Cue(msgspec.Struct, frozen=True, order=True, gc=False):
    """A deciding word: code points start to end, and what it decides, e.g. `role:pledged` or `kind:arrived`."""

    start: int
    end: int
    tag: str


@cache
def _group(tag: str) -> str:
    """`kind:` of `kind:arrived`; empty for a tag of no group."""
    group, colon, _ = tag.partition(":")
    return group + colon if colon else ""


class Cues:
    """All cues of a document, by sentence and by what they decide."""

    def __init__(self, document: Document, gazetteer: Gazetteer, language: str) -> None:
        sentences = document.sentences
        self._by_sentence: list[dict[str, list[Cue]]] = [{} for _ in sentences]
        self._starting: list[dict[str, list[Cue]]] = [{} for _ in sentences]
        plain = document.folded.origin is None
        reached: dict[str, int] = {}
        number, stop = 0, sentences[0].end
        hits = gazetteer.cues.find(document.folded.data, gazetteer.languages(language))
        hits.sort(key=lambda hit: (hit[0], -hit[1]))
        for start, end, senses in hits:
            start, end = (start - 1, end - 1) if plain else document.folded.span(start, end)
            while start >= stop and number + 1 < len(sentences):
                number += 1
                stop = sentences[number].end
            for sense in senses:
                tag = sense.tag
                if start >= reached.get(tag, 0):
                    reached[tag] = end
                    cue = Cue(start, end, tag)
                    self._by_sentence[number].setdefault(tag, []).append(cue)
                    if group := _group(tag):
                        self._starting[number].setdefault(group, []).append(cue)
        self._document = document
        self.language = language

    def of(self, sentence: int, tag: str) -> list[Cue]:
        """The cues of a sentence that decide `tag`, in order."""
        return self._by_sentence[sentence].get(tag, [])

    def starting(self, sentence: int, group: str) -> list[Cue]:
        """The cues of a sentence whose tag starts with this group, e.g. `kind:`, in order."""
        found = self._starting[sentence].get(group)
        return sorted(found) if found else []

    def count(self, tag: str) -> int:
        """How often the document has it."""
        return sum(len(found.get(tag, ())) for found in self._by_sentence)

    def negated(self, sentence: int, cue: Cue) -> bool:
        """Whether a negation stands within three words before the cue."""
        return any(
            negation.end <= cue.start and len(self._document.words(negation.end, cue.start)) < _REACH
            for negation in self.of(sentence, "not")
        )
