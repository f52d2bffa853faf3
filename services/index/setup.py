"""Create topics, indices, aliases, roles and the schedule of snapshots, and report what differs."""

import sys

from schemas.errors import Invalid
from services import engine, telemetry
from services.index import indices, roles_setup, snapshots_setup, topics_setup

DRIFT_STATUS = 3
FAILED = 1


async def set_up(*, dry_run: bool, update: bool) -> int:
    """Print a line for each thing. Return the exit status: 3 where something differs from what it should be."""
    telemetry.start("index-setup")
    lines = await topics_setup.set_up(dry_run=dry_run, update=update)
    async with engine.connect() as connected:
        lines += await indices.set_up(connected, dry_run=dry_run, update=update)
        lines += await roles_setup.set_up(connected, dry_run=dry_run, update=update)
        try:
            lines += await snapshots_setup.set_up(connected, dry_run=dry_run, update=update)
        except Invalid as error:
            sys.stderr.write(f"snapshots are not set up: {error}\n")
            return FAILED
    changed = [line for line in lines if line.state in ("created", "updated")]
    drifted = [line for line in lines if line.state == "drift"]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    outcome = f"{len(changed)} {'would change' if dry_run else 'changed'}" if changed else "unchanged"
    sys.stdout.write(f"{outcome}; {len(drifted)} differ\n" if drifted else f"{outcome}\n")
    if drifted:
        sys.stderr.write("drift: see the lines above; `setup --update` changes what can be changed in place\n")
    return DRIFT_STATUS if drifted else 0
