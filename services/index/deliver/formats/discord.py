"""Discord: one embed.

Limits: https://docs.discord.com/developers/resources/message#embed-object-embed-limits (title 256 letters, description
4,096, 25 fields with a name of 256 and a value of 1,024, footer 2,048; 6,000 in all).
"""

from typing import Any, Final

from services.index.deliver.formats.card import Card, Line
from services.index.deliver.formats.fitted import fitted, units

TITLE, DESCRIPTION, TEXT, NAME, VALUE, NOTE = 256, 4_096, 2_000, 50, 300, 100
COLOUR: Final = 0x1F6FEB
ESCAPES: Final = {ord(letter): f"\\{letter}" for letter in "\\*_~`|>#[]()<"}


def message(card: Card) -> dict[str, Any]:
    """Return the body for a webhook. Nobody is mentioned, whatever a title says."""
    embed: dict[str, Any] = {
        "title": fitted(card.title or card.heading, TITLE, ESCAPES),
        "color": COLOUR,
        "timestamp": card.at,
        "fields": [{"name": name[:NAME], "value": fitted(value, VALUE, ESCAPES)} for name, value in card.facts],
    }
    if description := _description(card):
        embed["description"] = description
    if card.link:
        embed["url"] = card.link
    if card.title:
        embed["author"] = {"name": fitted(card.heading, TITLE)}
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _description(card: Card) -> str:
    links = " · ".join(f"[{label}]({link})" for label, link in card.links if units(link) <= TITLE)
    room = DESCRIPTION - units(links) - 100
    parts = [fitted(card.text, min(TEXT, room), ESCAPES)] if card.text else []
    room -= sum(map(units, parts))
    told = 0
    for line in card.lines:
        listed = _listed(line)
        room -= units(listed) + 1
        if room < 0:
            break
        parts.append(listed)
        told += 1
    if more := card.more + len(card.lines) - told:
        parts.append(f"… and {more} more")
    return "\n".join([*parts, links] if links else parts)


def _listed(line: Line) -> str:
    title = fitted(line.title, TITLE, ESCAPES)
    linked = f"[{title}]({line.link})" if line.link else title
    return f"{linked} {fitted(line.note, NOTE, ESCAPES)}".rstrip()
