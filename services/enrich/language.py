"""The language of an item: the feed's word where the text does not contradict it, py3langid where it is needed."""

import math
from typing import Any

from services.enrich.gazetteer import Gazetteer

_CHECKED = 1_200  # bytes of folded text that the cheap check looks at
_DETECTED = 600  # characters that py3langid looks at
_ENOUGH = 8  # function words from which the cheap check may decide
_PRIOR = math.log(4.0)  # what the feed's language is worth where the text is unclear


class LanguageDetector:
    """Function words first; py3langid (and with it numpy, some 50 MB) is loaded for the first text that needs it."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        languages = gazetteer.files.languages
        self._codes = [*languages.words, *languages.others]
        self._votes: dict[bytes, tuple[str, ...]] = {}
        for language, words in languages.words.items():
            for word in words:
                self._votes[word.encode()] = (*self._votes.get(word.encode(), ()), language)
        self._identifier: Any = None

    def detect(self, text: str, folded: bytes, claimed: str | None) -> str:
        """An ISO 639 code. text and folded are the same item; claimed is what its feed says."""
        counts: dict[str, int] = {}
        votes = self._votes
        for word in folded[:_CHECKED].split():
            for language in votes.get(word, ()):
                counts[language] = counts.get(language, 0) + 1
        if counts:
            (best, most), second = self._leaders(counts)
            if most >= _ENOUGH and (most >= 2 * second or (best == claimed and most >= 1.3 * second)):
                return best
        if claimed in counts and len(folded) < 60:
            return str(claimed)
        return self._identify(text[:_DETECTED], claimed)

    @staticmethod
    def _leaders(counts: dict[str, int]) -> tuple[tuple[str, int], int]:
        ordered = sorted(counts.items(), key=lambda item: -item[1])
        return ordered[0], ordered[1][1] if len(ordered) > 1 else 0

    def _identify(self, text: str, claimed: str | None) -> str:
        if self._identifier is None:
            self._identifier = _load(self._codes)
        ranked = [(code, math.log(max(share, 1e-9))) for code, share in self._identifier.rank(text)]
        return max(ranked, key=lambda item: item[1] + (_PRIOR if item[0] == claimed else 0.0))[0]


def _load(codes: list[str]) -> Any:
    """An identifier that keeps only our languages: a third of the model's memory."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    whole = LanguageIdentifier.from_model_file(MODEL_FILE)
    whole.set_languages(codes)
    return LanguageIdentifier(
        whole.nb_ptc, whole.nb_pc, whole.nb_classes, whole.tk_nextmove, whole.tk_output, norm_probs=True, tk_row=whole.tk_row
    )
