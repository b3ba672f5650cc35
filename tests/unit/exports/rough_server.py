"""A web server on loopback that answers as told, and now and then as real ones do on a bad day."""

import json
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TROUBLE = ("throttled", "broken", "busy", "silent", "half", "lost", "page")


class Refused(Exception):
    """The application's own answer of failure: status and what it says."""

    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


class Rough:
    """An application behind a server. `trouble(n, method, path)` names what befalls request `n`, or None."""

    def __init__(self):
        self.trouble = lambda n, method, path: None
        self.requests = []  # (method, path with query, JSON or None)
        self.headers = []
        self.lock = threading.Lock()

    def answer(self, method, path, query, body):
        """(status, value) of one request; raises Refused."""
        raise NotImplementedError

    def allowed(self, headers):
        return True

    def extra_headers(self):
        return {}

    @property
    def writes(self):
        return [(method, path, body) for method, path, body in self.requests if method != "GET"]


@contextmanager
def serving(app):
    """The address of `app` on loopback."""

    faults, open_ones = [], set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body in one packet, or each answer waits for an acknowledgement

        def setup(self):
            open_ones.add(self.request)
            super().setup()

        def log_message(self, *args):
            pass

        def _handle(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            data = json.loads(body) if body else None
            parts = urlsplit(self.path)
            with app.lock:
                number = len(app.requests)
                app.requests.append((self.command, self.path, data))
                app.headers.append(dict(self.headers))
                trouble = app.trouble(number, self.command, parts.path)
                if trouble == "throttled":
                    return self._send(429, {"detail": "Too many"}, {"Retry-After": "0"})
                if trouble == "broken":
                    return self._send(500, {"error": "broken"})
                if trouble == "busy":
                    return self._send(503, None)
                if trouble == "page":
                    return self._raw(200, b"<html><body>Sign in</body></html>", "text/html")
                if trouble != "silent":
                    try:
                        if not app.allowed(self.headers):
                            raise Refused(403, {"detail": "Invalid token"})
                        status, value = app.answer(self.command, parts.path, parse_qs(parts.query), data)
                    except Refused as refused:
                        status, value = refused.status, refused.body
            if trouble == "silent":
                self.rfile.read(1)  # until the other end has waited long enough
                self.close_connection = True
                return None
            if trouble == "lost":  # done, and nobody is told
                self.close_connection = True
                return None
            if trouble == "half":
                raw = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw[: len(raw) // 2])
                self.close_connection = True
                return None
            return self._send(status, value)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _handle

        def _send(self, status, value, headers=None):
            raw = b"" if value is None else json.dumps(value).encode()
            self._raw(status, raw, "application/json", headers)

        def _raw(self, status, raw, type, headers=None):
            self.send_response(status)
            self.send_header("Content-Type", type)
            self.send_header("Content-Length", str(len(raw)))
            for key, text in {**app.extra_headers(), **(headers or {})}.items():
                self.send_header(key, text)
            self.end_headers()
            self.wfile.write(raw)

    class Server(ThreadingHTTPServer):
        daemon_threads = False
        block_on_close = True

        def handle_error(self, request, client_address):
            fault = sys.exc_info()[1]
            if not isinstance(fault, ConnectionError):  # a client that gave up while being answered
                faults.append(fault)

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        app.base = f"http://127.0.0.1:{server.server_address[1]}"
        yield app.base
    finally:
        server.shutdown()
        for connection in open_ones:  # kept alive by a client that somebody still holds
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        server.server_close()
        thread.join()
    if faults:
        raise faults[0]
