"""Microsoft Teams: an Adaptive Card, in the envelope that a workflow takes which starts with "When a Teams webhook
request is received".

Texts are runs of rich text, which is no Markdown: nothing in a title is obeyed. Limit: a message of 28 KB
(https://learn.microsoft.com/microsoftteams/limits-specifications-teams), of which others measured 21 KB to be left
(https://www.rubydoc.info/gems/msteams_hermes/MsTeamsHermes/Message).
"""

from typing import Any, Final

import msgspec

from services.index.deliver.formats.card import Card, Line
from services.index.deliver.formats.fitted import fitted

TITLE, TEXT, VALUE, LABEL = 300, 2_000, 300, 50
TOTAL: Final = 20_000  # bytes
ACTIONS: Final = 4  # Teams shows six at most


def message(card: Card) -> dict[str, Any]:
    """Return the body for a workflow's address."""
    body = [_block(_run(fitted(card.heading, TITLE), size="medium", weight="bolder"))]
    if card.title:
        body.append(_block(_linked(card.title, card.link)))
    if card.text:
        body.append(_block(_run(fitted(card.text, TEXT))))
    body += [
        _block(_run(f"{name}: ", weight="bolder"), _run(fitted(value, VALUE)), spacing="small")
        for name, value in card.facts
    ]
    whole = _enveloped(card, body)
    room = TOTAL - len(msgspec.json.encode(whole)) - 300
    told = 0
    for line in card.lines:
        block = _listed(line)
        room -= len(msgspec.json.encode(block)) + 1
        if room < 0:
            break
        body.append(block)
        told += 1
    if more := card.more + len(card.lines) - told:
        body.append(_block(_run(f"… and {more} more")))
    return whole


def _enveloped(card: Card, body: list[dict[str, Any]]) -> dict[str, Any]:
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": fitted(card.summary, TITLE),
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [
            {"type": "Action.OpenUrl", "title": fitted(label, LABEL), "url": link}
            for label, link in card.links[:ACTIONS]
        ],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "summary": fitted(card.summary, TITLE), "attachments": [attachment]}


def _block(*runs: dict[str, Any], spacing: str = "default") -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs), "spacing": spacing}


def _run(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **style}


def _linked(title: str, link: str | None) -> dict[str, Any]:
    opens = {"selectAction": {"type": "Action.OpenUrl", "url": link}} if link else {}
    return _run(fitted(title, TITLE), weight="bolder", **opens)


def _listed(line: Line) -> dict[str, Any]:
    note = [_run(f"  {fitted(line.note, VALUE)}", isSubtle=True)] if line.note else []
    return _block(_linked(line.title, line.link), *note, spacing="small")
