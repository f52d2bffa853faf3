"""One pass over an XML feed's markup before a parser sees it: it mends what parsers fail on, and ends where the rest
would cost too much. After it a document's cost is bounded, whatever is in it.
"""

import re
from html.entities import html5
from typing import Final
from xml.sax.saxutils import escape

import msgspec

from services.ingest.formats.parsed_feed import MAX_ENTRIES, NotAFeed

MAX_DEPTH: Final = 200  # open elements; real feeds stay under 30
MAX_ATTRIBUTES: Final = 100  # of an element: feedparser takes quadratic time
MAX_NAME: Final = 500  # characters of an author or the like: feedparser looks for an address in quadratic time
NAMES: Final = frozenset(
    ("author", "contributor", "creator", "email", "managingeditor", "name", "owner", "publisher", "webmaster")
)
ENTRIES: Final = frozenset(("item", "entry"))
# HTML's elements that never close, where a feed holds HTML without having escaped it.
VOID: Final = frozenset(("br", "hr", "img", "input", "wbr"))

# What reading costs at worst with feedparser and html_text behind it, measured by `python -m bench.ingest_parse`;
# a unit is a microsecond of a slow core. 60,000 elements or 8,000,000 characters come to the limit.
MAX_COST: Final = 1_200_000
ELEMENT: Final = 20
ATTRIBUTE: Final = 2
TOKEN: Final = 2  # a reference by number, say, and its replacement
CHARACTER: Final = 0.15
REFERENCE: Final = 1
LINE: Final = 1.5  # its end comes to feedparser by itself
NAME: Final = 0.004  # by the square of its characters

_TOKEN: Final = re.compile(
    r"""<(?P<closing>/?)(?P<name>[A-Za-z_][^\s/<>"'&]*+)(?P<rest>[^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+)>"""
    r"""|<!\[CDATA\[|<!--|<\?|<![^<>]*+>|<|\]\]>"""
    r"""|&(?!(?:lt|gt|amp|quot|apos);)(?:\#[xX]?[0-9A-Fa-f]+;|[A-Za-z][A-Za-z0-9]*;)?"""
)
_REFERENCE: Final = re.compile(r"&(?:\#[xX]?[0-9A-Fa-f]+;|[A-Za-z][A-Za-z0-9]*;)?")
_END_OF: Final = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
_OF_XML: Final = frozenset(("&lt;", "&gt;", "&amp;", "&quot;", "&apos;"))
_QUOTES: Final = {'"': "&quot;", "'": "&apos;"}


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """damaged: what was mended and what is left out, in words. cost: of what is left, in the units of MAX_COST."""

    text: str
    damaged: list[str]
    cost: int


def mend(text: str, limit: int = MAX_COST, ends: frozenset[str] = ENTRIES) -> Mended:
    """Return the document, which begins with its root element, as a parser can read it at a cost below `limit`.

    It ends after its entry MAX_ENTRIES, or after the last entry that can be afforded. Raises NotAFeed where its first
    cannot, and for what no feed has: depth, attributes. ends: names of elements that are entries.
    """
    return _Pass(text, limit, ends).run()


