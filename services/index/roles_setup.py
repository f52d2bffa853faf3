"""Roles of services and people, made as the files of roles/ say, where the engine has security.

A role for each service that needs the engine (ingest and the tagging workers need none), and news_reader, news_writer
and news_admin for people. The format is that of Elasticsearch's role API.
"""

import sys
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from services import engine, telemetry
from services.engine import Engine, security
from services.index.indices import differing
from services.index.report import Line
from services.telemetry import logger

log = logger(__name__)

SERVICES = ("index", "deliver", "api", "enrich")
PEOPLE = ("reader", "writer", "admin")
ALL = tuple(f"news_{who}" for who in (*SERVICES, *PEOPLE))


@cache
def role(name: str) -> dict[str, Any]:
    """Return what roles/NAME.yaml says."""
    text = resources.files("services.index").joinpath("roles", f"{name}.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=dict[str, Any])


async def set_up(connected: Engine, *, dry_run: bool, update: bool) -> list[Line]:
    """Create what is missing and return a line for each role; none, and a word in the log, where that cannot be."""
    if why := await security.unavailable(connected, "manage_security"):
        log.info("roles are not set up", reason=why)
        return []
    return [await _set_up_role(connected, name, dry_run=dry_run, update=update) for name in ALL]


async def _set_up_role(connected: Engine, name: str, *, dry_run: bool, update: bool) -> Line:
    wanted, found = role(name), await security.get_role(connected, name)
    differences = list(differing(wanted, _asked_of(found, wanted), within="")) if found else []
    if found and not differences:
        return Line(f"role {name}", "unchanged")
    if found and not update:
        return Line(f"role {name}", "drift", "; ".join(differences))
    if not dry_run:
        await security.put_role(connected, name, wanted)
    return Line(f"role {name}", "updated" if found else "created", "; ".join(differences))


def _asked_of(found: Any, wanted: Any) -> Any:
    """What was found, without the fields that the engine adds by itself."""
    match found, wanted:
        case Mapping(), Mapping():
            return {key: _asked_of(value, wanted[key]) for key, value in found.items() if key in wanted}
        case [*values], [*models] if len(values) == len(models):
            return [_asked_of(value, model) for value, model in zip(values, models, strict=True)]
        case _:
            return found


async def print_keys() -> int:
    """Make an API key for each service and print them as lines of .env. Return the exit status."""
    telemetry.start("index-engine-keys")
    async with engine.connect() as connected:
        if why := await security.unavailable(connected, "manage_api_key"):
            sys.stderr.write(f"no keys were made: {why}\n")
            return 1
        for service in SERVICES:
            key = await security.create_key(connected, f"news_{service}", role(f"news_{service}"))
            sys.stdout.write(f"{service.upper()}_ENGINE_KEY={key}\n")
    sys.stdout.write("SERVICES_ENGINE_PASSWORD=\n")
    sys.stderr.write(f"{len(SERVICES)} keys were made; they cannot be shown again. Those made before go on to work.\n")
    return 0
