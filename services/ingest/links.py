"""Links and language tags of feeds, made usable."""

import re
from typing import Final
from urllib.parse import urljoin

MAX_URL: Final = 8_000  # characters

_LANGUAGE: Final = re.compile(r"^\s*([a-z]{2,3})(?:[-_]|\s*$)", re.IGNORECASE)
_SPACE: Final = re.compile(r"[\t\r\n]+")


def absolute(link: str, base: str) -> str | None:
    """Return the link as an absolute http(s) URL, or None where it is none."""
    link = _SPACE.sub("", link.strip())
    if not link:
        return None
    try:
        url = urljoin(base, link)
    except ValueError:
        return None
    return url if url.lower().startswith(("http://", "https://")) and len(url) <= MAX_URL else None


def language(tag: str) -> str | None:
    """Return the primary language of a tag (BCP 47): fr of fr-HT."""
    found = _LANGUAGE.match(tag)
    return found[1].lower() if found else None
