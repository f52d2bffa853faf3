"""The demo's keys: made once and kept, since what an earlier run stored is read and signed with them."""

import os
from pathlib import Path

import msgspec


class Keys(msgspec.Struct, frozen=True):
    """For NEWS_API_KEYS, for NEWS_ENCRYPTION_KEYS, and the secret of the receiver's webhooks."""

    api: str
    encryption: str
    webhook: str


def kept(file: Path) -> Keys:
    """The keys in the file, which is made (readable for its owner alone) where it is missing."""
    if not file.exists():
        from services.index import key
        from services.index.deliver import signature  # imported here: every later run does without

        file.parent.mkdir(parents=True, exist_ok=True)
        made = msgspec.json.encode(Keys(key.api_key(), key.encryption_key(), signature.new_secret()))
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(made)
    return msgspec.json.decode(file.read_bytes(), type=Keys)