class _Pass:
    def __init__(self, text: str, limit: int, ends: frozenset[str]) -> None:
        self.text, self.limit, self.ends = text, limit, ends
        self.out: list[str] = []
        self.copied = 0  # characters of the text that `out` stands for
        self.open: list[str] = []
        self.cost = 0.0
        self.entries = 0
        self.damaged: dict[str, None] = {}
        self.last_end = {end: text.rfind(end) for end in (*_END_OF.values(), "<", ">")}
        self.name: tuple[int, int, int, int] | None = None  # where an author's name began: see _end_of_name
        self.affordable: tuple[int, int, list[str]] | None = None  # where the last entry ended that is

    def run(self) -> Mended:
        at = 0
        while self.entries < MAX_ENTRIES and (token := _TOKEN.search(self.text, at)):
            self.cost += TOKEN + self._cost_of_text(at, token.start())
            at = self._token(token)
            if self.cost > self.limit:
                return self._cut()
        if self.entries < MAX_ENTRIES:
            self.cost += self._cost_of_text(at, len(self.text))
            if self.cost > self.limit:
                return self._cut()
            self.out.append(self.text[self.copied :])
            return self._result()
        self._replace(at, at, "")
        self.out += [f"</{name}>" for name in reversed(self.open)]
        return self._result()

    def _cost_of_text(self, start: int, end: int) -> float:
        lines, references = self.text.count("\n", start, end), self.text.count("&", start, end)
        return (end - start) * CHARACTER + lines * LINE + references * REFERENCE

    def _token(self, token: re.Match[str]) -> int:
        """Deal with a token, and return where the next may begin."""
        found, start, end = token[0], token.start(), token.end()
        if token["name"]:
            self._tag(token)
        elif found.startswith("&"):
            if (replacement := self._reference(found)) != found:
                self._replace(start, end, replacement)
        elif found in _END_OF:
            return self._section(found, start, end)
        elif found == "<":
            self._stray(start)
        elif found == "]]>":
            self._replace(start, end, "]]&gt;")
        else:  # a declaration
            self._replace(start, end, "")
        return end

    def _replace(self, start: int, end: int, replacement: str) -> None:
        self.cost += TOKEN
        self.out += (self.text[self.copied : start], replacement)
        self.copied = end

    def _section(self, begins: str, start: int, end: int) -> int:
        """CDATA stays, comments and instructions go. One that never ends is markup like any other."""
        if self.last_end[_END_OF[begins]] < end:
            self.damaged[f"{begins} without its end"] = None
            self._replace(start, end, "")
            return end
        after = self.text.index(_END_OF[begins], end) + len(_END_OF[begins])
        if begins == "<![CDATA[":
            self.cost += self._cost_of_text(end, after)
        else:
            self._replace(start, after, "")
        return after

    def _stray(self, start: int) -> None:
        self.damaged['stray "<"'] = None
        cut_off = start == self.last_end["<"] > self.last_end[">"]  # a tag of which the rest is missing
        self._replace(start, len(self.text) if cut_off else start + 1, "" if cut_off else "&lt;")

    def _reference(self, reference: str, quotes: bool = False) -> str:
        """XML's own stay, HTML's become their characters, what is no character U+FFFD (feedparser fails on it)."""
        if reference in _OF_XML:
            return reference
        if reference == "&":
            self.damaged['stray "&"'] = None
            return "&amp;"
        if reference[1] == "#":
            if (number := _number(reference[2:-1])) is not None and _is_character(number):
                return reference
            self.damaged["references to no character"] = None
            return "\ufffd"
        self.damaged["entities that are not defined"] = None
        characters = html5.get(reference[1:])
        if characters is None:
            return "&amp;" + reference[1:]
        return escape(characters, _QUOTES if quotes else {})

    def _tag(self, tag: re.Match[str]) -> None:
        name, rest = tag["name"], tag["rest"]
        local = name.rpartition(":")[2].lower()
        if tag["closing"]:
            self._close(name, local, tag)
            return
        attributes = rest.count("=")
        self.cost += ELEMENT + attributes * ATTRIBUTE + len(rest) * CHARACTER
        if attributes > MAX_ATTRIBUTES:
            raise NotAFeed("xml", f"refused: an element <{name[:50]}> of {attributes} attributes")
        if "&" in rest:
            attributes_mended = _REFERENCE.sub(lambda found: self._reference(found[0], quotes=True), rest)
            if attributes_mended != rest:
                self._replace(tag.start("rest"), tag.end("rest"), attributes_mended)
        if rest.endswith("/") or local in VOID:
            return
        self.open.append(name)
        if len(self.open) > MAX_DEPTH:
            raise NotAFeed("xml", f"refused: more than {MAX_DEPTH} elements within each other")
        if local in NAMES and self.name is None:
            self.name = len(self.out), self.copied, tag.end(), len(self.open)

    def _close(self, name: str, local: str, tag: re.Match[str]) -> None:
        if name in self.open:  # also closes what was left open inside
            while self.open.pop() != name:
                pass
            if self.name and len(self.open) < self.name[3]:
                self._end_of_name(self.name, tag.start())
        if local in self.ends:
            self.entries += 1
            self._replace(tag.end(), tag.end(), "")
            self.affordable = len(self.out), self.entries, self.open.copy()

    def _end_of_name(self, began: tuple[int, int, int, int], ends: int) -> None:
        pieces, copied, begins, _depth = began
        self.name = None
        if ends - begins <= MAX_NAME:
            self.cost += (ends - begins) ** 2 * NAME
            return
        del self.out[pieces:]
        self.copied = copied
        self._replace(begins, ends, "")
        self.damaged["the name of an author too long to be one"] = None

    def _cut(self) -> Mended:
        if self.affordable is None:
            raise NotAFeed("xml", f"refused: {len(self.text)} characters, and no entry ends in what is read")
        pieces, entries, still_open = self.affordable
        del self.out[pieces:]
        self.out += [f"</{name}>" for name in reversed(still_open)]
        self.damaged[f"read up to its entry {entries}: too large"] = None
        return self._result()

    def _result(self) -> Mended:
        return Mended(text="".join(self.out), damaged=list(self.damaged), cost=int(self.cost))


def _number(digits: str) -> int | None:
    hexadecimal = digits[0] in "xX"
    digits = digits.lstrip("xX")
    try:
        return int(digits, 16 if hexadecimal else 10) if digits and len(digits.lstrip("0")) < 8 else None
    except ValueError:  # such as &#1F;
        return None


def _is_character(number: int) -> bool:
    """XML 1.0, 2.2"""
    return (
        number in (0x9, 0xA, 0xD)
        or 0x20 <= number <= 0xD7FF
        or 0xE000 <= number <= 0xFFFD
        or 0x10000 <= number <= 0x10FFFF
    )
