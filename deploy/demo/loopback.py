"""Applications of the demo on loopback ports, inside its own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from deploy.demo.options import HOST


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the demo's to handle."""
        yield


@asynccontextmanager
async def serving(application: Starlette, port: int) -> AsyncIterator[None]:
    """Serve the application while the block runs; it listens from the start. Raises OSError where the port is taken."""
    server = _Server(uvicorn.Config(application, log_config=None, lifespan="off", timeout_graceful_shutdown=2))
    with socket.create_server((HOST, port)) as listener:
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await task
