"""The words of a document that decide something, by sentence: found in one more pass, only for items that may matter."""

from typing import NamedTuple

from services.enrich.document import Document
from services.enrich.gazetteer import Gazetteer

_REACH = 3  # words between a negation and the cue that it turns round


class Cue(NamedTuple):
    """A deciding word: code points start to end, and what it decides, e.g. `role:pledged` or `kind:arrived`."""

    start: int
    end: int
    tag: str


class Cues:
    """All cues of a document, by sentence and by what they decide."""

    def __init__(self, document: Document, gazetteer: Gazetteer, language: str) -> None:
        self._by_sentence: list[dict[str, list[Cue]]] = [{} for _ in document.sentences]
        languages = gazetteer.languages(language)
        longest: dict[str, Cue] = {}
        for start, end, senses in sorted(
            gazetteer.cues.find(document.folded.data), key=lambda hit: (hit[0], -hit[1])
        ):
            start, end = document.folded.span(start, end)
            for sense in senses:
                before = longest.get(sense.tag)
                if sense.languages & languages and (before is None or start >= before.end):
                    cue = longest[sense.tag] = Cue(start, end, sense.tag)
                    self._by_sentence[document.sentence_at(start)].setdefault(sense.tag, []).append(cue)
        self._document = document

    def of(self, sentence: int, tag: str) -> list[Cue]:
        """The cues of a sentence that decide `tag`, in order."""
        return self._by_sentence[sentence].get(tag, [])

    def starting(self, sentence: int, prefix: str) -> list[Cue]:
        """The cues of a sentence whose tag starts so, in order."""
        return sorted(
            cue for tag, cues in self._by_sentence[sentence].items() if tag.startswith(prefix) for cue in cues
        )

    def count(self, tag: str) -> int:
        """How often the document has it."""
        return sum(len(found.get(tag, ())) for found in self._by_sentence)

    def negated(self, sentence: int, cue: Cue) -> bool:
        """Whether a negation stands within three words before the cue."""
        return any(
            negation.end <= cue.start and len(self._document.words(negation.end, cue.start)) < _REACH
            for negation in self.of(sentence, "not")
        )
