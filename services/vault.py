"""Secrets at rest: Fernet tokens, under keys that can be replaced."""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Undecryptable(Exception):
    """No key that we have opens this secret."""


class Vault:
    """Encrypts under the first key, decrypts under any: to replace a key, put the new one first."""

    def __init__(self, keys: str) -> None:
        """keys: Fernet keys, comma separated. Raises ValueError where there is none or one is malformed."""
        words = [word.strip() for word in keys.split(",") if word.strip()]
        if not words:
            raise ValueError("no key")
        try:
            self._fernet = MultiFernet([Fernet(word) for word in words])
        except ValueError:
            raise ValueError("a key is 32 bytes in URL-safe base64") from None
        self._keys = [base64.urlsafe_b64decode(word) for word in words]

    def encrypt(self, secret: str) -> str:
        """Return the secret as a token."""
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Return the secret. Raises Undecryptable."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise Undecryptable("the secret opens with no key of NEWS_ENCRYPTION_KEYS") from None

    def sign(self, purpose: str, text: str) -> str:
        """Return a signature of the text under the first key, 32 URL-safe letters. purpose: keeps uses apart."""
        return _signature(self._keys[0], purpose, text)

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """Whether `sign` made this signature, under any of the keys."""
        given = signature.encode("utf-8", "replace")
        return any([hmac.compare_digest(_signature(key, purpose, text).encode(), given) for key in self._keys])  # noqa: C419


def _signature(key: bytes, purpose: str, text: str) -> str:
    """HMAC-SHA256, cut to 192 bits, under a key that HKDF (RFC 5869) derives for the purpose."""
    derived = HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(key)
    return base64.urlsafe_b64encode(hmac.digest(derived, text.encode(), "sha256")[:24]).decode()


def unlocked(keys: str) -> Vault:
    """The vault of the settings. Raises SystemExit that says how to make a key."""
    try:
        return Vault(keys)
    except ValueError as error:
        raise SystemExit(
            f"NEWS_ENCRYPTION_KEYS: {error}. Secrets are stored encrypted: make a key with "
            "`python -m services.index key --encryption`, set it for ingest, deliver and api, and keep it"
        ) from None
