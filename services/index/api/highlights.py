"""Highlights: which passages of an item made a search find it, and which made its tags."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from services.index.api.models import EvidenceSpan, Highlights

FIELDS: Final = ("title", "summary", "text")
START, END = "\ue000", "\ue001"  # private use: around a match in what the engine returns, taken out here
SOURCE: Final = ["evidence"]  # fields of the item that are needed
MAX_EVIDENCE: Final = 50  # spans of one item

ASKED: Final[dict[str, Any]] = {
    "pre_tags": [START],
    "post_tags": [END],
    "type": "unified",
    "order": "score",
    "fields": {
        "title": {"number_of_fragments": 0},
        "summary": {"number_of_fragments": 3, "fragment_size": 200},
        "text": {"number_of_fragments": 3, "fragment_size": 200},
    },
}


def highlights(hit: dict[str, Any]) -> Highlights:
    """Return those of a hit that was asked for with ASKED and SOURCE."""
    found: dict[str, list[str]] = hit.get("highlight", {})
    return Highlights(
        matches={name: [parts(fragment) for fragment in found[name]] for name in FIELDS if name in found},
        evidence=spans(hit["_source"].get("evidence") or ()),
    )


def parts(fragment: str) -> list[str]:
    """Split a passage: every second part, beginning with the second, is a match. No markup, so nothing to escape."""
    split: list[str] = []
    for number, piece in enumerate(fragment.split(START)):
        if number == 0:
            split.append(piece)
            continue
        match, _, after = piece.partition(END)
        split += [match, after]
    return split


def spans(evidence: Iterable[dict[str, Any]]) -> Sequence[EvidenceSpan]:
    """Return where the tags come from, in the order of the text."""
    ordered = sorted(evidence, key=lambda one: (FIELDS.index(one["field"]), one["start"], one["end"], one["tag"]))
    return [EvidenceSpan.model_validate(one) for one in ordered[:MAX_EVIDENCE]]
