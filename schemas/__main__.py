"""`python -m schemas write` generates json/*.schema.json from the types; `check` says what differs (exit 1)."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from schemas.messages import MESSAGES

FOLDER = Path(__file__).parent / "json"


def schema_of(name: str) -> bytes:
    """The JSON Schema (draft 2020-12) of one message, as the bytes of its file."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
    schema |= msgspec.json.schema(MESSAGES[name])
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=2) + b"\n"


def main(arguments: list[str]) -> int:
    if arguments not in (["write"], ["check"]):
        print(__doc__, file=sys.stderr)
        return 2
    differing = []
    for name in MESSAGES:
        path = FOLDER / f"{name}.schema.json"
        if not path.exists() or path.read_bytes() != schema_of(name):
            differing.append(path.name)
            if arguments == ["write"]:
                path.write_bytes(schema_of(name))
    verb = "wrote" if arguments == ["write"] else "differs from schemas/messages.py:"
    for name in differing:
        print(verb, name)
    return 1 if differing and arguments == ["check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
