"""The first word with the engine: what it is, and whether it will have us. Asked plainly, before a client is chosen."""

import base64
from typing import Any

import msgspec
from elastic_transport import AiohttpHttpNode, HttpHeaders, NodeConfig, TlsError, TransportError
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from schemas.errors import Transient
from services import settings
from services.telemetry import Progress, logger

log = logger(__name__)

PATIENCE_S = 5.0


def authorization(configured: settings.Engine) -> dict[str, str]:
    """Return the header that says who we are: by API key, else by user and password; empty where neither is set."""
    if configured.elasticsearch_api_key:
        return {"authorization": f"ApiKey {configured.elasticsearch_api_key.get_secret_value()}"}
    if configured.elasticsearch_username and configured.elasticsearch_password:
        pair = f"{configured.elasticsearch_username}:{configured.elasticsearch_password.get_secret_value()}"
        return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}


async def introduced(
    node_config: NodeConfig, authorization: dict[str, str], progress: Progress | None
) -> dict[str, Any]:
    """Return the `version` of `GET /`, waiting for the engine as long as it takes. Raises SystemExit as below."""
    node = AiohttpHttpNode(node_config)
    where = f"{node_config.scheme}://{node_config.host}:{node_config.port}{node_config.path_prefix}"
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Transient), wait=wait_exponential_jitter(multiplier=0.5, max=15)
        ):
            with attempt:
                try:
                    return await _ask_version(node, where, authorization)
                except Transient as error:
                    log.warning("search engine is away, waiting", url=where, error=str(error))
                    if progress:
                        progress.waiting("the search engine")
                    raise
    finally:
        await node.close()
    raise AssertionError("unreachable")


async def _ask_version(node: AiohttpHttpNode, where: str, authorization: dict[str, str]) -> dict[str, Any]:
    """Raises Transient while the engine is away, SystemExit when it will not have us."""
    try:
        answer = await node.perform_request(
            "GET", "/", headers=HttpHeaders({"accept": "application/json", **authorization}), request_timeout=PATIENCE_S
        )
    except TransportError as error:
        if isinstance(error, TlsError):
            raise SystemExit(f"{where}: {error.message}: is NEWS_ELASTICSEARCH_CA_FILE the engine's CA?") from error
        raise Transient(str(error)) from error
    if answer.meta.status in (401, 403):
        raise SystemExit(
            f"{where} refuses us ({answer.meta.status}): is NEWS_ELASTICSEARCH_API_KEY, or user and password, right?"
        )
    if answer.meta.status != 200:
        raise Transient(f"GET / answered {answer.meta.status}")
    try:
        version: dict[str, Any] = msgspec.json.decode(answer.body)["version"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise SystemExit(f"{where} is not a search engine: GET / has no version") from error
    return version
