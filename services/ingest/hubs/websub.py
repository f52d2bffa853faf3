"""WebSub (W3C Recommendation, 2018): what is agreed with a feed's hub, and how its calls are told from others'. Pure.

A push is a hint only: the feed's owner polls at once. So what a hub sends is never taken for the feed's own word, any
replica may be called, and what is lost costs nothing but time. Address and secret of a callback are derived from
NEWS_ENCRYPTION_KEYS, feed and topic: every replica knows them, nothing is stored.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

import msgspec

from schemas.messages import HubNotice, Subscription

LEASE: Final = timedelta(days=10)  # asked for: WebSub, 5.1
LONGEST_LEASE: Final = timedelta(days=30)  # believed
RENEW_AFTER: Final = 0.75  # of the time from asking to the lease's end
AGAIN_AFTER: Final = timedelta(hours=6)  # where a hub said nothing, or no
RETRY_AFTER: Final = timedelta(minutes=15)  # of a renewal
SKEW: Final = timedelta(minutes=1)  # between the clocks of replicas

# Methods of X-Hub-Signature (WebSub, 8.1) that are believed; sha1 is not.
METHODS: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}

change = msgspec.structs.replace


def offered(known: Subscription | None, hub: str | None, topic: str) -> Subscription | None:
    """Return the subscription after a document that names this hub, or none. A topic is the feed's address there."""
    if hub is None:
        return None
    same = known is not None and (known.hub, known.topic) == (hub, topic)
    return known if same else Subscription(hub=hub, topic=topic)


def heard(known: Subscription | None, notice: HubNotice | None) -> Subscription | None:
    """Return the subscription after what its hub told a replica. What was told of another topic, or before, is old."""
    if known is None or notice is None or known.asked_at is None:
        return known
    if notice.topic != known.topic or notice.at < known.asked_at - SKEW or notice.kind == "push":
        return known
    return change(known, until=notice.until)


def judged(known: Subscription | None, *, news: bool, pushed: bool) -> Subscription | None:
    """Return the subscription after a poll: proven once a push brought news, in doubt once news came without one."""
    return change(known, proven=pushed) if known is not None and news and known.proven != pushed else known


def is_due(known: Subscription | None, now: datetime) -> bool:
    """Whether the hub is to be asked (again) to call us."""
    if known is None:
        return False
    if known.asked_at is None:
        return True
    if known.until is None or known.until <= now:
        return now - known.asked_at >= AGAIN_AFTER
    renew_at = known.asked_at + (known.until - known.asked_at) * RENEW_AFTER
    return now >= max(renew_at, known.asked_at + RETRY_AFTER)


def is_trusted(known: Subscription | None, now: datetime) -> bool:
    """Whether the hub can be counted on to call: polling is a safety net then."""
    return known is not None and known.proven and known.until is not None and known.until > now


class Callbacks:
    """The addresses that hubs call. public_url: of this service as hubs reach it; keys: the first is used, all hold."""

    def __init__(self, public_url: str, keys: str) -> None:
        """Raises ValueError where there is no key."""
        self._public_url = public_url.rstrip("/")
        self._keys = [key.strip().encode() for key in keys.split(",") if key.strip()]
        if not self._keys:
            raise ValueError("no key")

    def address(self, feed_id: str, topic: str) -> str:
        """Where the hub is to call for this feed."""
        name = base64.urlsafe_b64encode(feed_id.encode()).decode().rstrip("=")
        return f"{self._public_url}/websub/{name}/{_token(self._keys[0], feed_id, topic)}"

    def secret(self, feed_id: str, topic: str) -> str:
        """What the hub is to sign its calls with."""
        return _secret(self._keys[0], feed_id, _token(self._keys[0], feed_id, topic))

    def is_ours(self, feed_id: str, token: str, topic: str) -> bool:
        """Whether we gave out this address for this topic."""
        return any(hmac.compare_digest(_token(key, feed_id, topic), token) for key in self._keys)

    def is_signed(self, feed_id: str, token: str, header: str | None, body: bytes) -> bool:
        """Whether a push was signed by whom we gave the secret of this address. header: X-Hub-Signature."""
        method, _, given = (header or "").strip().partition("=")
        digest = METHODS.get(method.lower())
        if digest is None or not given.isascii():
            return False
        secrets = (_secret(key, feed_id, token).encode() for key in self._keys)
        return any(hmac.compare_digest(hmac.new(secret, body, digest).hexdigest(), given.lower()) for secret in secrets)


def feed_of(name: str) -> str | None:
    """The feed that a callback's address names; None for what we cannot have made."""
    try:
        return base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode() or None
    except (binascii.Error, ValueError):
        return None


def _token(key: bytes, feed_id: str, topic: str) -> str:
    return hmac.new(key, f"websub callback\0{feed_id}\0{topic}".encode(), hashlib.sha256).hexdigest()[:32]


def _secret(key: bytes, feed_id: str, token: str) -> str:
    return hmac.new(key, f"websub secret\0{feed_id}\0{token}".encode(), hashlib.sha256).hexdigest()
