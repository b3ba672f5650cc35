"""HTTP to the user's own systems, through requests: verified TLS, one deadline for all of a request, bounded answers.

Not for devices: those are asked through the gate in `net/`, without any credential.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from netcam import __version__
from netcam.errors import ConfigError, ExportError
from netcam.safetext import visible

ANSWER_LIMIT = 16 * 1024 * 1024  # bytes, unpacked; a page of a thousand devices has some MB
CONNECT_S = 10.0
SHOWN = 200  # characters of an answer's body in an error
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # the same request may be taken later


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class _Here(threading.local):
    watch: _Watch | None = None


_here = _Here()


class _Watch:
    """Ends the connection under way when the time is up, whatever the server drips; one for each request."""

    def __init__(self, total_s: float) -> None:
        self.late = False
        self._lock = threading.Lock()
        self._guard: socket.socket | None = None
        self._timer = threading.Timer(total_s, self._end)
        self._timer.daemon = True

    def __enter__(self) -> _Watch:
        _here.watch = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        _here.watch = None
        self._timer.cancel()
        self._timer.join()
        self.over(None)

    def over(self, sock: socket.socket | None) -> None:
        """This is the connection now. It is held by a handle of its own: TLS takes the descriptor of `sock` over, and
        a server that will close makes http.client forget it before the body is read."""
        with self._lock:
            if self._guard is not None:
                self._guard.close()
            self._guard = None if sock is None else socket.fromfd(sock.fileno(), sock.family, sock.type)
            if self.late:
                self._shut()

    def _end(self) -> None:
        with self._lock:
            self.late = True
            self._shut()

    def _shut(self) -> None:
        if self._guard is not None:
            try:
                self._guard.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is over already


class _Guarded(HTTPConnection):
    """A connection that the watch can end at any moment, while TLS is being made too."""

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        if _here.watch is not None:
            _here.watch.over(sock)
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        if _here.watch is not None and self.sock is not None:  # one that was kept from an earlier request
            _here.watch.over(self.sock)
        super().request(*args, **kwargs)


class _GuardedTls(_Guarded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTls


_POOLS = {"http": _Pool, "https": _TlsPool}


class _Adapter(HTTPAdapter):
    def __init__(self, total_s: float, limit: int) -> None:
        self._total_s, self._limit = total_s, limit
        super().__init__(max_retries=0)  # retries are counted in one place, by the runner

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def close(self) -> None:
        """End the connections now; the pools' own end waits for the garbage collector."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - the container can't be walked otherwise
                manager.pools[key].close()
        super().close()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.update(stream=True, timeout=(min(CONNECT_S, self._total_s), self._total_s))
        with _Watch(self._total_s) as watch:
            try:
                response = super().send(request, *args, **kwargs)
                body = bytearray()
                try:
                    for part in response.iter_content(65536):
                        body += part
                        if len(body) > self._limit:
                            raise TooLongError(f"the answer is longer than {self._limit} bytes")
                except BaseException:
                    response.close()
                    raise
            except requests.RequestException as error:
                if watch.late:
                    raise requests.exceptions.ReadTimeout("the deadline passed", request=request) from error
                raise
            if watch.late:  # what was cut off then may look like an answer without a body
                raise requests.exceptions.ReadTimeout("the deadline passed", request=request)
        response._content = bytes(body)  # as requests itself keeps it
        return response


class TooLongError(requests.RequestException):
    """An answer longer than any that is needed."""


