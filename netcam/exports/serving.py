"""`/metrics` of report files, read again when they change; what can't be read leaves the last good figures."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from netcam.errors import NetcamError
from netcam.exports.to_prometheus import dump_metrics
from netcam.model.report import Report

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_AT_ONCE = 16  # connections; who comes later is sent away
IDLE_S = 10.0  # a client that says nothing is left


class Metrics:
    """The metrics of some report files, as they are now."""

    def __init__(self, paths: Sequence[str], load: Callable[[str], Report]) -> None:
        self._paths, self._load = tuple(paths), load
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[int, int, int] | None] = {}
        self._reports: dict[str, Report] = {}
        self._bad: set[str] = set()
        self._data: bytes | None = None

    @property
    def unread(self) -> tuple[str, ...]:
        """The files that could not be read at the last look."""
        return tuple(path for path in self._paths if path in self._bad)

    def read(self) -> bytes:
        """The text of `/metrics`; files that did not change since the last look are not read again."""
        with self._lock:
            for path in self._paths:
                now = _mark(path)
                if path in self._seen and self._seen[path] == now:
                    continue
                self._seen[path], self._data = now, None
                try:
                    self._reports[path] = self._load(path)
                    self._bad.discard(path)
                except (NetcamError, OSError):
                    self._bad.add(path)  # half a file, or none: the earlier report counts until there is a whole one
            if self._data is None:
                self._data = dump_metrics(list(self._reports.values()), unread=len(self._bad))
            return self._data


class MetricsServer(ThreadingHTTPServer):
    """Serves `/metrics` alone; started with `serve_forever`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str, port: int, metrics: Metrics) -> None:
        """
        Raises:
            OSError: the address can't be had.
        """
        self.metrics = metrics
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        if ":" in host:
            import socket

            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """One connection in a thread of its own, if there is a place."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """What the thread does."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's trouble."""


class _Handler(BaseHTTPRequestHandler):
    timeout = IDLE_S
    server_version = "netcam"
    sys_version = ""
    server: MetricsServer

    def do_GET(self) -> None:
        self._answer(True)

    def do_HEAD(self) -> None:
        self._answer(False)

    def _answer(self, whole: bool) -> None:
        found = self.path.partition("?")[0] == "/metrics"
        data = self.server.metrics.read() if found else b"netcam: the metrics are at /metrics\n"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", CONTENT_TYPE if found else "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if whole:
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """No line for every scrape."""


def _mark(path: str) -> tuple[int, int, int] | None:
    """What changes when the file does; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
