"""The origin of a URL (RFC 6454): what is secret to one is sent to no other."""

import httpx

_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of a web address; None for what is none."""
    try:
        parsed = httpx.URL(url)
        return parsed.scheme, parsed.host, parsed.port or _PORTS[parsed.scheme]
    except (httpx.InvalidURL, UnicodeError, ValueError, KeyError):
        return None
