"""API keys: required for everything that carries data."""

import hashlib
import hmac
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from services.index.api.errors import Refusal

BEARER = HTTPBearer(auto_error=False, description="`Authorization: Bearer KEY`")
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="`X-API-Key: KEY`")
HINT = "send one of NEWS_API_KEYS as `Authorization: Bearer KEY` or `X-API-Key: KEY`"


def known_keys(configured: str) -> frozenset[bytes]:
    """Return digests of comma separated keys. Raises SystemExit that says how to make one where there is none."""
    keys = [key.strip() for key in configured.split(",") if key.strip()]
    if not keys:
        raise SystemExit("NEWS_API_KEYS: no key. Make one with `python -m services.index key --api` and set it")
    return frozenset(map(_digest, keys))


async def require_key(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    header: Annotated[str | None, Security(HEADER)],
) -> None:
    """Raises Refusal unless the request has a known key. All keys are compared, each in constant time."""
    presented = bearer.credentials if bearer else header
    if presented is None:
        raise Refusal(401, "key_missing", "this needs an API key", hint=HINT)
    digest = _digest(presented)
    if not any([hmac.compare_digest(digest, known) for known in request.app.state.api_keys]):  # noqa: C419
        raise Refusal(401, "key_unknown", "this API key is not known", hint=HINT)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
