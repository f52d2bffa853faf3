"""Identifiers: what makes two things the same thing. All are 128 bits of a SHA-256, in hexadecimal."""

import hashlib
import secrets
import unicodedata


def digest(*parts: str) -> str:
    """Hash the parts; lengths are hashed with them, so that ("ab", "c") and ("a", "bc") differ."""
    hashed = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hashed.update(len(data).to_bytes(4, "big"))
        hashed.update(data)
    return hashed.hexdigest()[:32]


def item_id(canonical_url: str | None, feed_id: str, entry_id: str) -> str:
    """An item is its canonical URL; where it has no link, its entry in its feed."""
    return digest("url", canonical_url) if canonical_url else digest("entry", feed_id, entry_id)


def content_hash(title: str, summary: str, text: str, url: str | None) -> str:
    """What a reader would call changed: title, text, link. Space and Unicode composition do not count."""
    return digest(*(" ".join(unicodedata.normalize("NFC", part).split()) for part in (title, summary, text, url or "")))


def feed_id(url: str) -> str:
    """A feed that was added without an id is named by its address."""
    return digest("feed", url)


def alert_id(kind: str, search_id: str, subject: str, trigger: str) -> str:
    """The same kind, search, subject and trigger is the same alert, whoever sends it and however often."""
    return digest("alert", kind, search_id, subject, trigger)


def delivery_id(alert_id: str, endpoint_id: str) -> str:
    """One delivery of one alert to one endpoint: the outbox key and the webhook-id on every attempt."""
    return digest("delivery", alert_id, endpoint_id)


def new_trace_id() -> str:
    """A W3C trace id: 16 random bytes."""
    return secrets.token_hex(16)
