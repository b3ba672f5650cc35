"""DNS-SD through the gate: services that an interface's neighbours announce, or one host behind a router.

zeroconf encodes and decodes the messages. Its own browser is not used: it tells what was announced but not which
address said so, and it sends as it likes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from ipaddress import ip_address

from netcam.errors import DecodeError
from netcam.model import IPAddress
from netcam.net.gate import Gate
from netcam.net.udp import GroupSocket
from netcam.probes.base import Service
from netcam.safetext import bounded
from netcam.wire.mdns_txt import decode_txt

PORT = 5353
GROUPS = {4: ip_address("224.0.0.251"), 6: ip_address("ff02::fb")}
ALL_TYPES = "_services._dns-sd._udp.local."  # RFC 6763, section 9

TYPES_LIMIT = 64  # types asked for, ours first: a host can announce as many as it likes
NAMES_LIMIT = 256  # instances of one network
NAMES_OF_ONE_LIMIT = 32  # instances of one sender
MESSAGE_LIMIT = 16_384  # bytes of one answer; RFC 6762, section 17, allows 9000
REPEATS = 3  # times a question is asked
ROUND_S = 0.75

_PTR, _TXT, _SRV, _IN = 12, 16, 33, 1  # RFC 1035, RFC 2782
_TYPE = re.compile(r"_[a-z0-9][a-z0-9_-]{0,62}\._(?:tcp|udp)\.local\.", re.IGNORECASE)

Question = tuple[str, int]


@dataclass(slots=True)
class _Instance:
    """What one sender said of one instance so far."""

    type: str
    name: str
    host: str | None = None
    port: int | None = None
    txt: dict[str, str] | None = None
    asked: int = 0
    told: bool = False

    @property
    def complete(self) -> bool:
        return self.host is not None and self.txt is not None

    def service(self) -> Service:
        return Service(
            type=self.type, name=bounded(self.name, 255), host=bounded(self.host, 255) if self.host else None,
            port=self.port, txt=self.txt or {},
        )


@dataclass(slots=True)
class _Known:
    """Types asked for, by lower-case name, with how often; and instances by sender and lower-case name."""

    types: dict[str, int]
    instances: dict[tuple[IPAddress, str], _Instance] = field(default_factory=dict)
    hosts: dict[IPAddress, int] = field(default_factory=dict)

    def questions(self) -> Iterator[Question]:
        """What to ask in the next round."""
        for name, asked in self.types.items():
            if asked < REPEATS:
                self.types[name] = asked + 1
                yield name, _PTR
        names: set[str] = set()
        for (_, key), instance in self.instances.items():
            if not instance.complete and instance.asked < REPEATS - 1:
                instance.asked += 1
                if key not in names:
                    names.add(key)
                    yield instance.name, _SRV
                    yield instance.name, _TXT

    def read(self, data: bytes, sender: IPAddress) -> None:
        """Take in one message; a question, or one that can't be read, changes nothing."""
        from zeroconf import DNSIncoming, DNSPointer, DNSService, DNSText  # type: ignore[attr-defined]

        message = DNSIncoming(data[:MESSAGE_LIMIT])
        if not message.valid or not message.is_response():
            return
        answers = message.answers()
        for record in answers:  # pointers first, wherever they stand: the others hang on them
            if isinstance(record, DNSPointer):
                self._point(record.name, record.alias, sender)
        for record in answers:
            instance = self.instances.get((sender, record.name.lower()))
            if instance is None:
                continue
            if isinstance(record, DNSService) and instance.host is None:
                instance.host, instance.port = record.server, record.port
            elif isinstance(record, DNSText) and instance.txt is None:
                try:
                    instance.txt = decode_txt(record.text)
                except DecodeError:
                    instance.txt = {}

    def _point(self, type: str, name: str, sender: IPAddress) -> None:
        if type.lower() == ALL_TYPES:
            if _TYPE.fullmatch(name) and len(self.types) < TYPES_LIMIT:
                self.types.setdefault(name.lower(), 0)
            return
        key = (sender, name.lower())
        of_sender = self.hosts.get(sender, 0)
        if (
            key not in self.instances
            and _TYPE.fullmatch(type)
            and name.lower().endswith("." + type.lower())
            and len(self.instances) < NAMES_LIMIT
            and of_sender < NAMES_OF_ONE_LIMIT
        ):
            self.instances[key] = _Instance(type=type, name=name)
            self.hosts[sender] = of_sender + 1

    def untold(self, *, incomplete: bool = False) -> Iterator[tuple[IPAddress, Service]]:
        """Instances that were not handed out yet: the complete ones, or all that are left."""
        for (sender, _), instance in self.instances.items():
            if not instance.told and (incomplete or instance.complete):
                instance.told = True
                yield sender, instance.service()


