"""requests with a deadline that no server can stretch, and with every byte kept; imported by `http` when first needed.

The limits of requests are per read, so a server that drips bytes holds it for ever. Here the socket itself carries the
deadline, and keeps what came, because parsers of well-formed HTTP refuse much of what devices say.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from netcam.model import IPAddress
from netcam.net.addresses import family, to_socket
from netcam.net.gate import Gate
from netcam.net.http import BODY_LIMIT, RAW_LIMIT
from netcam.net.tcp import ACK_BYTES, SEGMENT_BYTES, Drip, acknowledgements, receive_window
from netcam.net.tls import certificate_of
from netcam.net.tls_context import device_context
from netcam.probes.base import Certificate

_REFUSED_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})

logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns of headers it can't parse, in the device's words


class RefusedHeaderError(ValueError):
    """A header that netcam never sends: a caller's mistake, not a device's."""


class Grab:
    """One request on one connection: its deadline, what came, and the certificate.

    `end` is a moment of the monotonic clock. It moves by the time spent waiting for the pace before sending; the time
    a slow device takes never moves it.
    """

    def __init__(self, gate: Gate, ip: IPAddress, port: int) -> None:
        self.gate, self.ip, self.port = gate, ip, port
        self.end = 0.0
        self.raw = bytearray()
        self.body = bytearray()
        self.error: Exception | None = None
        self.certificate: Certificate | None = None
        self.socket: socket.socket | None = None
        self._came = 0
        self._drip: Drip | None = None
        self._aborted = False

    def left(self) -> float:
        """Seconds until the deadline.

        Raises:
            TimeoutError: it has passed.
        """
        left = self.end - time.monotonic()
        if left <= 0 or self._aborted:
            raise TimeoutError("total deadline passed")
        return left

    def connect(self) -> socket.socket:
        """The one connection of this request, to its own address whatever the URL says."""
        if self.socket is not None:
            raise ConnectionError("a second connection was wanted for one request")
        self.gate.check(self.ip)
        sock = self.socket = _PlainSocket(family(self.ip), socket.SOCK_STREAM)
        self._drip = Drip(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_window(self.gate.pace))
        sock.settimeout(self.left())
        sock.connect(to_socket(self.ip, self.port))
        return sock

    def admit(self, packets: int, size_bytes: int) -> None:
        """Wait for the pace, which doesn't use up the deadline."""
        began = time.monotonic()
        self.gate.admit_blocking(self.ip, packets, size_bytes)
        self.end += time.monotonic() - began

    def receiving(self) -> float:
        """Seconds the next read may take, after waiting until the pace has room for its ACKs."""
        behind = self.gate.behind(self.ip)
        if behind > 0:
            time.sleep(min(behind, self.left()))
        return self.left()

    def received(self, data: memoryview) -> None:
        """Keep what came.

        Raises:
            ConnectionError: it is more than any answer needs, or comes drop by drop.
        """
        acks = acknowledgements(len(data))
        self.gate.charge(self.ip, acks, acks * ACK_BYTES)
        self._came += len(data)
        self.raw += data[: RAW_LIMIT - len(self.raw)]
        if self._drip is not None:
            self._drip.feed(len(data), time.monotonic())
        if self._came > RAW_LIMIT:
            raise ConnectionError(f"answer is longer than {RAW_LIMIT} bytes")

    def abort(self) -> None:
        """Make the thread that reads return; called from another one."""
        self._aborted = True
        if self.socket is not None:
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # not connected yet, or closed already


class _Here(threading.local):
    """The request this thread is at: the parts of urllib3 have no other way to hand it down."""

    grab: Grab


_here = _Here()


class _Bound(socket.socket):
    """A socket that obeys its request's deadline in whatever it does."""

    def recv_into(self, buffer: Any, *args: Any, **kwargs: Any) -> int:
        grab = _here.grab
        self.settimeout(grab.receiving())
        count = super().recv_into(buffer, *args, **kwargs)
        grab.received(memoryview(buffer)[:count])
        return count

    def sendall(self, data: Any, *args: Any, **kwargs: Any) -> None:
        segments = -(-len(data) // SEGMENT_BYTES)
        _here.grab.admit(segments, len(data) + segments * ACK_BYTES)
        self.settimeout(_here.grab.left())
        super().sendall(data, *args, **kwargs)


class _PlainSocket(_Bound):
    pass


class _TlsSocket(_Bound, ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        grab = _here.grab
        grab.socket = self  # it took over the plain one's descriptor
        grab.admit(4, 700 + 4 * ACK_BYTES)  # ClientHello, key exchange, and ACKs of what the server shows
        self.settimeout(grab.left())
        super().do_handshake(block)
        grab.certificate = certificate_of(self.getpeercert(binary_form=True), self.version())

    def send(self, data: Any, flags: int = 0) -> int:
        self.settimeout(_here.grab.left())
        return super().send(data, flags)


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _here.grab.connect()


class _Tls(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _here.grab.connect()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls

    def _validate_conn(self, conn: Any) -> None:
        if conn.is_closed:  # all that the original does, without its warning for every certificate nobody vouches for
            conn.connect()


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        self._context = device_context()
        self._context.sslsocket_class = _TlsSocket
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, attributes = super().build_connection_pool_key_attributes(request, verify, cert)
        pool: dict[str, Any] = dict(attributes)
        pool.pop("ca_certs", None)
        pool.update(cert_reqs="CERT_NONE", ssl_context=self._context)
        return host, pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing is verified: an identification goes over it, never a secret."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        for name in request.headers:
            if name.lower() in _REFUSED_HEADERS:
                raise RefusedHeaderError(f"netcam never sends {name}")
        return super().send(request, *args, **kwargs)


class Session:
    """A requests session for one worker thread: no proxies, no .netrc, no cookies, no connection used twice."""

    def __init__(self) -> None:
        self._requests = requests.Session()
        self._requests.trust_env = False
        self._requests.verify = False
        self._requests.headers.clear()
        self._requests.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._adapter = _Adapter(pool_connections=2, pool_maxsize=1, max_retries=0)
        self._requests.mount("http://", self._adapter)
        self._requests.mount("https://", self._adapter)

    def grab(
        self, grab: Grab, method: str, url: str, headers: Mapping[str, str], body: bytes, total_s: float
    ) -> None:
        """Make the request of `grab` within `total_s` and fill it in; what went wrong is left in `grab.error`.

        Raises:
            RefusedHeaderError: before anything leaves.
        """
        _here.grab = grab
        grab.end = time.monotonic() + total_s
        try:
            response = self._requests.request(
                method, url, data=body or None, headers=dict(headers), stream=True, allow_redirects=False,
                timeout=total_s,
            )
            while len(grab.body) < BODY_LIMIT and (part := response.raw.read1(BODY_LIMIT - len(grab.body))):
                grab.body += part
            if len(grab.body) == BODY_LIMIT:
                grab.error = ConnectionError(f"body was cut at {BODY_LIMIT} bytes")
        except RefusedHeaderError:
            raise
        except Exception as error:  # of requests, urllib3, http.client, ssl and plain ValueError: all were seen
            grab.error = error
        finally:
            # A server that keeps its connection open would get the next request on it.
            self._adapter.close()
            # Parsers still hold files on the socket, and `close` would wait for them.
            if grab.socket is not None and (descriptor := grab.socket.detach()) >= 0:
                socket.close(descriptor)
