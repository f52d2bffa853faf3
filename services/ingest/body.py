"""Reading a response's body without being flooded by it."""

import zlib
from typing import Final

import httpx

ACCEPT_ENCODING: Final = "gzip, deflate"  # what read_capped undoes
_AUTOMATIC: Final = zlib.MAX_WBITS | 32  # gzip or zlib, told by its header


class TooLarge(Exception):
    """The body, decompressed, is larger than the limit."""


class BadEncoding(Exception):
    """The body is compressed in a way that was not asked for, or broken, or it ends too early."""


async def read_capped(response: httpx.Response, limit: int) -> bytes:
    """Return the decompressed body, of at most `limit` bytes; a gzip bomb is never inflated beyond them.

    Raises TooLarge, BadEncoding, and what httpx raises while reading.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
        return await _read_compressed(response, limit)
    if encoding not in ("identity", "none", ""):
        raise BadEncoding(f"content-encoding {encoding!r} was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"more than {limit} bytes")
    return bytes(body)


async def _read_compressed(response: httpx.Response, limit: int) -> bytes:
    body, inflate, started = bytearray(), zlib.decompressobj(_AUTOMATIC), False
    async for chunk in response.aiter_raw():
        started = started or bool(chunk)
        while chunk:
            try:
                body += inflate.decompress(chunk, limit + 1 - len(body))
            except zlib.error as error:
                raise BadEncoding(f"broken compression: {error}") from error
            if len(body) > limit:
                raise TooLarge(f"more than {limit} bytes, decompressed")
            chunk = inflate.unconsumed_tail
            if inflate.eof and inflate.unused_data:  # gzip allows several members, RFC 1952, 2.2
                chunk, inflate = inflate.unused_data, zlib.decompressobj(_AUTOMATIC)
    if started and not inflate.eof:
        raise BadEncoding("the compressed body ends too early")
    return bytes(body)
