"""GET /health: no key needed, no data shown."""

import asyncio

from fastapi import APIRouter, Response

from schemas.errors import Transient
from services.engine import Engine
from services.index.api.context import InContext
from services.index.api.models import Health
from services.index.indices import NEWS

router = APIRouter(tags=["health"])

PATIENCE_S = 3.0


@router.get("/health", summary="Can the API do its work?", responses={503: {"model": Health}})
async def health(context: InContext, response: Response) -> Health:
    """200 when the API can do its work, 503 when not."""
    found = await check(context.engine)
    response.status_code = 200 if found.status == "ok" else 503
    return found


async def check(engine: Engine) -> Health:
    """Ask the engine for the index, for at most PATIENCE_S."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            exists = bool(await engine.indices_named(NEWS))
    except (Transient, TimeoutError):
        return Health(status="unavailable", engine="away", index="unknown")
    if not exists:
        return Health(status="unavailable", engine="reachable", index="missing")
    return Health(status="ok", engine="reachable", index="ready")
