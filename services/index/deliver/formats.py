"""The body as an endpoint's format wants it."""

from services.index.deliver.endpoints import Format


def shaped(form: Format, body: bytes) -> bytes:
    """Return the bytes to send."""
    return body
