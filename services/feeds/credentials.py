"""What a feed is logged in with: stored as a Fernet token, opened for the request only. Pure."""

import base64
import re
from typing import Final

import msgspec

from services.vault import Undecryptable, Vault

_COOKIE: Final = re.compile(r"[\x21-\x7e]+=[\x20-\x7e]*")


class Credentials(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """basic: user:password. cookie: the value of a Cookie header, name=value; name=value."""

    basic: str | None = None
    cookie: str | None = None


def problem(credentials: Credentials) -> str | None:
    """What is wrong with them, in words that do not repeat them."""
    if (credentials.basic is None) == (credentials.cookie is None):
        return "either user and password or a cookie"
    if credentials.basic is not None and (":" not in credentials.basic or not credentials.basic.isprintable()):
        return "user and password are written user:password, on one line"
    if credentials.cookie is not None and not _COOKIE.fullmatch(credentials.cookie):
        return "a cookie is written name=value, several with `; ` between them, in ASCII and on one line"
    return None


def sealed(credentials: Credentials, vault: Vault) -> str:
    """Return the token that is stored."""
    return vault.encrypt(msgspec.json.encode(credentials).decode())


def login(token: str, vault: Vault) -> dict[str, str]:
    """Return the header that logs in. Raises Undecryptable."""
    try:
        opened = msgspec.json.decode(vault.decrypt(token), type=Credentials)
    except msgspec.MsgspecError as error:
        raise Undecryptable("the stored credentials are of no known form: set them again") from error
    if opened.basic is not None:
        return {"Authorization": f"Basic {base64.b64encode(opened.basic.encode()).decode()}"}
    return {"Cookie": opened.cookie or ""}
