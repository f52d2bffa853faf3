"""The query language of people, as a tree. docs/search.md describes it.

    kenya "rapid deployment" -football (gang OR gangs) polic* country:(KE OR JM) figure:(pledged country:JM >100)

AND binds closer than OR, words that stand side by side are joined by AND. Pure; lark reads the text, so that a mistake
is named with its position.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import msgspec
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput

from schemas.errors import Invalid

MAX_LENGTH: Final = 1_000  # characters
MAX_PARTS: Final = 60  # words, phrases and values
MAX_DEPTH: Final = 10  # parentheses within each other
MIN_PREFIX: Final = 2  # letters before the * of a prefix

GRAMMAR: Final = r"""
    start: either?
    either: all (_OR all)*
    all: one (_AND? one)*
    ?one: _NOT one -> no
        | _OPEN either _CLOSE
        | FIELD value -> field
        | word
    ?value: word
        | _OPEN either _CLOSE
    ?word: PHRASE -> phrase
        | WORD -> word

    _OR.3: /OR(?![^\s()"])|\|\|?/
    _AND.3: /AND(?![^\s()"])|&&/
    _NOT.3: /NOT(?![^\s()"])|-(?=[^\s-])/
    FIELD.2: /[A-Za-z][A-Za-z_]*:(?=[^\s)])/
    PHRASE.2: /"(\\.|[^"\\])*"/s
    WORD: /(\\.|[^\s"()|\\]|\\$)+/s
    _OPEN: "("
    _CLOSE: ")"
    STRAY.4: /[-+]+(?=[\s)]|$)|\+(?=\S)/
    %ignore STRAY
    %ignore /\s+/
"""
_AS_TYPED: Final = str.maketrans(dict.fromkeys("“”„«»", '"'))  # what word processors make of a quotation mark
_PHRASE: Final = re.compile(r'"(\\.|[^"\\])*"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class Misread(Invalid):
    """A text that is no query. `position` is where, from 1; the text says it too."""

    def __init__(self, error: str, position: int) -> None:
        super().__init__(f"{error} (at position {position})", reason="query")
        self.position = position


class Word(msgspec.Struct, frozen=True):
    """A word. prefix: anything may follow."""

    text: str
    at: int
    prefix: bool = False


class Phrase(msgspec.Struct, frozen=True):
    """Words that stand together, in this order."""

    text: str
    at: int


class Field(msgspec.Struct, frozen=True):
    """name:value, the value being a word, a phrase, or several in parentheses."""

    name: str
    value: "Node"
    at: int


class Not(msgspec.Struct, frozen=True):
    """What must not be."""

    part: "Node"
    at: int


class All(msgspec.Struct, frozen=True):
    """Every part must hold."""

    parts: "list[Node]"


class Either(msgspec.Struct, frozen=True):
    """One part is enough."""

    parts: "list[Node]"


Node = Word | Phrase | Field | Not | All | Either


def parse(text: str) -> Node | None:
    """Return the query, None for a text without words. Raises Misread."""
    if len(text) > MAX_LENGTH:
        raise Misread(f"the query has {len(text)} characters, at most {MAX_LENGTH} are taken", MAX_LENGTH + 1)
    text = text.translate(_AS_TYPED)
    _refuse_depth(text)
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        raise _explained(error, text) from None
    node = _node(tree.children[0]) if tree.children else None
    if node is not None and (parts := sum(isinstance(part, Word | Phrase) for part in walk(node))) > MAX_PARTS:
        raise Misread(f"the query has {parts} words and phrases, at most {MAX_PARTS} are taken", 1)
    return node


def walk(node: Node) -> Iterator[Node]:
    """Return the node and all below it, in the order of the text."""
    yield node
    match node:
        case Field(value=below) | Not(part=below):
            yield from walk(below)
        case All(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from walk(part)


@cache
def _grammar() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="basic", propagate_positions=True)


def _node(tree: Any) -> Node | None:
    """The node of a subtree; None where it has nothing that could occur in a text."""
    match tree:
        case Tree(data="word", children=[Token() as token]):
            return _word(token)
        case Tree(data="phrase", children=[Token() as token]):
            text = _unescaped(token[1:-1])
            return Phrase(text, _at(token)) if _has_words(text) else None
        case Tree(data="no", children=[below]):
            part = _node(below)
            return Not(part, tree.meta.start_pos + 1) if part is not None else None
        case Tree(data="field", children=[Token() as name, below]):
            value = _node(below)
            if value is None:
                raise Misread(f"nothing stands behind {name}", _at(name))
            return Field(name[:-1].lower(), value, _at(name))
        case Tree(data="all" | "either" as kind, children=children):
            parts = [part for part in map(_node, children) if part is not None]
            if len(parts) < 2:
                return parts[0] if parts else None
            return All(parts) if kind == "all" else Either(parts)
    raise AssertionError(tree)


def _word(token: Token) -> Word | None:
    prefix = token.endswith("*") and not token.endswith("\\*")
    bare = str(token[:-1] if prefix else token)
    if "*" in _ESCAPED.sub("", bare):
        raise Misread("a * may stand at the end of a word only", _at(token) + bare.index("*"))
    text = _unescaped(bare)
    if prefix and sum(map(str.isalnum, text)) < MIN_PREFIX:
        raise Misread(f"before a * there must be at least {MIN_PREFIX} letters", _at(token))
    return Word(text, _at(token), prefix) if _has_words(text) else None


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _at(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _parentheses(text: str) -> Iterator[tuple[int, str]]:
    """Those outside phrases, each with its position."""
    masked = _PHRASE.sub(lambda phrase: " " * len(phrase[0]), text)
    return ((position, letter) for position, letter in enumerate(masked, 1) if letter in "()")


def _refuse_depth(text: str) -> None:
    depth = 0
    for position, letter in _parentheses(text):
        depth += 1 if letter == "(" else -1
        if depth > MAX_DEPTH:
            raise Misread(f"more than {MAX_DEPTH} parentheses within each other", position)


def _explained(error: UnexpectedInput, text: str) -> Misread:
    """The mistake in words, where a person made it."""
    if isinstance(error, UnexpectedCharacters):
        return Misread("the quotation mark is not closed", (error.pos_in_stream or 0) + 1)
    token: Token = error.token  # type: ignore[attr-defined]
    position = _at(token)
    match token.type:
        case "_CLOSE":
            empty = text[: position - 1].rstrip().endswith("(")
            return Misread("the parentheses are empty" if empty else "this parenthesis closes nothing", position)
        case "$END" if (unclosed := _unclosed(text)) is not None:
            return Misread("the parenthesis is not closed", unclosed)
        case "$END":
            return Misread("the query breaks off: something must follow the last word", max(1, len(text.rstrip())))
    return Misread(f"{token} cannot stand here: it joins what stands before and behind it", position)


def _unclosed(text: str) -> int | None:
    open_at: list[int] = []
    for position, letter in _parentheses(text):
        if letter == "(":
            open_at.append(position)
        elif open_at:
            open_at.pop()
    return open_at[-1] if open_at else None
