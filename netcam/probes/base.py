"""The contract between a probe and the runner that feeds it.

A probe declares what it needs and turns answers into observations. It has no socket, sleep, try/except or print: `io`
carries scope, pace, clock and transport, and a decode failure becomes the sender's ProbeRun, not the probe's problem.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Generic, Protocol, TypeVar

from netcam.model import Endpoint, IPAddress, Observation, RunStatus

T = TypeVar("T")
Seen = Mapping[str, str | None] | Iterable[tuple[str, str | None]]
"""What an answer said: kind -> text; None and blank texts are left out."""


@dataclass(frozen=True, slots=True)
class AboutHost:
    """A question to the group about one host: sent once for each host that was found on the segment."""

    make: Callable[[IPAddress], bytes]


Question = bytes | Callable[[int], bytes] | AboutHost
"""A datagram, or what makes it: from the local port that it leaves from, for protocols that repeat the port inside, or
from the host that it is about."""


class Transport(StrEnum):
    """How a probe talks."""

    UDP_GROUP = "udp-group"  # asked once per interface by multicast and broadcast, and by unicast where that is wanted
    MDNS = "mdns"  # DNS-SD through its library, once per interface
    TCP = "tcp"  # one open port of one host
    LINK = "link"  # ARP: needs raw frames


class Privilege(StrEnum):
    """What a probe needs of the system."""

    NONE = "none"
    RAW = "raw"  # CAP_NET_RAW; without it the run is "skipped", with the reason


class Contact(IntEnum):
    """How close a probe comes to a device."""

    LISTEN = 0
    ASK = 1
    CONNECT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """When a TCP probe is worth running on an open port of a host.

    A port matches when it is in `ports`, when an observation of kind `named_by` is a URL of this host with the port, or
    when `unknown` is set and no other probe claimed the port.
    """

    ports: frozenset[int] = frozenset()
    named_by: str = ""  # only for probes that are run late, when discovery has spoken
    unknown: bool = False


ALWAYS = Trigger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSpec:
    """What a probe needs; the runner decides the rest.

    Attributes:
        name: the word used with `--without` and in the report's runs.
        summary: one line for people.
        transport: how it talks.
        ports: for UDP the destination port or ports, in the order of `messages`' default; with LISTEN, where it hears.
        groups: IPv4 multicast groups that are asked and joined.
        answer_groups: IPv4 multicast groups that are only joined, because devices send their answers there.
        groups6: IPv6 link-local groups.
        bind_port: local UDP port to bind when it is free (shared), because some devices answer there only; 0 for any.
        broadcast: also ask each interface's broadcast address.
        unicast: also ask hosts one by one, where the group could not be asked.
        shy: some firmware ignores the group, so hosts that did not answer it are asked one by one as well.
        about_hosts: its questions to the groups are about hosts, so it asks when hosts were found, and of those alone.
        timeout_s: how long answers may take after the last question.
        trigger: for TCP probes.
        privilege: RAW probes are skipped where it is not granted.
        contact: how close it comes.
        optional: whether it runs only when the operator asks for it by name.
        emits: every observation kind it may make.
    """

    name: str
    summary: str
    transport: Transport
    ports: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    answer_groups: tuple[str, ...] = ()
    groups6: tuple[str, ...] = ()
    bind_port: int = 0
    broadcast: bool = False
    unicast: bool = False
    shy: bool = False
    about_hosts: bool = False
    timeout_s: float = 3.0
    trigger: Trigger = ALWAYS
    privilege: Privilege = Privilege.NONE
    contact: Contact = Contact.ASK
    optional: bool = False
    emits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[T]):
    """One decoded answer and the address it came from, which is all that is trusted about it."""

    message: T
    endpoint: Endpoint
    observe: Callable[[Seen], tuple[Observation, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One HTTP header, in the case of the wire."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a TLS server showed. `der` is the leaf certificate, at most 16 kB."""

    der: bytes
    version: str  # "TLSv1.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """One HTTP answer as far as it came.

    `status` is None when the first line was no HTTP status line; then `raw` still holds what came. `headers` are in the
    order and case of the wire, repeats included. `body` is at most 64 kB, `error` says what cut the answer short.
    """

    url: str
    status: int | None
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    raw: bytes = b""
    certificate: Certificate | None = None
    error: str | None = None

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order; the name in any case."""
        return tuple(h.value for h in self.headers if h.name.lower() == name.lower())

    def one(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.all(name)), None)


