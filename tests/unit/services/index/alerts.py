"""The alert of schemas/examples, for tests."""

from pathlib import Path

from schemas import codec
from schemas.messages import Alert

EXAMPLE = codec.decode(Path("schemas/examples/alert.json").read_bytes(), Alert)
