"""A link as a feed gives it to an address that can be visited."""

from typing import Final
from urllib.parse import urljoin, urlsplit

from services.ingest.formats.html_text import clean

MAX_LENGTH: Final = 8_000  # characters


def absolute_url(href: object, base: str) -> str | None:
    """Return the http or https URL that href means in a document at base, or None where it means none."""
    if not isinstance(href, str):
        return None
    href = clean(href).replace("\n", "").strip()
    try:
        url = urljoin(base, href)
        parts = urlsplit(url)
        valid = bool(href and parts.scheme in ("http", "https") and parts.hostname and len(url) <= MAX_LENGTH)
    except ValueError:
        return None
    return url if valid else None
