"""A response's body, inflated no further than its limit: a gzip bomb of 2 MB would otherwise take 300 MB."""

import zlib

import httpx

ACCEPT_ENCODING = "gzip"  # what read_capped undoes
_GZIP = zlib.MAX_WBITS | 16


class TooLargeError(Exception):
    """The body is larger than the limit."""


class EncodingError(Exception):
    """The body is compressed in a way that was not asked for, or broken, or ends too early."""


async def read_capped(response: httpx.Response, limit: int) -> bytes:
    """Return the body, of at most `limit` bytes when inflated.

    Raises TooLargeError as soon as it is larger, EncodingError, and what httpx raises while reading.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        return await _inflated(response, limit)
    if encoding not in ("identity", ""):
        raise EncodingError(f"Content-Encoding {encoding!r} was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"more than {limit} bytes")
    return bytes(body)


def inflated(body: bytes, limit: int) -> bytes:
    """Return what a gzip file holds, of at most `limit` bytes. Raises EncodingError and TooLargeError."""
    inflate = zlib.decompressobj(_GZIP)
    try:
        content = inflate.decompress(body, limit + 1)
    except zlib.error as error:
        raise EncodingError(f"broken gzip: {error}") from error
    if len(content) > limit:
        raise TooLargeError(f"more than {limit} bytes, inflated")
    if not inflate.eof:
        raise EncodingError("the gzip body ends too early")
    return content


async def _inflated(response: httpx.Response, limit: int) -> bytes:
    body, inflate, begun = bytearray(), zlib.decompressobj(_GZIP), False
    async for chunk in response.aiter_raw():
        rest = chunk
        begun = begun or bool(chunk)
        while rest:
            try:
                body += inflate.decompress(rest, limit + 1 - len(body))
            except zlib.error as error:
                raise EncodingError(f"broken gzip: {error}") from error
            if len(body) > limit:
                raise TooLargeError(f"more than {limit} bytes, inflated")
            rest = inflate.unconsumed_tail
            if inflate.eof and inflate.unused_data:  # several members may follow each other: RFC 1952, 2.2
                rest, inflate = inflate.unused_data, zlib.decompressobj(_GZIP)
    if begun and not inflate.eof:
        raise EncodingError("the gzip body ends too early")
    return bytes(body)
