"""Await a condition that another process makes true."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(what: str, condition: Callable[[], Awaitable[T]], within_s: float = 30.0) -> T: ...


@overload
async def eventually(what: str, condition: Callable[[], T], within_s: float = 30.0) -> T: ...


async def eventually(what: str, condition: Callable[[], Any], within_s: float = 30.0) -> Any:
    """Return the condition's value once it is true. Raises AssertionError with `what` and the last value."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:.0f} s: {what}; last seen: {value!r}")
        await asyncio.sleep(0.05)
