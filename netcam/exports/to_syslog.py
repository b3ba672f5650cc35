"""Events as syslog messages (RFC 5424) over TLS (RFC 5425), TCP (RFC 6587, octets counted) or UDP (RFC 5426).

Syslog has no answers. Over TLS and TCP a batch counts as delivered when the collector closed the connection in return,
having read all of it; a batch that broke off is sent again, and `id` in the structured data tells the repeat.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from netcam.errors import ConfigError, ExportError
from netcam.exports.base import Done, Export, Item, Option, Settings
from netcam.exports.cef import encode_cef
from netcam.exports.events import OPTIONS, event, events, sentence, wanted
from netcam.exports.http import checked_url
from netcam.model.report import Report
from netcam.safetext import visible

PORTS: Mapping[str, int] = {"tls": 6514, "tcp": 601, "udp": 514}
FACILITIES: Mapping[str, int] = {
    "user": 1, "daemon": 3, "auth": 4, "syslog": 5, "authpriv": 10, "audit": 13, "alert": 14,
    **{f"local{n}": 16 + n for n in range(8)},
}  # fmt: skip
SEVERITY: Mapping[str, int] = {"device.listed": 4, "device.possible": 5, "device.new": 6}  # warning, notice, info
ENTERPRISE = "32473"  # for documentation (RFC 5612); an organisation that has its own number sets it
MESSAGE_BYTES = 8192  # what every collector over TLS should take (RFC 5425, 4.3.1)
DATAGRAM_BYTES = 2048  # what every collector should take (RFC 5424, 6.1)
DATAGRAM_GAP_S = 0.002  # a collector that is slower than a burst drops what doesn't fit its socket
PARAM_BYTES = 100  # of one value, so that structured data alone never fills a datagram
BOM = b"\xef\xbb\xbf"


class Syslog:
    """One collector; a connection for each batch."""

    name: ClassVar[str] = "syslog"
    once: ClassVar[bool] = True
    batch: ClassVar[int] = 100

    def __init__(
        self,
        url: str,
        *,
        types: frozenset[str],
        lists: Sequence[str] = (),
        context: ssl.SSLContext | None = None,
        timeout_s: float = 30.0,
        encode: Callable[[Mapping[str, Any]], bytes],
    ) -> None:
        parts = urlsplit(url)
        self._scheme, self._host = parts.scheme, parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._types, self._lists, self._context = types, tuple(lists), context
        self._timeout_s, self._encode = timeout_s, encode
        self._socket: socket.socket | None = None

    def items(self, reports: Sequence[Report]) -> Iterable[Item]:
        """The events, listed devices first."""
        return events(reports, self._types, self._lists)

    def compare(self, item: Item) -> Done:
        """A collector can't be asked what it has: the journal knows."""
        return Done.UPDATED if item.turn else Done.CREATED

    def put(self, item: Item) -> Done:
        """Send one message; whether it arrived is found out by `flush`."""
        message = self._encode(event(item))
        try:
            if self._socket is None:
                self._socket = self._connected()
            if self._scheme == "udp":
                self._socket.send(message)
                time.sleep(DATAGRAM_GAP_S)
            else:
                self._socket.sendall(b"%d %b" % (len(message), message))
        except (OSError, ValueError) as error:
            self._drop()
            raise self._failed(error) from None
        return Done.UPDATED if item.turn else Done.CREATED

    def flush(self) -> None:
        """Say that this is all, and wait until the collector has read it and closes too."""
        if self._socket is None or self._scheme == "udp":
            return
        try:
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket = self._socket.unwrap()
            self._socket.shutdown(socket.SHUT_WR)
            while self._socket.recv(4096):
                pass
        except TimeoutError:
            reason = f"the collector did not close within {self._timeout_s:g} s"
            raise ExportError("syslog", reason, retry=True) from None
        except OSError as error:
            # Many end TCP without a word of TLS. That is an end too: unread data would have made it a reset.
            ended = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or error.errno in (0, None)
            if not ended:
                raise self._failed(error) from None
        finally:
            self._drop()

    def close(self) -> None:
        """End the connection; what was not flushed counts as not delivered."""
        self._drop()

    def _connected(self) -> socket.socket:
        if self._scheme == "udp":
            family, _, _, _, address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0]
            sock = socket.socket(family, socket.SOCK_DGRAM)
            sock.settimeout(self._timeout_s)
            sock.connect(address)
            return sock
        sock = socket.create_connection((self._host, self._port), self._timeout_s)
        if self._context is None:
            return sock
        try:
            return self._context.wrap_socket(sock, server_hostname=self._host)
        except BaseException:
            sock.close()
            raise

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _failed(self, error: Exception) -> ExportError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return ExportError("syslog", f"its certificate is not trusted: {error.verify_message}", retry=False)
        if isinstance(error, TimeoutError):
            reason = f"no connection, or none that takes data, within {self._timeout_s:g} s"
            return ExportError("syslog", reason, retry=True)
        if isinstance(error, socket.gaierror):
            return ExportError("syslog", "its name can't be looked up", retry=True)
        if isinstance(error, ssl.SSLError):
            return ExportError("syslog", f"TLS failed: {error.reason or 'broken off'}", retry=True)
        said = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        return ExportError("syslog", visible(said).lower(), retry=isinstance(error, OSError))


