"""Saved objects of Kibana as values: their ids, their versions, and the references between them.

The versions are those that Kibana 8.18.1 stamps on what it makes itself; Kibana brings older objects up to date when
it imports them and refuses newer ones. They must be there: without them the migrations of Kibana 7 are applied to
Lens panels, which they break.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

Object = dict[str, Any]

OLDEST_KIBANA: Final = "8.18"
CORE_MIGRATION_VERSION: Final = "8.8.0"
TYPE_MIGRATION_VERSION: Final = {
    "index-pattern": "8.0.0",
    "search": "10.5.0",
    "map": "8.4.0",
    "dashboard": "10.2.0",
    "tag": "8.0.0",
}
PREFIX: Final = "news-monitor"


def identifier(name: str, space: str = "") -> str:
    """Return the id of one of our objects. Ids are unique over all spaces, so the space's name is in it."""
    return f"{space}-{PREFIX}-{name}" if space else f"{PREFIX}-{name}"


def saved(kind: str, object_id: str, attributes: Mapping[str, Any], references: Sequence[Mapping[str, str]]) -> Object:
    """Return a saved object as a line of an import has it."""
    return {
        "id": object_id,
        "type": kind,
        "attributes": dict(attributes),
        "references": [dict(reference) for reference in references],
        "managed": False,
        "coreMigrationVersion": CORE_MIGRATION_VERSION,
        "typeMigrationVersion": TYPE_MIGRATION_VERSION[kind],
    }


def reference(name: str, kind: str, object_id: str) -> dict[str, str]:
    """Return what stands in `references`: the object that is called `name` inside the attributes."""
    return {"name": name, "type": kind, "id": object_id}


def dumped(value: Any) -> str:
    """Return JSON inside JSON, as Kibana keeps most of an object's state."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def search_source(query: str, **more: Any) -> dict[str, str]:
    """Return kibanaSavedObjectMeta: a query in Kibana's language, no filters, and `more`."""
    source = {"query": {"query": query, "language": "kuery"}, "filter": [], **more}
    return {"searchSourceJSON": dumped(source)}


def lines(objects: Sequence[Object]) -> bytes:
    """Return the objects as the NDJSON that Kibana imports."""
    return b"".join(dumped(one).encode() + b"\n" for one in objects)
