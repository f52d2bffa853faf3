"""The demo's webhook receiver: it takes what `standardwebhooks`, an independent library, verifies, and nothing else."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from deploy.demo.options import HOOK


class Call(msgspec.Struct, frozen=True):
    """A webhook that was received. body: None where it was refused, and then `refused` says why."""

    webhook_id: str
    at: datetime
    body: dict[str, Any] | None
    repeated: bool = False
    refused: str | None = None


def application(
    secret: str, calls: "asyncio.Queue[Call]", now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Starlette:
    """Answers 204 to a webhook that verifies, also to a repeat of one, and 400 to any other; tells `calls` of each."""
    verifier = Webhook(secret)
    seen: set[str] = set()

    async def take(request: Request) -> Response:
        body = await request.body()
        webhook_id = request.headers.get("webhook-id", "")
        try:
            event = verifier.verify(body, dict(request.headers))
        except (WebhookVerificationError, ValueError) as error:  # ValueError: a header that is not even well-formed
            calls.put_nowait(Call(webhook_id, now(), None, refused=str(error)))
            return PlainTextResponse(f"refused: {error}\n", status_code=400)
        calls.put_nowait(Call(webhook_id, now(), event, repeated=webhook_id in seen))
        seen.add(webhook_id)
        return Response(status_code=204)

    return Starlette(routes=[Route(HOOK, take, methods=["POST"])])
