"""What the routes work with, made once for the app."""

from typing import Annotated

import msgspec
from fastapi import Depends, Request

from services.engine import Engine
from services.index.api.feed_book import FeedBook
from services.vault import Vault


class Context(msgspec.Struct, frozen=True):
    """The shared engine, the vault of secrets, the inner hosts that endpoints and feeds may name, the feeds,
    the API's address as people reach it, and the seconds from detection after which an alert is late.
    """

    engine: Engine
    vault: Vault
    allowed_hosts: frozenset[str]
    feeds: FeedBook = msgspec.field(default_factory=FeedBook)
    public_url: str = "http://127.0.0.1:8080"
    late_s: float = 600.0


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


InContext = Annotated[Context, Depends(_context)]
