"""What makes a changed JSON Schema unreadable to old readers, or old messages unreadable to new ones."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """Return the problems, empty when compatible both ways.

    Fields may be added when they are not required; enumerations may grow; nothing may be removed, become required,
    stop being required (old readers need it), or change its type.
    """
    return list(_definitions(old, new))


def _definitions(old: Schema, new: Schema) -> Iterator[str]:
    for name, definition in old["$defs"].items():
        if name not in new["$defs"]:
            yield f"{name}: definition removed"
        else:
            yield from _objects(definition, new["$defs"][name])


def _objects(old: Schema, new: Schema) -> Iterator[str]:
    old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
    for field, shape in old_fields.items():
        if field not in new_fields:
            yield f"{field}: removed"
        else:
            yield from _values(field, shape, new_fields[field])
    old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
    yield from (f"{field}: newly required" for field in sorted(new_required - old_required))
    yield from (f"{field}: no longer required" for field in sorted((old_required - new_required) & set(new_fields)))


def _values(field: str, old: Schema, new: Schema) -> Iterator[str]:
    if _kinds(old) != _kinds(new):
        yield f"{field}: type {sorted(_kinds(old))} became {sorted(_kinds(new))}"
    for value in old.get("enum", ()):
        if value not in new.get("enum", ()):
            yield f"{field}: value {value!r} removed"
    if "items" in old and "items" in new:
        yield from _values(f"{field}[]", old["items"], new["items"])


def _kinds(shape: Schema) -> frozenset[str]:
    """The JSON types, formats and references that a value may have."""
    if "anyOf" in shape:
        return frozenset().union(*(_kinds(option) for option in shape["anyOf"]))
    if "$ref" in shape:
        return frozenset({shape["$ref"]})
    if "enum" in shape:
        return frozenset({"enum"})
    return frozenset({f"{shape.get('type', 'any')}:{shape.get('format', '')}"})