class Session(requests.Session):
    """A session for one destination: netcam's name, bounded answers, no .netrc, no redirect to another host.

    Proxies are taken from the environment, as requests does it. A redirect elsewhere, or of anything but GET and HEAD,
    is not followed: its answer comes back as it is.
    """

    def __init__(self, *, ca_file: str | None = None, total_s: float = 30.0, limit: int = ANSWER_LIMIT) -> None:
        super().__init__()
        self._ca_file = ca_file
        self.headers["User-Agent"] = f"netcam/{__version__}"
        self.auth = _as_it_is
        self.max_redirects = 5
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(total_s, limit))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None or resp.request.method not in ("GET", "HEAD"):
            return None
        old, new = urlsplit(resp.url), urlsplit(requests.compat.urljoin(resp.url, target))
        same = (old.scheme, old.hostname, old.port) == (new.scheme, new.hostname, new.port)
        return target if same else None

    def merge_environment_settings(self, *args: Any, **kwargs: Any) -> Any:
        settings = super().merge_environment_settings(*args, **kwargs)
        if self._ca_file is not None:
            settings["verify"] = self._ca_file  # else REQUESTS_CA_BUNDLE would win over what was asked for
        return settings


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Instead of a user name and password out of .netrc."""
    return request


class Http:
    """Requests to one server; what goes wrong becomes an ExportError that holds no secret and no path of a URL."""

    def __init__(
        self,
        destination: str,
        url: str,
        *,
        ca_file: str | None = None,
        total_s: float = 30.0,
        secrets: tuple[str, ...] = (),
    ) -> None:
        """
        Args:
            url: what `request` paths are put behind.
            secrets: texts that are cut out of everything that is said.
        Raises:
            ConfigError: a URL that can't be used.
        """
        self.destination = destination
        self.url = checked_url(destination, url)
        self.session = Session(ca_file=ca_file, total_s=total_s)
        self._total_s = total_s
        self._secrets = tuple(sorted(filter(None, secrets), key=len, reverse=True))

    def request(
        self, method: str, path: str = "", *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request and its whole answer, whatever its status below 300.

        Raises:
            ExportError: no answer, half of one, or one that says no; `retry` and `after_s` say what then.
        """
        try:
            response = self.session.request(method, self.url + path, data=body, headers=dict(headers or {}))
        except (requests.RequestException, OSError, ValueError) as error:
            reason, retry = self._why(error)
            raise ExportError(self.destination, reason, retry=retry) from None  # its text holds the URL
        status, found = response.status_code, {name.lower(): value for name, value in response.headers.items()}
        if 300 <= status < 400:
            raise ExportError(self.destination, f"answered {status}: a redirect that is not followed", retry=False)
        if status >= 400:
            said = self.hidden(" ".join(response.content[: 4 * SHOWN].decode("utf-8", "replace").split()))
            raise ExportError(
                self.destination,
                f"answered {status}{': ' if said else ''}{visible(said, SHOWN)}",
                retry=status in AGAIN,
                after_s=retry_after(found.get("retry-after")),
            )
        return Answer(status=status, headers=found, body=response.content)

    def hidden(self, text: str) -> str:
        """`text` without any of the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def close(self) -> None:
        """End the connections."""
        self.session.close()

    def _why(self, error: BaseException) -> tuple[str, bool]:
        if isinstance(error, TooLongError):
            return str(error), False
        if isinstance(error, requests.exceptions.Timeout):
            return f"no whole answer within {self._total_s:g} s", True
        if isinstance(error, requests.exceptions.TooManyRedirects):
            return "too many redirects", False
        for cause in _causes(error):
            if isinstance(cause, ssl.SSLCertVerificationError):
                return f"its certificate is not trusted: {visible(cause.verify_message or 'not verified')}", False
        if isinstance(error, requests.exceptions.ProxyError):
            return "the proxy did not carry the request", True
        for cause in _causes(error):
            if isinstance(cause, socket.gaierror):
                return "its name can't be looked up", True
            if isinstance(cause, ssl.SSLError):
                return f"TLS failed: {cause.reason or 'broken off'}", True
            if isinstance(cause, ConnectionError) and cause.strerror:
                return cause.strerror.lower(), True
        if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.ChunkedEncodingError):
            return "the connection ended before the answer was whole", True
        if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
            return visible(self.hidden(error.strerror or type(error).__name__)), False
        return f"the request can't be made: {type(error).__name__}", False


def _causes(error: BaseException) -> list[BaseException]:
    """The error and those behind it: causes, and errors that libraries carry as arguments."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo and len(found) < 30:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            todo += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return found


def checked_url(destination: str, url: str, schemes: tuple[str, ...] = ("https", "http")) -> str:
    """`url` without a slash at its end.

    Raises:
        ConfigError: not such a URL, or one with a user name or password in it; the text doesn't repeat it.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url:
        raise ConfigError(f"{destination}: --url: expected {' or '.join(f'{scheme}://HOST' for scheme in schemes)}")
    if "@" in parts.netloc:
        raise ConfigError(f"{destination}: --url holds a user name or password; secrets come by --token-env or -file")
    return url.rstrip("/")


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3); None where it says nothing that can be read."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
