"""The indices: names, mappings as files, set-up and drift.

Each index is `NAME-000001` behind the alias NAME, made from an index template of the same name, so that a reindex can
put NAME-000002 in its place. Set-up creates what is missing; what differs is reported, and changed only on request
and where it can be changed in place.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from services import settings
from services.engine import Engine
from services.index.report import Line

NEWS = "news"
SEARCHES = "news-searches"
STORIES = "news-stories"
OUTBOX = "news-outbox"
WINDOWS = "news-windows"
ENDPOINTS = "news-endpoints"
FEED_HEALTH = "news-feed-health"
JOBS = "news-jobs"
FIGURES = "news-figures"
ALL = (NEWS, FIGURES, SEARCHES, STORIES, OUTBOX, WINDOWS, ENDPOINTS, FEED_HEALTH, JOBS)
MOVED = tuple(name for name in ALL if name != JOBS)  # by reindex


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of mappings/. documents_of: the index whose documents this one's percolator gets."""

    settings: dict[str, Any]
    mappings: dict[str, Any]
    documents_of: str | None = None


@cache
def definition(name: str) -> Definition:
    """Return what mappings/NAME.yaml describes, with the fields and analysis that a percolator's documents have."""
    text = resources.files("services.index").joinpath("mappings", f"{name}.yaml").read_bytes()
    described = msgspec.yaml.decode(text, type=Definition)
    if described.documents_of:
        documents = definition(described.documents_of)
        fields = documents.mappings["properties"] | described.mappings["properties"]
        described = msgspec.structs.replace(
            described,
            settings=described.settings | {"analysis": documents.settings["analysis"]},
            mappings=described.mappings | {"properties": fields},
        )
    return described


def template(name: str, configured: settings.Index) -> dict[str, Any]:
    """Return the body of the index template."""
    described = definition(name)
    index_settings = described.settings | {
        "number_of_shards": configured.index_shards if name == NEWS else 1,
        "number_of_replicas": configured.index_replicas,
    }
    return {
        "index_patterns": [f"{name}-0*"],
        "priority": 500,
        "template": {"settings": {"index": index_settings}, "mappings": described.mappings},
    }


async def set_up(engine: Engine, *, dry_run: bool, update: bool) -> list[Line]:
    """Create what is missing and return a line for each thing. `update` also changes what can be changed in place."""
    configured = settings.Index()
    lines = []
    for name in ALL:
        lines += await _set_up_template(engine, name, configured, dry_run=dry_run, update=update)
        lines += await _set_up_index(engine, name, configured, dry_run=dry_run, update=update)
    return lines


async def _set_up_template(
    engine: Engine, name: str, configured: settings.Index, *, dry_run: bool, update: bool
) -> list[Line]:
    thing = f"index template {name}"
    wanted = template(name, configured)
    found = await engine.get_template(name)
    differences = list(differing(wanted, {key: found.get(key) for key in wanted}, within="")) if found else []
    if found and not differences:
        return [Line(thing, "unchanged")]
    if found and not update:
        return [Line(thing, "drift", "; ".join(differences))]
    if not dry_run:
        await engine.put_template(name, wanted)
    return [Line(thing, "updated" if found else "created", "; ".join(differences))]


async def _set_up_index(
    engine: Engine, name: str, configured: settings.Index, *, dry_run: bool, update: bool
) -> list[Line]:
    thing = f"index {name}"
    behind = await engine.indices_named(name)
    if name in behind:
        return [Line(thing, "drift", "an index has the alias's name: something wrote before set-up; delete the index")]
    if not behind:
        if not dry_run:
            await engine.create_index(f"{name}-000001", alias=name)
        return [Line(thing, "created", f"{name}-000001")]
    if len(behind) > 1:
        return [Line(thing, "drift", f"the alias stands for several indices: {', '.join(sorted(behind))}")]
    [(physical, found)] = behind.items()
    wanted = template(name, configured)["template"]
    missing, names = lacking(wanted["mappings"]["properties"], found["mappings"].get("properties", {}))
    kept = {"number_of_shards", "number_of_replicas", "refresh_interval"}  # an operator's to choose once it exists
    fixed = {key: value for key, value in wanted["settings"]["index"].items() if key not in kept}
    differences = [
        *differing(wanted["mappings"], found["mappings"], within="mappings"),
        *differing(fixed, found["settings"]["index"], within="settings", others=False),
    ]
    if not differences:
        return [Line(thing, "unchanged", physical)]
    if not update or not missing:
        return [Line(thing, "drift", f"{physical}: " + "; ".join(differences))]
    if not dry_run:
        await engine.put_mapping(physical, {"properties": missing})
    lines = [Line(thing, "updated", f"{physical}: new fields {', '.join(names)}")]
    if len(differences) > len(names):
        lines.append(Line(thing, "drift", f"{physical}: some differences need a reindex: " + "; ".join(differences)))
    return lines


def lacking(wanted: Mapping[str, Any], found: Mapping[str, Any], within: str = "") -> tuple[dict[str, Any], list[str]]:
    """Return the fields that can be added in place, as a mapping to put and as names; those inside others too."""
    put: dict[str, Any] = {}
    names: list[str] = []
    for field, mapping in sorted(wanted.items()):
        there = found.get(field)
        if there is None:
            put[field] = mapping
            names.append(within + field)
        elif "properties" in mapping and "properties" in there and mapping.get("type") == there.get("type"):
            inner, inner_names = lacking(mapping["properties"], there["properties"], f"{within}{field}.")
            if inner:
                put[field] = {key: value for key, value in mapping.items() if key == "type"} | {"properties": inner}
                names += inner_names
    return put, names


def differing(wanted: Any, found: Any, *, within: str, others: bool = True) -> Iterator[str]:
    """Say where two settings or mappings differ, as `path: is X, should be Y`.

    The engine gives scalars back as strings, and one value for a list of one. others: report keys only `found` has.
    """
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key in sorted(wanted.keys() | (found.keys() if others else set())):
            path = f"{within}.{key}" if within else str(key)
            if key not in found:
                yield f"{path}: is missing"
            elif key not in wanted:
                yield f"{path}: is {_plain(found[key])}, should not be"
            else:
                yield from differing(wanted[key], found[key], within=path, others=others)
    elif _plain(wanted) != _plain(found):
        yield f"{within}: is {_plain(found)}, should be {_plain(wanted)}"


def _plain(value: Any) -> Any:
    match value:
        case bool():
            return str(value).lower()
        case [single]:
            return _plain(single)
        case list():
            return [_plain(one) for one in value]
        case Mapping():
            return {key: _plain(one) for key, one in value.items()}
        case _:
            return str(value)
