"""HTML, as feeds carry it, to plain text."""

import re
from html.parser import HTMLParser
from typing import Final

MAX_HTML: Final = 1_000_000  # characters of markup that are looked at

BLOCKS: Final = frozenset(
    "address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header "
    "hr li main nav ol p pre section table td th tr ul".split()
)
UNSEEN: Final = frozenset(["script", "style", "template"])
# C0 and C1 controls, lone surrogates, noncharacters; zero-width and bidirectional marks stay, they are text.
_UNWANTED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACE: Final = re.compile(r"[^\S\n]+")


def plain_text(html: str) -> str:
    """Return the text that a reader would see: paragraphs as lines, whitespace collapsed, no empty lines."""
    if "<" not in html and "&" not in html:
        return paragraphs(html)
    reader = _Reader()
    reader.feed(html[:MAX_HTML])
    reader.close()
    return paragraphs("".join(reader.parts))


def first_image(html: str) -> str | None:
    """Return the address of the first image, as written."""
    if "<img" not in html[:MAX_HTML].lower():
        return None
    reader = _Reader()
    reader.feed(html[:MAX_HTML])
    reader.close()
    return reader.image


def paragraphs(text: str) -> str:
    """Collapse whitespace within lines and drop empty lines and characters that are no text."""
    lines = (_SPACE.sub(" ", line).strip() for line in _UNWANTED.sub("", text).splitlines())
    return "\n".join(filter(None, lines))


def one_line(text: str) -> str:
    """Return the text in one line."""
    return " ".join(_UNWANTED.sub("", text).split())


def teaser(text: str, length: int = 500) -> str:
    """Return the beginning of a text, in one line, cut between words."""
    line = one_line(text[: 2 * length])
    if len(line) <= length:
        return line
    return line[:length].rpartition(" ")[0].rstrip(" ,;:-") + "…"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.image: str | None = None
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self._unseen += 1
        elif tag in BLOCKS:
            self.parts.append("\n")
        elif tag == "img" and self.image is None:
            self.image = dict(attrs).get("src")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(_SPACE.sub(" ", data.replace("\n", " ")))
