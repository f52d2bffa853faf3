"""API keys: required for everything that carries data."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from services.index.api.errors import Refusal

BEARER = HTTPBearer(auto_error=False, description="`Authorization: Bearer KEY`")
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="`X-API-Key: KEY`")
_NAMED = re.compile(r"([A-Za-z][\w.@-]{0,63}):(.+)")
HINT = "send one of NEWS_API_KEYS as `Authorization: Bearer KEY` or `X-API-Key: KEY`"


def known_keys(configured: str) -> Mapping[bytes, str]:
    """Return the names of comma separated keys, by their digests. `anna:KEY` is called anna, else a key is `key-` and
    the beginning of its digest. Raises SystemExit that says how to make one where there is none.
    """
    keys = [key.strip() for key in configured.split(",") if key.strip()]
    if not keys:
        raise SystemExit("NEWS_API_KEYS: no key. Make one with `python -m services.index key --api` and set it")
    return dict(map(_named, keys))


def _named(configured: str) -> tuple[bytes, str]:
    named = _NAMED.fullmatch(configured)
    digest = _digest(named[2] if named else configured)
    return digest, named[1] if named else f"key-{digest.hex()[:8]}"


async def require_key(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    header: Annotated[str | None, Security(HEADER)],
) -> str:
    """Return the key's name. Raises Refusal unless the request has a known key. All keys are compared, each in constant
    time.
    """
    presented = bearer.credentials if bearer else header
    if presented is None:
        raise Refusal(401, "key_missing", "this needs an API key", hint=HINT)
    digest = _digest(presented)
    known: Mapping[bytes, str] = request.app.state.api_keys
    names = [name for one, name in known.items() if hmac.compare_digest(digest, one)]
    if not names:
        raise Refusal(401, "key_unknown", "this API key is not known", hint=HINT)
    return names[0]


InAuthor = Annotated[str, Security(require_key)]  # the name of the request's key


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
