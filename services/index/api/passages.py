"""Passages of a text around what was found in it. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

START, END = "\ue000", "\ue001"  # private use: around a match in what the engine returns, taken out here
SIZE: Final = 200  # characters of a passage, near enough
MOST: Final = 3
_BEFORE: Final = 60  # characters of the passage that stand before its first match
_SPACE: Final = re.compile(r"\s")

Span = tuple[int, int]


class Passage(msgspec.Struct):
    """text[start:end], and the spans in it that match."""

    start: int
    end: int
    spans: list[Span]


def unmarked(marked: str) -> tuple[str, list[Span]]:
    """Return the text without the engine's marks, and where they stood around something."""
    pieces: list[str] = []
    spans: list[Span] = []
    at = 0
    for number, piece in enumerate(marked.split(START)):
        match, _, after = piece.partition(END) if number else ("", "", piece)
        if match:
            spans.append((at, at + len(match)))
        pieces += [match, after]
        at += len(match) + len(after)
    return "".join(pieces), spans


def parts(text: str, passage: Passage) -> list[str]:
    """Split a passage: every second part, beginning with the second, is a match. No markup, so nothing to escape."""
    split: list[str] = []
    at = passage.start
    for start, end in passage.spans:
        split += [text[at:start], text[start:end]]
        at = end
    return [*split, text[at : passage.end]]


def whole(text: str, spans: Iterable[Span]) -> Passage:
    """The text as one passage."""
    return Passage(0, len(text), joined(spans))


def passages(text: str, spans: Iterable[Span]) -> list[Passage]:
    """Return those with the most different matches, in the order of the text. They begin and end between words."""
    made: list[Passage] = []
    for start, end in joined(spans):
        if made and end <= made[-1].end:
            made[-1].spans.append((start, end))
            continue
        begin = _between_words(text, max(made[-1].end if made else 0, start - _BEFORE), start)
        made.append(Passage(begin, _between_words(text, max(end, begin + SIZE), len(text)), [(start, end)]))
    best = sorted(made, key=lambda one: -len({text[start:end].casefold() for start, end in one.spans}))[:MOST]
    return sorted(best, key=lambda one: one.start)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, those that overlap as one."""
    made: list[Span] = []
    for start, end in sorted(spans):
        if made and start < made[-1][1]:
            made[-1] = made[-1][0], max(end, made[-1][1])
        else:
            made.append((start, end))
    return made


def _between_words(text: str, at: int, limit: int) -> int:
    """The first place from `at` on where a word begins or the text ends; `limit` where none comes before it."""
    if at == 0 or at >= len(text):
        return min(at, len(text))
    space = _SPACE.search(text, at - 1, limit)
    return space.end() if space else limit


def of(marked: Sequence[str]) -> dict[str, list[Span]]:
    """Return the texts that the engine marked, and all their marks: of one text from several of its fields."""
    found: dict[str, list[Span]] = {}
    for one in marked:
        text, spans = unmarked(one)
        found.setdefault(text, []).extend(spans)
    return found
