"""Snapshots by the engine: the repository, and the daily schedule, which the two engines name differently.

Sources: elastic.co/docs/api, "Create or update a snapshot repository", "Create or update a policy" (of snapshot
lifecycle); docs.opensearch.org, "Register snapshot repository", "Snapshot management API" (of a plugin).
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from elastic_transport import ApiError, TransportError

from schemas.errors import Invalid
from services.engine import verdicts
from services.engine.client import Engine

SLM = "/_slm/policy/{name}"
SM = "/_plugins/_sm/policies/{name}"


class Schedule(msgspec.Struct, frozen=True):
    """One snapshot a day at this hour and minute, UTC, of these indices, kept for so many days."""

    repository: str
    indices: str
    hour: int
    minute: int
    keep_days: int


async def repository(engine: Engine, name: str) -> dict[str, Any] | None:
    """Return a repository's type and settings, or None."""
    found = await engine._ask(engine.client.options(ignore_status=404).snapshot.get_repository(name=name))
    described: dict[str, Any] | None = found.get(name)
    return described and {"type": described["type"], "settings": described.get("settings", {})}


async def put_repository(engine: Engine, name: str, described: Mapping[str, Any]) -> None:
    """Register a repository; the engine tries to write there. Raises Invalid with its words, Transient."""
    try:
        await engine.client.snapshot.create_repository(name=name, repository=dict(described))
    except ApiError as error:
        body = error.body.get("error", error.body) if isinstance(error.body, dict) else error.body
        if isinstance(body, dict) and body.get("type") in ("repository_exception", "repository_verification_exception"):
            raise Invalid(verdicts.reason(body), reason="snapshot_repository") from error
        raise verdicts.translated(error) from error
    except TransportError as error:
        raise verdicts.translated(error) from error


def policy(schedule: Schedule, *, is_opensearch: bool) -> dict[str, Any]:
    """Return the schedule as the engine wants it."""
    if is_opensearch:
        cron = {"cron": {"expression": f"{schedule.minute} {schedule.hour} * * *", "timezone": "UTC"}}
        return {
            "creation": {"schedule": cron},
            "deletion": {"schedule": cron, "condition": {"max_age": f"{schedule.keep_days}d", "min_count": 1}},
            "snapshot_config": {
                "repository": schedule.repository,
                "indices": schedule.indices,
                "include_global_state": False,
                "partial": False,
            },
        }
    return {
        "schedule": f"0 {schedule.minute} {schedule.hour} * * ?",
        "name": f"<{schedule.repository}-{{now/d}}>",
        "repository": schedule.repository,
        "config": {"indices": [schedule.indices], "include_global_state": False, "partial": False},
        "retention": {"expire_after": f"{schedule.keep_days}d", "min_count": 1},
    }


async def scheduled(engine: Engine, name: str) -> tuple[dict[str, Any] | None, Mapping[str, Any]]:
    """Return the policy that there is, or None, and what a change of it has to name.

    Raises Invalid (`no_scheduler`), Transient.
    """
    answer = await _perform(engine, "GET", name)
    if not engine.is_opensearch:
        found = answer.get(name)
        return found and found["policy"], {}
    if "sm_policy" not in answer:
        return None, {}
    return answer["sm_policy"], {"if_seq_no": answer["_seq_no"], "if_primary_term": answer["_primary_term"]}


async def put_schedule(engine: Engine, name: str, body: Mapping[str, Any], condition: Mapping[str, Any]) -> None:
    """Create the policy, or change it on that condition. Raises Invalid (`no_scheduler`), Transient."""
    method = "POST" if engine.is_opensearch and not condition else "PUT"
    await _perform(engine, method, name, body, condition)


async def _perform(
    engine: Engine,
    method: str,
    name: str,
    body: Mapping[str, Any] | None = None,
    condition: Mapping[str, Any] | None = None,
) -> Any:
    path = (SM if engine.is_opensearch else SLM).format(name=name)
    headers = {"accept": "application/json"} | ({"content-type": "application/json"} if body else {})
    try:
        client = engine.client.options(ignore_status=404)
        answer = await client.perform_request(method, path, params=dict(condition or {}), headers=headers, body=body)
    except ApiError as error:
        words = error.body.get("error") if isinstance(error.body, dict) else None
        if isinstance(words, str) and "no handler found" in words:
            raise Invalid(f"this engine has no {path.removesuffix('/' + name)}", reason="no_scheduler") from error
        raise verdicts.translated(error) from error
    except TransportError as error:
        raise verdicts.translated(error) from error
    return answer.body
