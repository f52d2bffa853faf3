"""A server of HTTP/2 and HTTP/1.1 over TLS on loopback, that counts its connections. `/hang` gets no answer."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import h2.config
import h2.connection
import h2.events

from tests.integration.certificates import self_signed


class Server:
    """What happened so far. protocols: of each connection, as TLS agreed."""

    def __init__(self) -> None:
        self.port = 0
        self.protocols: list[str] = []
        self.requests: list[str] = []
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = writer.get_extra_info("ssl_object").selected_alpn_protocol() or "none"
        self.protocols.append(protocol)
        self.open += 1
        try:
            await (self._http2(reader, writer) if protocol == "h2" else self._http1(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _http2(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        spoken = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        spoken.initiate_connection()
        writer.write(spoken.data_to_send())
        while data := await reader.read(65_536):
            for event in spoken.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    path = {bytes(name): bytes(value) for name, value in event.headers or ()}[b":path"].decode()
                    self.requests.append(path)
                    if path != "/hang":
                        spoken.send_headers(event.stream_id, [(":status", "200")])
                        spoken.send_data(event.stream_id, path.encode(), end_stream=True)
            writer.write(spoken.data_to_send())
            await writer.drain()

    async def _http1(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1].decode()
            self.requests.append(path)
            if path != "/hang":
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(path)}\r\n\r\n{path}".encode())
                await writer.drain()


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Server, Path]]:
    """The server, and the file of the certificate that it shows."""
    certificate, key = self_signed(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server, certificate
    finally:
        listening.close()
        await listening.wait_closed()
