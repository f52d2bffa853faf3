"""HTML to plain text, as a reader would see it."""

import re
from html import unescape
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
# A tag, as browsers end it (a ">" in a quoted value does not), but for a value that holds "<": that one ends at the
# first ">". Comments, declarations and instructions, closed or not, are no text; CDATA is; a "<" that begins none of
# these is itself. Possessive throughout, and nothing runs past a "<" but what is there to skip: linear.
_TOKEN: Final = re.compile(
    r"""<(/?)([A-Za-z][^\s/<>]*+)(?:[^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+>|[^<>]*+>)"""
    r"""|<!\[CDATA\[|\]\]>|<!--.*?(?:-->|\Z)|<[!?][^>]*(?:>|\Z)""",
    re.DOTALL,
)
_BLANK_LINE: Final = re.compile(r"\n[^\S\n]*\n")
_LINE_ENDS: Final = re.compile(r"\n\s+")
# What XML 1.0 (2.2) does not allow, and DEL. C1 controls are windows-1252 gone wrong: HTML Living Standard, 13.2.5.80.
_UNCLEAN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_CLEANED: Final = {chr(number): bytes((number,)).decode("cp1252", "ignore") for number in range(0x80, 0xA0)}


def html_text(html: str) -> str:
    """Return the text: blocks are paragraphs, each ended by a line feed; white space collapsed; entities decoded.

    Never fails, whatever it is given; reads MAX_HTML characters at most.
    """
    html = html[:MAX_HTML]
    if "<" not in html:  # plain text all the same: there, blank lines are what ends paragraphs
        return paragraphs("\n".join(_words(part) for part in _BLANK_LINE.split(html)))
    pieces: list[str] = []  # a line feed is the end of a paragraph
    unseen = ""  # the open element whose content is not read
    at = 0
    for token in _TOKEN.finditer(html):
        if at < token.start() and not unseen:
            pieces.append(_words(html[at : token.start()]))
        at = token.end()
        closing, name = token.groups()
        if not name:
            continue
        name = name.lower()
        if unseen:
            unseen = "" if closing and name == unseen else unseen
        elif name in BLOCKS:
            pieces.append("\n")
        elif name in CELLS and not closing:
            pieces.append(" ")
        elif name in UNSEEN and not closing and html[at - 2] != "/":
            unseen = name
    if not unseen:
        pieces.append(_words(html[at:]))
    return paragraphs("".join(pieces))


def _words(source: str) -> str:
    """White space of the source is a space."""
    return (unescape(source) if "&" in source else source).replace("\n", " ")


def inline_text(text: str) -> str:
    """Return one line of text from a title or name, which may hold tags and entities (also escaped twice)."""
    without_tags = _INLINE_TAG.sub(lambda tag: " " if _BREAK_TAG.match(tag[0]) else "", unescape(text))
    return " ".join(clean(without_tags).split())


def paragraphs(text: str) -> str:
    """Return plain text with white space collapsed and every line that is not empty ended by a line feed."""
    lines = (" ".join(line.split()) for line in _LINE_ENDS.sub("\n", clean(text)).split("\n"))
    return "".join(f"{line}\n" for line in lines if line)


def clean(text: str) -> str:
    """Return the text without control characters; U+FFFD for lone surrogates."""
    return _UNCLEAN.sub(_cleaned, text)


def _cleaned(character: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= character[0] <= "\udfff" else _CLEANED.get(character[0], "")
