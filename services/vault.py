"""Secrets at rest: Fernet tokens, under keys that can be replaced."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


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

    def encrypt(self, secret: str) -> str:
        """Return the secret as a token."""
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Return the secret. Raises Undecryptable."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise Undecryptable("the secret opens with no key of NEWS_ENCRYPTION_KEYS") from None


def unlocked(keys: str) -> Vault:
    """The vault of the settings. Raises SystemExit that says how to make a key."""
    try:
        return Vault(keys)
    except ValueError as error:
        raise SystemExit(
            f"NEWS_ENCRYPTION_KEYS: {error}. Secrets are stored encrypted: make a key with "
            "`python -m services.index key --encryption`, set it for ingest, deliver and api, and keep it"
        ) from None
