"""Set-up of snapshots: a repository named `news` where the settings name one, and a snapshot of the indices a day."""

from typing import Any

import msgspec

from schemas.errors import Invalid
from services import settings
from services.engine import Engine, snapshots
from services.engine.snapshots import Schedule
from services.index.indices import differing
from services.index.report import Line
from services.telemetry import logger

log = logger(__name__)

NAME = "news"
INDICES = "news*"
REPOSITORY = f"snapshot repository {NAME}"
SCHEDULE = f"snapshot schedule {NAME}"


class Repository(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where snapshots are kept, as the engines describe it: type `fs`, `s3`, ... and that type's settings."""

    type: str
    settings: dict[str, Any] = {}


def configured_repository(configured: settings.Snapshots) -> Repository | None:
    """Return what the settings say. Raises Invalid (`setting`)."""
    if not configured.snapshot_repository:
        return None
    try:
        return msgspec.json.decode(configured.snapshot_repository, type=Repository)
    except msgspec.DecodeError as error:
        raise Invalid(
            'NEWS_SNAPSHOT_REPOSITORY is to be JSON like {"type": "fs", "settings": {"location": "/backups"}}: '
            f"{error}",
            reason="setting",
        ) from None


async def set_up(engine: Engine, *, dry_run: bool, update: bool) -> list[Line]:
    """Create what is missing, and return a line for each thing; none where no repository is configured.

    Raises Invalid (`setting`, or the engine's words), Transient.
    """
    configured = settings.Snapshots()
    wanted = configured_repository(configured)
    if wanted is None:
        return []
    lines = [await _repository(engine, wanted, dry_run=dry_run, update=update)]
    hour, minute = map(int, configured.snapshot_at.split(":"))
    schedule = Schedule(NAME, INDICES, hour, minute, configured.snapshot_keep_days)
    try:
        lines.append(await _schedule(engine, schedule, dry_run=dry_run, update=update))
    except Invalid as lacking:
        if lacking.reason != "no_scheduler":
            raise
        log.warning("no snapshots are scheduled: take them by a timer of your own (docs/backup.md)", why=str(lacking))
    return lines


async def _repository(engine: Engine, wanted: Repository, *, dry_run: bool, update: bool) -> Line:
    found = await snapshots.repository(engine, NAME)
    described = msgspec.to_builtins(wanted)
    differences = list(differing(described, found, within="", others=False)) if found else []
    if found and not differences:
        return Line(REPOSITORY, "unchanged")
    if found and not update:
        return Line(REPOSITORY, "drift", "; ".join(differences))
    if not dry_run:
        await snapshots.put_repository(engine, NAME, described)
    return Line(REPOSITORY, "updated" if found else "created", "; ".join(differences))


async def _schedule(engine: Engine, schedule: Schedule, *, dry_run: bool, update: bool) -> Line:
    wanted = snapshots.policy(schedule, is_opensearch=engine.is_opensearch)
    found, condition = await snapshots.scheduled(engine, NAME)
    differences = list(differing(wanted, found, within="", others=False)) if found else []
    if found and not differences:
        return Line(SCHEDULE, "unchanged")
    if found and not update:
        return Line(SCHEDULE, "drift", "; ".join(differences))
    if not dry_run:
        await snapshots.put_schedule(engine, NAME, wanted, condition)
    return Line(SCHEDULE, "updated" if found else "created", "; ".join(differences))
