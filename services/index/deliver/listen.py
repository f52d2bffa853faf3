"""`listen`: a receiver of webhooks on this machine, which verifies and prints. For trying out."""

import argparse
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.index.deliver import signature
from services.index.deliver.payload import MAX_BYTES

WRONG = 2  # exit status: the secret is none
FAILED = 1
HOST = "127.0.0.1"
VARIABLE = "NEWS_LISTEN_SECRET"
MOST_BYTES = 10 * MAX_BYTES
MOST_REMEMBERED = 100_000


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "listen",
        help="a receiver of webhooks to try things out: verifies and prints",
        description="Receive webhooks on this machine, verify and print each. 204 for a good one, 400 for any other.",
        epilog=f"""examples:
  python -m services.index listen                   make a secret, and say how to save a search with it
  {VARIABLE}=whsec_... python -m services.index listen --port 9000
  python -m services.index listen --whole           print whole messages, as JSON

It listens on {HOST} alone: api and deliver call it when they run with NEWS_ALLOWED_HOSTS={HOST}.
""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=9009, metavar="N", help="default 9009")
    parser.add_argument("--secret", metavar="whsec_...", help=f"of the endpoint; better in {VARIABLE}: others see this")
    parser.add_argument("--whole", action="store_true", help="print whole messages")


def main(port: int, secret: str | None, *, whole: bool) -> int:
    """Receive until interrupted, and return the exit status."""
    secret = secret or os.environ.get(VARIABLE)
    known = secret or signature.new_secret()
    try:
        signature.key(known)
    except ValueError as error:
        sys.stderr.write(f"the secret: {error}\n")
        return WRONG
    try:
        listening = socket.create_server((HOST, port), backlog=64)
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"cannot listen on {HOST}:{port} ({error}): choose another --port\n")
        return FAILED
    sys.stderr.write(f"listening on http://{HOST}:{port}/, Ctrl-C ends it\n")
    if secret is None:
        endpoint = msgspec.json.encode({"url": f"http://{HOST}:{port}/", "secret": known}).decode()
        sys.stderr.write(f'save a search with "endpoint": {endpoint}\n')
    app = application(known, sys.stdout, time.time, whole=whole)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with listening, suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    return 0


def application(secret: str, out: TextIO, now_s: Callable[[], float], *, whole: bool) -> Starlette:
    """Return the receiver; it prints to `out`."""
    seen: dict[str, None] = {}

    async def take(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                return refused("the body is too large")
        webhook_id = request.headers.get("webhook-id", "")
        try:
            signature.verify(dict(request.headers), body, secret, now_s())
            message = msgspec.json.decode(body)
        except (ValueError, msgspec.DecodeError) as error:
            return refused(str(error))
        repeated = webhook_id in seen
        seen[webhook_id] = None
        if len(seen) > MOST_REMEMBERED:
            del seen[next(iter(seen))]
        out.write(f"{_clock(now_s())}  verified{' (a repeat)' if repeated else ''}  {webhook_id}  {summary(message)}\n")
        if whole:
            out.write(msgspec.json.format(body).decode() + "\n")
        out.flush()
        return Response(status_code=204)

    def refused(reason: str) -> Response:
        out.write(f"{_clock(now_s())}  REFUSED   {printable(reason)}\n")
        out.flush()
        return PlainTextResponse(f"refused: {reason}\n", status_code=400)

    return Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])


def summary(message: Any) -> str:
    """Return a line of what a message says, whatever it is."""
    if not isinstance(message, dict) or not isinstance(message.get("data"), dict):
        return "a body in another format"
    data = message["data"]
    words = [str(message.get("type"))]
    if isinstance(search := data.get("search"), dict):
        words.append(f'for "{search.get("name")}"')
    if isinstance(item := data.get("item"), dict):
        words.append(f"{item.get('title')} ({item.get('feed_title')})")
    if isinstance(digest := data.get("digest"), dict):
        words.append(f"{digest.get('count')} alerts")
    return printable("  ".join(words))


def printable(text: str) -> str:
    """Return the text without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _clock(now_s: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(now_s))
