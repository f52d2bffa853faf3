"""The language of an item: the feed's word where the text does not contradict it, py3langid where it is needed."""

import math
from array import array
from typing import Any

from services.enrich.gazetteer import Gazetteer

_CHECKED = 1_200  # bytes of folded text that the cheap check looks at
_DETECTED = 600  # characters that py3langid looks at
_ENOUGH = 6  # different function words from which the cheap check may decide
_SHORT = 60  # bytes of folded text below which the feed's word is all there is
_PRIOR = math.log(4.0)  # what the feed's language is worth where the text is unclear


class LanguageDetector:
    """Function words first; py3langid (and with it numpy, some 50 MB) is loaded for the first text that needs it."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        languages = gazetteer.files.languages
        self._codes = [*languages.words, *languages.others]
        self._words = {
            language: frozenset(word.encode() for word in words) for language, words in languages.words.items()
        }
        self._languages_of: dict[bytes, list[str]] = {}
        for language, written in self._words.items():
            for word in written:
                self._languages_of.setdefault(word, []).append(language)
        self._known = frozenset(self._languages_of)
        self._identifier: Any = None

    def detect(self, text: str, folded: bytes, claimed: str | None) -> str:
        """An ISO 639 code. text and folded are the same item; claimed is what its feed says."""
        counts = dict.fromkeys(self._words, 0)
        for word in self._known.intersection(folded[:_CHECKED].split()):
            for language in self._languages_of[word]:
                counts[language] += 1
        best, second = sorted(counts, key=counts.__getitem__, reverse=True)[:2]
        most, next_most = counts[best], counts[second]
        if most >= _ENOUGH and (most >= 2 * next_most or (best == claimed and most >= 1.3 * next_most)):
            return best
        if claimed in counts and len(folded) < _SHORT:
            return str(claimed)
        return self._identify(text[:_DETECTED], claimed)

    def prepare(self) -> None:
        """Load py3langid now: a worker does so before all else, since loading needs more memory than having it."""
        if self._identifier is None:
            self._identifier = _load(self._codes)

    def _identify(self, text: str, claimed: str | None) -> str:
        self.prepare()
        ranked = [(code, math.log(max(share, 1e-9))) for code, share in self._identifier.rank(text)]
        best: str = max(ranked, key=lambda item: item[1] + (_PRIOR if item[0] == claimed else 0.0))[0]
        return best


def _load(codes: list[str]) -> Any:
    """An identifier that keeps only our languages: a third of the model's memory."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    whole = LanguageIdentifier.from_model_file(MODEL_FILE)
    whole.set_languages(codes)
    kept = LanguageIdentifier(
        whole.nb_ptc,
        whole.nb_pc,
        whole.nb_classes,
        whole.tk_nextmove,
        array("i", whole.tk_output),  # a list of Python numbers takes 4 MB more
        norm_probs=True,
        tk_row=whole.tk_row,
    )
    kept._rowbase = array("I", kept._rowbase)  # likewise; as py3langid 0.4 names it
    return kept
