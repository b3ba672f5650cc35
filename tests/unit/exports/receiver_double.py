"""A receiver of events on loopback: it keeps each event once by its id, checks signatures, and has bad days."""

import base64
import hmac
import socket
import struct
import threading
import time
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = b"a key of more than sixteen bytes"
# What befalls a request: whether the event is kept is written beside it, because a client can't know.
BEFORE = ("429", "500", "503", "reset", "silent", "closed")  # nothing kept
AFTER = ("lost", "half", "drip", "late-500")  # kept, and the answer doesn't say so


class Receiver:
    """`trouble(n)` names what befalls request `n` (from 0), or None."""

    def __init__(self, trouble=lambda n: None, *, retry_after="0", redirect=None, keep=True):
        self.trouble, self.retry_after, self.redirect = trouble, retry_after, redirect
        self.kept = {}  # id -> body, as a receiver that knows repeats keeps it
        self.bodies = []  # every body that was kept, repeats too
        self.requests = []  # (headers in lower case, body)
        self.unsigned = 0
        self.lock = threading.Lock()
        self.keep = keep  # connections stay open for the next request
        self.stop = threading.Event()


def signed(headers, body):
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    good = base64.b64encode(hmac.new(KEY, text, sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 60
    return fresh and headers.get("webhook-signature") == f"v1,{good}"


@contextmanager
def receiving(receiver, context=None):
    """The URL of `receiver`; with a server's TLS `context`, https."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_GET(self):
            self._say(200, b"fine")

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with receiver.lock:
                trouble = receiver.trouble(len(receiver.requests))
                receiver.requests.append((headers, body))
                if trouble not in BEFORE:
                    if "webhook-signature" in headers and not signed(headers, body):
                        receiver.unsigned += 1
                        return self._say(401, b"bad signature")
                    if receiver.redirect is None:
                        receiver.kept.setdefault(headers.get("webhook-id"), body)
                        receiver.bodies.append(body)
            if receiver.redirect is not None:
                return self._say(307, b"", {"Location": receiver.redirect})
            self.close_connection = trouble is not None or not receiver.keep
            if trouble in ("429", "500", "503"):
                return self._say(int(trouble), b"try " + KEY, {"Retry-After": receiver.retry_after})
            if trouble == "late-500":
                return self._say(500, b"stored, and then it broke")
            if trouble == "reset":
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return None
            if trouble == "silent":
                receiver.stop.wait(20)
                return None
            if trouble == "half":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
                return None
            if trouble == "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                with suppress(OSError):
                    while not receiver.stop.wait(0.02):
                        self.wfile.write(b"x")
                return None
            if trouble in ("lost", "closed"):
                return None
            return self._say(204, b"")

        def _say(self, status, body, headers=None):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass  # clients that gave up

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        receiver.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
