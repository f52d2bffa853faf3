"""Text cut to a size. Sizes are UTF-16 code units, the largest of the ways in which chat services count letters."""

from collections.abc import Mapping

Escapes = Mapping[int, str]  # for str.translate

NOTHING: Escapes = {}


def units(text: str) -> int:
    """Return the size of a text."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def fitted(text: str, limit: int, escapes: Escapes = NOTHING) -> str:
    """Return the text escaped, or its start with an ellipsis: of at most `limit` units, and no escape cut in two."""
    whole = text.translate(escapes)
    if units(whole) <= limit:
        return whole
    kept, room = [], limit - 1
    for letter in text:
        escaped = letter.translate(escapes)
        room -= units(escaped)
        if room < 0:
            break
        kept.append(escaped)
    return "".join(kept).rstrip() + "…"