async def browse(
    gate: Gate, interface_ip: IPAddress, types: Sequence[str], duration_s: float, *, interface: str | None = None
) -> AsyncGenerator[tuple[IPAddress, Service], None]:
    """Instances of `types` and of the types announced, each with the address that said so, for `duration_s` seconds.

    An instance comes when its SRV and TXT are known, or at the end with what is known. The sender may lie outside the
    scope: the caller drops it then.

    Raises:
        ScopeError: the operator excluded the mDNS group.
        OSError: the interface is gone.
    """
    group = GROUPS[interface_ip.version]
    gate.allow_group(group)
    async with (
        GroupSocket(
            gate, interface=interface, interface_ip=interface_ip, groups=[group], group_port=PORT, bind_port=PORT
        ) as sock,
        aclosing(_explore(sock, group, types, duration_s)) as found,
    ):
        async for sender, service in found:
            yield sender, service


async def ask_host(
    gate: Gate, ip: IPAddress, types: Sequence[str], timeout_s: float
) -> AsyncGenerator[tuple[IPAddress, Service], None]:
    """`browse` for one host, asked by unicast, which routers let through (RFC 6762, section 5.5).

    Raises:
        ScopeError: before a packet leaves.
        OSError: no way to the host.
    """
    gate.check(ip)
    anywhere = ip_address("0.0.0.0") if ip.version == 4 else ip_address("::")  # noqa: S104  # the routing table chooses
    async with (
        GroupSocket(gate, interface_ip=anywhere) as sock,
        aclosing(_explore(sock, ip, types, timeout_s, only=ip)) as found,
    ):
        async for sender, service in found:
            yield sender, service


async def _explore(
    sock: GroupSocket, to: IPAddress, types: Sequence[str], duration_s: float, *, only: IPAddress | None = None
) -> AsyncGenerator[tuple[IPAddress, Service], None]:
    loop = asyncio.get_running_loop()
    end = loop.time() + duration_s
    known = _Known({ALL_TYPES: 0} | {t.lower(): 0 for t in types[: TYPES_LIMIT - 1]})
    # A first question may be answered to us alone; the repeats are for responders that don't know that bit.
    unicast = True
    while (now := loop.time()) < end:
        for packet in _encode(known.questions(), unicast=unicast):
            await sock.send(packet, (to, PORT))
        unicast = False
        round_end = min(end, now + ROUND_S)
        while (wait_s := round_end - loop.time()) > 0 and (came := await sock.receive(wait_s)):
            data, (sender, _) = came
            if only is None or sender == only:
                known.read(data, sender)
                for found in known.untold():
                    yield found
    for found in known.untold(incomplete=True):
        yield found


def _encode(questions: Iterable[Question], *, unicast: bool) -> list[bytes]:
    """The questions in as few messages as hold them; one whose name can't be encoded is left out."""
    from zeroconf import DNSOutgoing, DNSQuestion, NamePartTooLongException  # type: ignore[attr-defined]

    def message(some: Sequence[Question]) -> list[bytes]:
        out = DNSOutgoing(0)  # a query
        for name, kind in some:
            question = DNSQuestion(name, kind, _IN)
            question.unicast = unicast
            out.add_question(question)
        return list(out.packets()) if some else []

    asked = list(questions)
    try:
        return message(asked)
    except NamePartTooLongException:  # an instance's name is a device's text
        return message([(name, kind) for name, kind in asked if kind == _PTR])
