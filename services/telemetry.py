"""Logs (structlog), metrics (Prometheus) and liveness, the same in every process."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import make_wsgi_app

from services import settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class Progress:
    """Whether a process gets on with its work. Alive means progress, or waiting for something that it names.

    Written by the event loop, read by the metrics thread: a loop that hangs is seen, since it reports nothing.
    """

    def __init__(self, limit_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._now = now
        self._last = now()
        self._ready = False
        self._waiting_for = "start"

    def advanced(self) -> None:
        """Work was finished, or there was none to do."""
        self._last, self._ready, self._waiting_for = self._now(), True, ""

    def waiting(self, reason: str) -> None:
        """Nothing can be done until something outside is back: alive, but not ready."""
        self._last, self._ready, self._waiting_for = self._now(), False, reason

    def live(self) -> tuple[bool, str]:
        """(alive?, in words). False after limit_s without a sign of progress."""
        silent = self._now() - self._last
        return silent < self._limit_s, f"last progress {silent:.0f} s ago"

    def ready(self) -> tuple[bool, str]:
        """(ready?, in words)."""
        alive, words = self.live()
        return alive and self._ready, f"waiting for {self._waiting_for}" if self._waiting_for else words


def start(service: str) -> Progress:
    """Set up logging, serve /metrics, /live and /ready where a port is set, and return the process's Progress.

    Raises SystemExit with the variable's name when the port is in use.
    """
    configured = settings.Telemetry()
    _set_up_logs(service, configured.log_format, configured.log_level)
    progress = Progress(configured.liveness_s)
    if configured.metrics_port:
        _serve(configured.metrics_host, configured.metrics_port, progress)
    return progress


def _set_up_logs(service: str, log_format: str, level: str) -> None:
    """One line an event on stderr. Lines of libraries pass through the same processors."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(service),
    ]
    ending: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Repeats().allow)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending]
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("services").setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class Repeats:
    """Libraries say the same thing over and over while a server is away: once in EVERY_S is heard of it."""

    EVERY_S = 30.0

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._heard: dict[tuple[str, str], float] = {}

    def allow(self, record: logging.LogRecord) -> bool:
        """Whether the line is to be written. Our own always are."""
        if record.name.startswith("services"):
            return True
        said = (record.name, str(record.msg))
        if self._now() - self._heard.get(said, -self.EVERY_S) < self.EVERY_S:
            return False
        self._heard[said] = self._now()
        return True


def _named(service: str) -> structlog.typing.Processor:
    def add(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    return add


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; call as `log.info("what happened", key=value)`. `name` is the module's __name__."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it)
        """Probes come every few seconds: no line for each."""


def _serve(host: str, port: int, progress: Progress) -> None:
    metrics = make_wsgi_app()
    probes = {"/live": progress.live, "/ready": progress.ready}

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        probe = probes.get(environ.get("PATH_INFO", ""))
        if probe is None:
            answer: Iterable[bytes] = metrics(environ, start_response)
            return answer
        good, words = probe()
        start_response("200 OK" if good else "503 Service Unavailable", [("Content-Type", "text/plain; charset=utf-8")])
        return [words.encode() + b"\n"]

    try:
        server = make_server(host, port, app, server_class=_Server, handler_class=_Quiet)
    except OSError as error:
        sys.exit(
            f"cannot serve metrics on {host}:{port} ({error.strerror}): set NEWS_METRICS_PORT to a free port, or 0"
        )
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
