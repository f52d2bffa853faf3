"""Applications of the demo on loopback ports, inside its own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

HOST = "127.0.0.1"


class PortInUse(Exception):
    """A port that the demo needs is taken; the message says what to set."""


def listen(port: int, purpose: str, setting: str) -> socket.socket:
    """A socket that listens on the port. Raises PortInUse."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"port {port}, for {purpose}, cannot be used ({error.strerror}). "
            f"Stop what listens there (another demo?), or set {setting} to another port"
        ) from error
    listener.listen()
    return listener


def require_free(port: int, purpose: str, setting: str) -> None:
    """Raises PortInUse unless a process that is started now can have the port."""
    listen(port, purpose, setting).close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the demo's to handle."""
        yield


@asynccontextmanager
async def serving(application: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """Serve the application while the block runs."""
    config = uvicorn.Config(application, log_config=None, lifespan="off", timeout_graceful_shutdown=2)
    server = _Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
