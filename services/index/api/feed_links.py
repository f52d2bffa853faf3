"""/v1/feed-links: where a feed reader follows a search. A reader sends no key, so its address is signed."""

from collections.abc import Sequence
from typing import Final, get_args

from fastapi import APIRouter

from services.index.api.asked import Asked, InAsked
from services.index.api.context import Context, InContext
from services.index.api.models import FeedLinks
from services.index.syndicated import MEDIA_TYPES, Form
from services.vault import Vault

router = APIRouter(prefix="/v1", tags=["feeds of searches"])

PURPOSE: Final = "feed link"
FORMS: Final[Sequence[Form]] = get_args(Form)


@router.get("/feed-links", summary="A search's addresses for feed readers")
async def feed_links(context: InContext, asked: InAsked) -> FeedLinks:
    """The addresses of this search as RSS, Atom and JSON Feed.

    They need no API key: whoever has one of them reads this search, and nothing else. They hold until the key that
    signed them leaves NEWS_ENCRYPTION_KEYS.
    """
    asked.query()  # raises where the text is none
    rss, atom, json = (context.public_url.rstrip("/") + path(context.vault, asked, form) for form in FORMS)
    return FeedLinks(rss=rss, atom=atom, json_feed=json)


def path(vault: Vault, asked: Asked, form: Form) -> str:
    """Return the signed path of the search."""
    parameters = asked.parameters()
    return f"/v1/items.{form}?{parameters}{'&' if parameters else ''}token={vault.sign(PURPOSE, parameters)}"


def header(context: Context, asked: Asked) -> str:
    """Return the value of the header `Link` (RFC 8288) that leads from a search to its feeds."""
    return ", ".join(
        f'<{path(context.vault, asked, form)}>; rel="alternate"; type="{MEDIA_TYPES[form]}"' for form in FORMS
    )
