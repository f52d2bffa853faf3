"""Roles and API keys of Elasticsearch's security. OpenSearch's own security has another API, which is not used.

Sources: elastic.co/docs/api, "Get information" of X-Pack, "Create or update roles", "Create an API key", "Check user
privileges". No engine that ran here has security: written to the documentation, tried against a stand-in.
"""

from collections.abc import Mapping
from typing import Any

from elastic_transport import ApiError, TransportError

from services.engine import verdicts
from services.engine.client import Engine


async def unavailable(engine: Engine, privilege: str) -> str | None:
    """Why roles or keys cannot be written: the engine has no security, or we lack the cluster privilege; else None."""
    if engine.is_opensearch:
        return "the engine is OpenSearch, whose roles are made in its own way"
    answer = await _ask(engine, engine.client.options(ignore_status=(400, 404)).xpack.info(categories=["features"]))
    if not answer.get("features", {}).get("security", {}).get("enabled"):
        return "the engine's security is off or not installed"
    answer = await _ask(engine, engine.client.security.has_privileges(cluster=[privilege]))
    return None if answer["has_all_requested"] else f"this user has not the cluster privilege {privilege}"


async def get_role(engine: Engine, name: str) -> dict[str, Any] | None:
    """Return a role's body, or None."""
    found = await _ask(engine, engine.client.options(ignore_status=404).security.get_role(name=name))
    role: dict[str, Any] | None = found.get(name)
    return role


async def put_role(engine: Engine, name: str, role: Mapping[str, Any]) -> None:
    """Write a role."""
    await _ask(engine, engine.client.security.put_role(name=name, **role))


async def create_key(engine: Engine, name: str, role: Mapping[str, Any]) -> str:
    """Return a new API key that may do what the role says and no more, encoded as clients send it."""
    answer = await _ask(engine, engine.client.security.create_api_key(name=name, role_descriptors={name: dict(role)}))
    return str(answer["encoded"])


async def _ask(engine: Engine, request: Any) -> Any:
    try:
        return (await request).body
    except (ApiError, TransportError) as error:
        raise verdicts.translated(error) from error
