"""Text folded for matching: lower case, no accents, one byte a character; what is no letter or digit is a space.

Every name lies between spaces then, so that " kenya " is found in "Kenya's", "Kenya-led" and "(Kenya)", and not in
"Kenyatta": word boundaries are part of the pattern and cost nothing.
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

# Letters that Unicode does not decompose.
_LETTERS = {"ß": "s", "æ": "a", "œ": "o", "ø": "o", "đ": "d", "ð": "d", "þ": "t", "ł": "l", "ı": "i", "ħ": "h"}
_FOREIGN = "~"  # a letter of another script: part of a word, found in no name


class Folded(NamedTuple):
    """`data` is the folded text between two spaces; data[i] comes from text[i - 1], or text[origin[i]] where given."""

    data: bytes
    origin: list[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The code points of the text that data[start:end] comes from, combining marks after them included."""
        if self.origin is None:
            return start - 1, end - 1
        return self.origin[start], self.origin[end - 1] + 1 if end == len(self.data) else self.origin[end]


def _fold_letter(character: str) -> str:
    """One folded character; empty for combining marks and invisible characters."""
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf"):
        return ""
    if category[0] not in "LN":
        return " "
    base = unicodedata.normalize("NFKD", character)[0].lower()[:1]
    base = _LETTERS.get(base, base)
    return base if base.isascii() and base.isalnum() else _FOREIGN


class _Memo(dict[int, str]):
    """A translation table for str.translate that fills itself."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_letter(chr(code))
        return folded


_MEMO = _Memo()
# One byte a character: Latin-1 holds our languages' letters, code page 1252 also the quotes and dashes of most news.
_TABLES = {
    page: bytes(ord(_fold_letter(bytes([byte]).decode(page, "replace")) or " ") for byte in range(256))
    for page in ("latin-1", "cp1252")  # the fast one first
}


def fold(text: str) -> Folded:
    """Fold any string. Fast where Latin-1 or code page 1252 can write it, a few times slower elsewhere."""
    if "\xad" not in text:  # the soft hyphen vanishes, and so shifts what follows
        for page, table in _TABLES.items():
            try:
                return Folded(b" " + text.encode(page).translate(table) + b" ", None)
            except UnicodeEncodeError:
                continue
    data = text.translate(_MEMO).encode("ascii")
    if len(data) == len(text):
        return Folded(b" " + data + b" ", None)
    origin = [position for position, character in enumerate(text) if _MEMO[ord(character)]]
    return Folded(b" " + data + b" ", [0, *origin, len(text)])


@lru_cache(maxsize=20_000)
def fold_name(name: str) -> bytes:
    """A name as it is looked for: folded, with no spaces around it."""
    return fold(name).data.strip()
