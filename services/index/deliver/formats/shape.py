"""The body as an endpoint's format wants it. Pure; the outbox keeps the message, which is shaped for each attempt."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from services.index.deliver.endpoints import Format
from services.index.deliver.formats import discord, slack, teams
from services.index.deliver.formats.card import Card, card

SHAPES: Final[Mapping[Format, Callable[[Card], dict[str, Any]]]] = {
    "slack": slack.message,
    "teams": teams.message,
    "discord": discord.message,
}


def shaped(form: Format, body: bytes) -> bytes:
    """Return the exact bytes to sign and send. body: the message, as payload.py and follow_up.py make it."""
    if form == "json":
        return body
    return msgspec.json.encode(SHAPES[form](card(msgspec.json.decode(body))))
