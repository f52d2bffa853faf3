"""`python -m schemas write` generates json/*.schema.json and asyncapi.yaml; `check` says what differs (exit 1).

From messages.py, topics.yaml and examples/. openapi.json beside them is the API's: `python -m services.index openapi`.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec

from schemas import asyncapi
from schemas.messages import MESSAGES

FOLDER = Path(__file__).parent / "json"


def schema_of(name: str) -> bytes:
    """The JSON Schema (draft 2020-12) of one message, as the bytes of its file."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
    schema |= msgspec.json.schema(MESSAGES[name])
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=2) + b"\n"


def generated() -> dict[Path, bytes]:
    """Every generated file and what it is to hold."""
    files = {FOLDER / f"{name}.schema.json": schema_of(name) for name in MESSAGES}
    return files | {FOLDER.parent / "asyncapi.yaml": asyncapi.text()}


def main(arguments: list[str]) -> int:
    if arguments not in (["write"], ["check"]):
        print(__doc__, file=sys.stderr)
        return 2
    differing = []
    for path, wanted in generated().items():
        if not path.exists() or path.read_bytes() != wanted:
            differing.append(path.name)
            if arguments == ["write"]:
                path.write_bytes(wanted)
    verb = "wrote" if arguments == ["write"] else "differs from what it is generated from (python -m schemas write):"
    for name in differing:
        print(verb, name)
    return 1 if differing and arguments == ["check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
