"""Highlights: which passages of an item made a search find it, and which made its tags."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from services.index import stems
from services.index.api import passages
from services.index.api.models import EvidenceSpan, Highlights
from services.index.api.passages import END, START

FIELDS: Final = ("title", "summary", "text")
SOURCE: Final = ["evidence"]  # fields of the item that are needed beside those shown
MAX_EVIDENCE: Final = 50  # spans of one item

# Whole texts, marked: a word may be found by its stem and a phrase as it is written, and both belong in one passage.
ASKED: Final[dict[str, Any]] = {
    "pre_tags": [START],
    "post_tags": [END],
    "type": "unified",
    "number_of_fragments": 0,
    "fields": {name: {} for name in (*FIELDS, *stems.FIELDS)},
}


def highlights(hit: dict[str, Any]) -> Highlights:
    """Return those of a hit that was asked for with ASKED and SOURCE."""
    source = hit["_source"]
    marked = [one for texts in hit.get("highlight", {}).values() for one in texts]
    matches: dict[str, list[list[str]]] = {}
    for text, found_at in passages.of(marked).items():
        names = [name for name in ("title", "summary") if source[name] == text] or ["text"]
        for name in names:
            found = [passages.whole(text, found_at)] if name == "title" else passages.passages(text, found_at)
            matches[name] = [passages.parts(text, one) for one in found]
    return Highlights(matches=matches, evidence=spans(source.get("evidence") or ()))


def spans(evidence: Iterable[dict[str, Any]]) -> Sequence[EvidenceSpan]:
    """Return where the tags come from, in the order of the text."""
    ordered = sorted(evidence, key=lambda one: (FIELDS.index(one["field"]), one["start"], one["end"], one["tag"]))
    return [EvidenceSpan.model_validate(one) for one in ordered[:MAX_EVIDENCE]]
