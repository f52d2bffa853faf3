"""A TLS proxy on loopback before the real engine that demands a key, as an engine with security does.

It keeps roles and keys itself: its part of the security API is a stand-in, made from the documentation.
"""

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import ClientSession, web

from tests.integration.certificates import self_signed

HOP_BY_HOP = {"host", "content-length", "transfer-encoding", "connection", "content-encoding", "authorization"}


@dataclass
class GuardedEngine:
    """`authorization`: the headers that are let in. `privileges`: the cluster privileges of whoever asks."""

    behind: str
    ca_file: Path
    url: str = ""
    authorization: set[str] = field(default_factory=set)
    privileges: set[str] = field(default_factory=lambda: {"manage_security", "manage_api_key"})
    roles: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("authorization") not in self.authorization:
            return _json({"error": {"type": "security_exception", "reason": "unable to authenticate"}}, 401)
        if request.path.startswith(("/_security/", "/_xpack")):
            return await self._security(request)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        async with (
            ClientSession() as session,
            session.request(
                request.method,
                self.behind + request.path_qs,
                data=await request.read(),
                headers=headers | {"accept-encoding": "identity"},
            ) as answer,
        ):
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    async def _security(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rsplit("/", 1)[1]
        match request.method, request.path.split("/")[1:3]:
            case "GET", ["_xpack"]:
                return _json({"features": {"security": {"available": True, "enabled": True}}})
            case "POST", ["_security", "user"]:  # _has_privileges
                asked = (await _body(request))["cluster"]
                held = {one: one in self.privileges for one in asked}
                return _json({"has_all_requested": all(held.values()), "cluster": held})
            case "GET", ["_security", "role"]:
                return _json({name: self.roles[name]}) if name in self.roles else _json({}, 404)
            case "PUT", ["_security", "role"]:
                role = await _body(request)
                for entry in role["indices"]:
                    entry["allow_restricted_indices"] = False
                self.roles[name] = {"applications": [], "run_as": [], "metadata": {}} | role
                return _json({"role": {"created": True}})
            case "PUT" | "POST", ["_security", "api_key"]:
                made = await _body(request)
                encoded = base64.b64encode(f"id-{len(self.keys)}:secret".encode()).decode()
                self.keys[encoded] = made
                self.authorization.add(f"ApiKey {encoded}")
                return _json({"id": f"id-{len(self.keys)}", "name": made["name"], "encoded": encoded})
            case asked:
                return _json({"error": f"the stand-in knows no {asked}"}, 400)


async def _body(request: web.Request) -> Any:
    return msgspec.json.decode(await request.read())  # the media type is the vendor's own


def _json(answer: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(answer, status=status, headers={"x-elastic-product": "Elasticsearch"})


@asynccontextmanager
async def guarding(behind: str, folder: Path) -> AsyncIterator[GuardedEngine]:
    certificate, key = self_signed(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    guarded = GuardedEngine(behind, certificate)
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", guarded.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    guarded.url = site.name.replace("127.0.0.1", "localhost")
    try:
        yield guarded
    finally:
        await runner.cleanup()