def encode_syslog(
    told: Mapping[str, Any], *, facility: int, host: str, enterprise: str, limit: int, cef: bool = False
) -> bytes:
    """One event as an RFC 5424 message of at most `limit` bytes; only the text at its end is ever cut."""
    device, verdict = told["device"], told["verdict"] or {}
    priority = facility * 8 + SEVERITY[told["type"]]
    params = (
        ("id", told["id"]), ("site", told["site"]), ("scan", told["scan"]), ("device", device["id"]),
        ("ip", device["ip"]), ("mac", device["mac"]), ("type", device["device_type"]), ("maker", device["maker"]),
        ("brand", device["brand"]), ("model", device["model"]), ("firmware", device["firmware"]),
        ("list", verdict.get("list")), ("outcome", verdict.get("outcome")), ("basis", verdict.get("basis")),
    )  # fmt: skip
    data = "-"
    if not cef:
        data = f"[netcam@{enterprise} " + " ".join(f'{name}="{param(text)}"' for name, text in params if text) + "]"
    head = f"<{priority}>1 {timestamp(told['time'])} {host} netcam - {told['type']} {data} ".encode()
    message = encode_cef(told) if cef else sentence(told)
    body = (b"" if cef else BOM) + message.encode("utf-8", "replace")
    return cut(head + body, limit)


def param(text: str) -> str:
    """A PARAM-VALUE (RFC 5424, 6.3.3): quotes, backslashes and closing brackets escaped, bounded before that."""
    shown = cut(visible(text).encode("utf-8", "replace"), PARAM_BYTES).decode("utf-8")
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def timestamp(said: str) -> str:
    """A UTC text of the report as RFC 5424 wants it; "-" where it can't be read."""
    try:
        moment = datetime.fromisoformat(said.replace("Z", "+00:00"))
    except ValueError:
        return "-"
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cut(data: bytes, limit: int) -> bytes:
    """At most `limit` bytes, ending at a whole character."""
    return data if len(data) <= limit else data[:limit].decode("utf-8", "ignore").encode()


def _host_name(said: str) -> str:
    """A HOSTNAME: printable ASCII without spaces, at most 255 characters."""
    host = said or socket.gethostname()
    return "".join(c if c.isascii() and c.isprintable() and c != " " else "-" for c in host)[:255] or "-"


def _make(settings: Settings) -> Syslog:
    url = checked_url("syslog", settings.url, ("tls", "tcp", "udp"))
    scheme, form = urlsplit(url).scheme, settings.one("form", "rfc5424")
    facility, enterprise = settings.one("facility", "local0"), settings.one("enterprise", ENTERPRISE)
    if form not in ("rfc5424", "cef"):
        raise ConfigError("-O form: one of rfc5424, cef")
    if facility not in FACILITIES:
        raise ConfigError(f"-O facility: one of {', '.join(FACILITIES)}")
    if not all(part.isascii() and part.isdigit() for part in enterprise.split(".")) or len(enterprise) > 20:
        raise ConfigError("-O enterprise: a private enterprise number, such as 32473")
    context = None
    if scheme == "tls":
        try:
            context = ssl.create_default_context(cafile=settings.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"--ca-file {settings.ca_file}: {error.strerror or 'no certificate in it'}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if cert := settings.one("cert"):
            try:
                # Without a password of "" OpenSSL would ask for one on the terminal.
                context.load_cert_chain(cert, settings.one("key") or None, password="")
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(f"-O cert, -O key: {error.strerror or 'no certificate with its key'}") from None
    host, limit = _host_name(settings.one("host")), DATAGRAM_BYTES if scheme == "udp" else MESSAGE_BYTES

    def encode(told: Mapping[str, Any]) -> bytes:
        return encode_syslog(
            told, facility=FACILITIES[facility], host=host, enterprise=enterprise, limit=limit, cef=form == "cef"
        )

    return Syslog(
        url, types=wanted(settings), lists=settings.many("list"), context=context, timeout_s=settings.timeout_s,
        encode=encode,
    )  # fmt: skip


EXPORT = Export(
    name="syslog",
    title="events as syslog (RFC 5424) over TLS, TCP or UDP; also CEF",
    make=_make,
    options=(
        *OPTIONS,
        Option(name="form", help="rfc5424, or cef", default="rfc5424"),
        Option(name="facility", help=", ".join(FACILITIES), default="local0"),
        Option(name="enterprise", help="your private enterprise number, for the structured data", default=ENTERPRISE),
        Option(name="cert", help="a PEM file with the certificate that netcam shows the collector"),
        Option(name="key", help="a PEM file with its key, where the first doesn't hold it"),
        Option(name="host", help="the name of the sender; this machine's by default"),
    ),
    needs=frozenset({"url"}),
    takes=frozenset({"ca"}),
    url="tls://HOST:6514, tcp://HOST:601 or udp://HOST:514",
)
