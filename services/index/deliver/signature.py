"""Standard Webhooks 1.0.0 with symmetric keys: how secrets are written and what is signed.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
MIN_KEY_BYTES = 24
MAX_KEY_BYTES = 64
TOLERANCE_S = 300  # between the clocks of sender and receiver


def new_secret() -> str:
    """Return a new secret of 32 random bytes, as `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key(secret: str) -> bytes:
    """Return the key that a secret stands for. Raises ValueError, without the secret, where it is not one."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a secret starts with {PREFIX}")
    try:
        decoded = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ValueError(f"what follows {PREFIX} is base64 with its padding") from None
    if not MIN_KEY_BYTES <= len(decoded) <= MAX_KEY_BYTES:
        raise ValueError(f"a secret holds {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes, this one {len(decoded)}")
    return decoded


def headers(delivery_id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Return the three webhook headers for one attempt.

    timestamp: of the attempt, Unix seconds. body: the exact bytes that are sent. secrets: each signs, so that a
    receiver that still knows the previous one verifies too while a secret is replaced.
    """
    signed = b".".join((delivery_id.encode("ascii"), str(timestamp).encode("ascii"), body))
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_mac(key(secret), signed)}" for secret in secrets),
    }


def verify(headers: Mapping[str, str], body: bytes, secret: str, now_s: float) -> None:
    """Raise ValueError, saying why, for what was not signed with the secret, was changed, or is too old.

    headers: by lower-case name. body: the bytes as they came.
    """
    try:
        webhook_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        given = headers["webhook-signature"].split(" ")
    except KeyError as missing:
        raise ValueError(f"no header {missing.args[0]}") from None
    if not timestamp.isascii() or not timestamp.isdigit():
        raise ValueError("webhook-timestamp is no number")
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        raise ValueError(f"webhook-timestamp is {now_s - int(timestamp):.0f} s from now")
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    expected = f"v1,{_mac(key(secret), signed)}".encode()
    if not any([hmac.compare_digest(expected, one.encode()) for one in given]):  # noqa: C419 (each takes its time)
        raise ValueError("no signature fits: another secret, or a changed body")


def _mac(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
