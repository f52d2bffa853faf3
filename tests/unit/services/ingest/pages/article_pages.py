"""Pages as the tests of several modules need them."""

from typing import Any

from services.ingest.pages.page_text import Page


def page(text: str, **fields: Any) -> Page:
    """A page with this text."""
    given: dict[str, Any] = {
        "title": "A title",
        "text": text,
        "authors": [],
        "published_at": None,
        "published_raw": None,
        "language": None,
        "image_url": None,
        "site": "",
    }
    return Page(**given | fields)
