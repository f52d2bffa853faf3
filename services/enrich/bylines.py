"""Those who wrote or photographed an item are not in it: bylines, credits, lines of a name alone."""

import re

from services.enrich.document import Document
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer

_CREDIT = re.compile(r"[(\[/|]\s*([^()\[\]/|]{0,30}?)[:\s]*$")  # "(Photo: Ann Lee", from the last of its signs
_CREDIT_LINE = re.compile(r"(\w[\w ]{0,25}):\s*$")
_MARKS = "([/|"
_BYLINE = 6  # words, at most, of a line that is no sentence
_SHORT_LINE = 80  # characters of such a line


class Bylines:
    """The words of bylines and credits, of one gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._bylines = frozenset(
            fold_name(word) for words in gazetteer.files.speech.bylines.values() for word in words
        )
        self._credits = tuple(sorted(word + b" " for word in self._bylines if b" " in word))

    def has(self, document: Document, start: int, end: int) -> bool:
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
