"""`openapi > schemas/openapi.json`: the API's description, without a server. A contract test compares the two."""

import json
import sys

from services.index.api.app import routed


def document() -> str:
    """Return the OpenAPI document as the text of its file."""
    return json.dumps(routed().openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Print it and return the exit status."""
    sys.stdout.write(document())
    return 0
