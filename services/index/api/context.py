"""What the routes work with, made once for the app."""

from typing import Annotated

import msgspec
from fastapi import Depends, Request

from services.index.engine import Engine
from services.vault import Vault


class Context(msgspec.Struct, frozen=True):
    """The shared engine, the vault of endpoint secrets, and the inner hosts that endpoints may name."""

    engine: Engine
    vault: Vault
    allowed_hosts: frozenset[str]


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


InContext = Annotated[Context, Depends(_context)]
