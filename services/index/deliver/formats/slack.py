"""Slack: Block Kit, with a text for notifications. Titles and names are escaped, so that nobody is mentioned by them.

Limits: https://docs.slack.dev/reference/block-kit/blocks (50 blocks; a header of 150 letters, other texts of 3,000).
All blocks together are refused (msg_blocks_too_long) from some 13,000 letters on, which is documented nowhere:
https://github.com/slackapi/bolt-js/issues/2509
"""

from typing import Any, Final

import msgspec

from services.index.deliver.formats.card import Card, Line
from services.index.deliver.formats.fitted import fitted, units

HEADER, TEXT, SUMMARY, TITLE, LABEL, LINK = 150, 2_000, 1_000, 300, 75, 2_000
LINES, TOTAL = 40, 12_000
ESCAPES: Final = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
TITLE_ESCAPES: Final = ESCAPES | {ord("|"): "¦"}  # ends the address in a link


def message(card: Card) -> dict[str, Any]:
    """Return the body for an incoming webhook."""
    before: list[dict[str, Any]] = [{"type": "header", "text": _plain(card.heading, HEADER)}]
    if card.title:
        before.append(_section(_linked(card.title, card.link)))
    if card.text:
        before.append({"type": "section", "text": _plain(card.text, TEXT)})
    if card.facts:
        facts = "\n".join(f"*{name}*  {fitted(value, 300, ESCAPES)}" for name, value in card.facts)
        before.append(_section(facts))
    after = [_buttons(card)] if card.links else []
    room = TOTAL - _size(before) - _size(after) - 200
    lines: list[dict[str, Any]] = []
    for line in card.lines[:LINES]:
        block = _section(_listed(line))
        room -= _size([block])
        if room < 0:
            break
        lines.append(block)
    if more := card.more + len(card.lines) - len(lines):
        lines.append(_section(f"… and {more} more"))
    return {
        "text": fitted(card.summary, SUMMARY, ESCAPES),
        "blocks": [*before, *lines, *after],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": fitted(text, limit), "emoji": False}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _linked(title: str, link: str | None) -> str:
    words = fitted(title, TITLE, TITLE_ESCAPES)
    opened = link.translate(ESCAPES) if link else ""
    return f"<{opened}|{words}>" if 0 < units(opened) <= LINK else words


def _listed(line: Line) -> str:
    note = fitted(line.note, TITLE, ESCAPES)
    return f"{_linked(line.title, line.link)}\n{note}" if note else _linked(line.title, line.link)


def _buttons(card: Card) -> dict[str, Any]:
    return {
        "type": "actions",
        "elements": [
            {"type": "button", "text": _plain(label, LABEL), "url": link, "action_id": f"open_{number}"}
            for number, (label, link) in enumerate(card.links)
        ],
    }


def _size(blocks: list[dict[str, Any]]) -> int:
    return units(msgspec.json.encode(blocks).decode())
