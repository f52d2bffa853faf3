"""New keys for the settings."""

import secrets

from cryptography.fernet import Fernet


def api_key() -> str:
    """A key for NEWS_API_KEYS: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def encryption_key() -> str:
    """A key for NEWS_ENCRYPTION_KEYS."""
    return Fernet.generate_key().decode()
