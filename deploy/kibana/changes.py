"""What an import does with each object: which ones somebody changed, and where ours goes then. Pure.

Kibana brings objects up to date as it imports them, and again when it is upgraded, so what it gives back is not what
was sent. So each import notes of every object that it wrote what Kibana then exported: a digest, and when it was
written. Somebody changed an object if it was written since and says something else. The notes are the description of
a tag that nothing wears, in the same space; without them every object counts as changed, and nothing is overwritten.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from deploy.kibana.saved import Object, dumped, identifier, saved

DIGITS: Final = 16
BESIDE: Final = "as shipped"


class Note(msgspec.Struct, frozen=True, array_like=True):
    """Of an object that we wrote: the digest of what was sent, of what Kibana made of it, and when it was written."""

    sent: str
    stored: str
    written_at: str


class Step(msgspec.Struct, frozen=True):
    """What happens with one of our objects. written: what is sent in its name, if anything."""

    verdict: Literal["new", "updated", "unchanged", "kept", "kept before"]
    ours: Object
    written: Object | None = None


def beside(ours: Object) -> Object:
    """Return ours under an id and a title of its own. The id follows from what it says: it is installed only once."""
    digest = hashlib.sha256(dumped(ours).encode()).hexdigest()[:8]
    named = {name: f"{ours['attributes'][name]} ({BESIDE})" for name in _titles(ours)}
    return ours | {"id": f"{ours['id']}-{digest}", "attributes": ours["attributes"] | named}


def _titles(ours: Object) -> Sequence[str]:
    return ["name"] if ours["type"] == "index-pattern" else ["title"]


def steps(ours: Sequence[Object], found: Mapping[str, Object], notes: Mapping[str, Note]) -> list[Step]:
    """Return a step for each of our objects. found: what is in Kibana by id, also under the ids of `beside`."""
    return [_step(one, found, notes.get(one["id"])) for one in ours]


def _step(ours: Object, found: Mapping[str, Object], note: Note | None) -> Step:
    there = found.get(ours["id"])
    if there is None:
        return Step("new", ours, ours)
    if changed(there, note):
        copy = beside(ours)
        return Step("kept before", ours) if copy["id"] in found else Step("kept", ours, copy)
    if note and note.sent == digest(ours):
        return Step("unchanged", ours)
    return Step("updated", ours, ours)


def changed(there: Object, note: Note | None) -> bool:
    """Tell whether somebody changed an object since we wrote it: written since, and saying something else."""
    if note is None:
        return True
    return there.get("updated_at") != note.written_at and digest(there) != note.stored


def digest(one: Object) -> str:
    """Return a digest of what a person could change. How often Discover showed a field is no change."""
    attributes = dict(one["attributes"])
    if "fieldAttrs" in attributes:
        counted = json.loads(attributes["fieldAttrs"])
        uncounted = {name: {key: value for key, value in of.items() if key != "count"} for name, of in counted.items()}
        attributes["fieldAttrs"] = dumped({name: of for name, of in uncounted.items() if of})
    references = sorted(dumped(reference) for reference in one.get("references", []))
    return hashlib.sha256(dumped([attributes, references]).encode()).hexdigest()[:DIGITS]


def noted(notes: Mapping[str, Note], sent: Sequence[Object], stored: Mapping[str, Object]) -> dict[str, Note]:
    """Return the notes after an import that sent these objects. stored: what Kibana exports of them now, by id."""
    new = {
        one["id"]: Note(digest(one), digest(stored[one["id"]]), stored[one["id"]].get("updated_at", ""))
        for one in sent
        if one["id"] in stored
    }
    return dict(notes) | new


def record(notes: Mapping[str, Note], space: str) -> Object:
    """Return the tag that keeps the notes."""
    attributes = {
        "name": "News monitor: what was imported (do not change)",
        "description": msgspec.json.encode(notes, order="sorted").decode(),
        "color": "#98A2B3",
    }
    return saved("tag", record_id(space), attributes, [])


def record_id(space: str) -> str:
    """Return the id of that tag."""
    return identifier("import-record", space)


def recorded(tag: Object | None) -> dict[str, Note]:
    """Return the notes of the tag; none where there is no tag or somebody changed it beyond reading."""
    attributes: dict[str, Any] = (tag or {}).get("attributes", {})
    try:
        return msgspec.json.decode(attributes.get("description", "{}"), type=dict[str, Note])
    except msgspec.DecodeError:
        return {}
