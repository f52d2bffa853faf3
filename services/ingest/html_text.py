"""HTML to plain text, as a reader would see it."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Final

MAX_HTML: Final = 500_000  # characters that are read, more than twice what a message holds

# Elements that start and end a paragraph: those displayed as blocks or table rows in HTML Living Standard, 15.3.
_BLOCK_NAMES: Final = (
    "address article aside blockquote body br center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav ol optgroup option p plaintext pre "
    "search section summary table tbody tfoot thead tr ul xmp"
)
BLOCKS: Final = frozenset(_BLOCK_NAMES.split())
CELLS: Final = frozenset(("td", "th"))
# Elements whose content nobody reads.
UNSEEN: Final = frozenset(("script", "style", "template", "noscript", "svg", "math", "title", "textarea", "select"))

# A title's tags: elements known to stand in running text. "Fuel < 3 dollars" and "<unknown>" stay as they are.
_INLINE_TAG: Final = re.compile(
    r"</?(?:a|abbr|acronym|b|big|bdi|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|mark|p|q|s|small|span|strike|strong|"
    r"sub|sup|time|tt|u|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BREAK_TAG: Final = re.compile(r"</?(?:br|div|h[1-6]|p)\b", re.IGNORECASE)
# What html.parser fails on or takes quadratic time for (CPython gh-135462), out of its way as browsers do it:
# comments, declarations and instructions, closed or not, are no text; CDATA is; a "<" that begins no tag is itself.
_NO_TEXT: Final = re.compile(r"<!\[CDATA\[|\]\]>|<!--.*?(?:-->|\Z)|<[!?][^>]*(?:>|\Z)", re.DOTALL)
_NO_TAG: Final = re.compile(r"<(?!/?[A-Za-z][^<>]*>)")
_BLANK_LINE: Final = re.compile(r"\n[^\S\n]*\n")
# What XML 1.0 (2.2) does not allow, and DEL. C1 controls are windows-1252 gone wrong: HTML Living Standard, 13.2.5.80.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_C1: Final = re.compile("[\x80-\x9f]")


def html_text(html: str) -> str:
    """Return the text: blocks are paragraphs, each ended by a line feed; white space collapsed; entities decoded.

    Never fails, whatever it is given; reads MAX_HTML characters at most.
    """
    html = _NO_TAG.sub("&lt;", _NO_TEXT.sub("", html[:MAX_HTML]))
    if "<" not in html:  # plain text all the same: there, blank lines are what ends paragraphs
        html = _BLANK_LINE.sub("<p>", html)
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return paragraphs("".join(reader.pieces))


def inline_text(text: str) -> str:
    """Return one line of text from a title or name, which may hold tags and entities (also escaped twice)."""
    without_tags = _INLINE_TAG.sub(lambda tag: " " if _BREAK_TAG.match(tag[0]) else "", unescape(text))
    return " ".join(clean(without_tags).split())


def paragraphs(text: str) -> str:
    """Return plain text with white space collapsed and every line that is not empty ended by a line feed."""
    lines = (" ".join(line.split()) for line in clean(text).split("\n"))
    return "".join(f"{line}\n" for line in lines if line)


def clean(text: str) -> str:
    """Return the text without control characters; U+FFFD for lone surrogates."""
    text = _SURROGATES.sub("�", _CONTROLS.sub("", text))
    return _C1.sub(lambda control: control[0].encode("latin-1").decode("cp1252", "ignore"), text)


class _Reader(HTMLParser):
    """Collects text; a line feed is the end of a paragraph, white space of the source is a space."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen: list[str] = []  # open elements that are not read, outermost first

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self._unseen.append(tag)
        elif tag in BLOCKS:
            self.pieces.append("\n")
        elif tag in CELLS:
            self.pieces.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        elif tag in BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data.replace("\n", " "))
