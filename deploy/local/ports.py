"""Ports on the loopback interface."""

import random
import socket
from collections.abc import Sequence

import psutil

from deploy.local.errors import LocalStackError

HOST = "127.0.0.1"
# Below the range from which systems give ports to outgoing connections: a port of that range can be lost to a client
# while its server restarts, even to the client that tries to reach the server.
SEARCHED = range(20_000, 30_000)


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    with socket.socket() as probe:  # macOS lets one bind beside a listener on all interfaces
        return probe.connect_ex((HOST, port)) != 0


def free_port(among: Sequence[int] = SEARCHED) -> int:
    """Return a free port, chosen at random so that two searches at the same time rarely meet."""
    for port in random.sample(among, len(among)):
        if is_free(port):
            return port
    raise LocalStackError(f"no port between {among[0]} and {among[-1]} is free on {HOST}")


def require_free(port: int, server: str, changed_by: str) -> None:
    """Raise LocalStackError, naming the port, its holder and how to choose another, unless the port is free."""
    if not is_free(port):
        raise LocalStackError(f"port {port} ({server}) is in use by {_holder(port)}; choose another with {changed_by}")


def listens(pid: int, port: int) -> bool:
    """Return whether it is this process that listens on the port. Raises psutil.NoSuchProcess when it is gone."""
    connections = psutil.Process(pid).net_connections("tcp")
    return any(found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port for found in connections)


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass  # other users' processes may be hidden from us
    return "another process"