class Stream(Protocol):
    """A TCP connection with a deadline; reads always take a maximum."""

    async def send(self, data: bytes) -> None: ...

    async def read(self, limit: int, wait_s: float) -> bytes:
        """At most `limit` bytes: what came within `wait_s` seconds, perhaps nothing; b"" too when the peer closed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page worth a request once a sign of its owner was seen; comes from signature files ([[page]])."""

    id: str
    path: str
    method: str = "GET"
    body: str = ""
    content_type: str = ""
    kind: str | None = None  # composite kind its 200 answer is decoded as ("isapi.deviceinfo")
    ports: frozenset[int] = frozenset()  # empty: any HTTP port


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One DNS-SD instance as resolved, with TXT values decoded and bounded."""

    type: str
    name: str
    host: str | None
    port: int | None
    txt: Mapping[str, str] = field(default_factory=dict)


class ProbeIO(Protocol):
    """All that a probe can do. Raises ScopeError before anything leaves for an address outside the scope."""

    @property
    def target(self) -> Endpoint:
        """The open port a TCP probe was started for; for group probes an endpoint without address."""
        ...

    @property
    def tls(self) -> bool:
        """Whether the open port is known to speak TLS first."""
        ...

    @property
    def seen(self) -> Sequence[Observation]:
        """What is known of the target host so far."""
        ...

    def ask(self, messages: Sequence[Question], decode: Callable[[bytes], T]) -> AsyncIterator[Reply[T]]:
        """Send the datagrams (paced, in this order) wherever the spec says; yield what decodes until the time is up.

        `decode` raises DecodeError for anything else; that becomes a `malformed` run for its sender.
        Our own questions that come back through the group are left out. Without messages, it only listens.
        """
        ...

    def services(self, types: Sequence[str]) -> AsyncIterator[Reply[Service]]:
        """DNS-SD instances of `types`, and of types the network announces."""
        ...

    def stream(self, *, tls: bool = False) -> AbstractAsyncContextManager[Stream]:
        """A connection to the target port."""
        ...

    async def http(
        self, path: str = "/", *, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpReply:
        """One request to the target port, TLS where `tls` says so; never with an Authorization header.

        The port's budget of 8 requests is kept here: past it, and for redirects that leave the host, the reply has
        `status` None and an `error`.
        """
        ...

    async def certificate(self) -> Certificate | None:
        """The certificate of the target port, old TLS versions included; None when it doesn't speak TLS."""
        ...

    def pages(self) -> Sequence[Page]:
        """Pages that what is known of the host so far makes worth a request, best first, each offered once."""
        ...

    def observe(self, seen: Seen) -> tuple[Observation, ...]:
        """Observations about the target."""
        ...

    def report(self, status: RunStatus, detail: str = "") -> None:
        """How asking went, where the runner can't tell by itself (a service that turned out to be another protocol)."""
        ...


class Probe(Protocol):
    """What the runner expects of a probe: what it declares, and how it asks."""

    @property
    def spec(self) -> ProbeSpec: ...

    def run(self, io: ProbeIO) -> AsyncIterator[Observation]: ...


Decoder = Callable[[bytes], Iterable[tuple[str, str | None]]]
"""Composite value as received -> finer (kind, text) pairs; raises DecodeError. A probe module lists its own in
`DECODERS: dict[str, Decoder]`, by the composite kind of the contract ("sadp"), and live scans use the same function."""
