"""ARP and TCP SYN by raw frames, Linux only: scope, pace and meaning; the frames are l2_worker.py's."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import secrets
import socket
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any, TypeVar

from netcam.errors import ConfigError, NetcamError, PrivilegeError
from netcam.model import IPAddress, canonical_mac
from netcam.net import neighbours
from netcam.net.gate import Gate
from netcam.net.interfaces import Interface
from netcam.net.privileges import CAP_NET_RAW, raw_frames
from netcam.net.tcp import PortState
from netcam.net.worker import WorkerProcess

log = logging.getLogger(__name__)

T = TypeVar("T")

ARP_BYTES = SYN_BYTES = 60  # a short frame as the wire pads it
RST_BYTES = 60

BATCH = 16  # frames handed over together, and
BATCH_S = 0.005  # for how long they may be collected: the gate's schedule has room for both
ANSWER_TIMEOUT_S = 20.0  # for the worker to say that a batch has left
SPACING_S = 1.0  # between two questions to one host
LAST_LOOK_S = 0.3  # after everybody has answered: a second MAC for the same address answers as quickly
SYN_PASSES = 2
# Pairs of address and MAC kept in one round: a flood of invented ones must not fill the memory.
PAIR_LIMIT = 131072
NEWS_LIMIT = 65536  # the same for news that nobody has taken yet

_SYN_ACK, _RST, _ACK = 0x12, 0x04, 0x10
_RTF_GATEWAY = 0x2  # include/uapi/linux/route.h
_PORT_UNREACHABLE = 3  # RFC 792; connect() calls it refused, and so do we


@dataclass(frozen=True, slots=True, kw_only=True)
class ArpAnswer:
    """One address and the MAC that somebody on the segment gave for it.

    `asked` is False for what was said without our question. `rtt_s` counts from the first question, so it is an upper
    bound where a frame was lost; None when nothing had been asked.
    """

    ip: IPv4Address
    mac: str
    rtt_s: float | None
    asked: bool


@dataclass(slots=True)
class _Round:
    """What comes from the worker while one round of questions is under way."""

    heard: asyncio.Queue[tuple[str, list[Any], float] | BaseException | None]
    sent: dict[int, asyncio.Future[float]]


class L2Worker:
    """The worker of one interface; rounds of questions follow each other."""

    def __init__(self) -> None:
        self._process: WorkerProcess | None = None
        self._interface = ""
        self._turn = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._macs: dict[IPv4Address, str] = {}
        self._port_holder: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process, while it runs."""
        return self._process.pid if self._process else None

    async def start(self, interface: str) -> None:
        """Start the worker for the interface of this name.

        Raises:
            PrivilegeError: no CAP_NET_RAW, or the worker could not give up its other rights.
            ConfigError: scapy is not installed.
            NetcamError: the interface has no Ethernet frames, or the worker failed.
        """
        granted, why = raw_frames()
        if not granted:
            raise PrivilegeError(why)
        process, hello = await WorkerProcess.start(
            f"the raw frame worker of {interface}", f"{__package__}.l2_worker", (interface,)
        )
        if hello.get("hello") != "l2" or hello.get("capabilities") != 1 << CAP_NET_RAW:
            await process.close()
            raise PrivilegeError(f"{process.name} did not give up its rights; ARP and --engine syn are not used")
        log.debug("%s: pid %d, user %s, MAC %s", process.name, process.pid, hello.get("user"), hello.get("mac"))
        self._process, self._interface = process, interface

    async def close(self) -> None:
        """End the worker; harmless when there is none."""
        if self._port_holder is not None:
            self._port_holder.close()
            self._port_holder = None
        if self._process is not None:
            process, self._process = self._process, None
            await process.close()

    async def arp(
        self, gate: Gate, interface: Interface, targets: Sequence[IPv4Address], passes: int = 3, timeout_s: float = 2.0
    ) -> AsyncGenerator[ArpAnswer, None]:
        """Who has the targets; each (address, MAC) once, two MACs of one address both, and what is said unasked.

        Every pass asks those that have not been heard; passes begin at least a second apart, and answers count from
        the first question until `timeout_s` after the last. Own addresses are not asked, nor the network's first and
        last one. Unasked words about addresses the operator excluded are dropped.

        Raises:
            ScopeError: a target outside the scope; before anything leaves.
            ConfigError: the interface has no IPv4 address, or is not the worker's.
            NetcamError: the worker failed.
        """
        sources = self._sources(interface)
        for ip in targets:
            gate.check(ip)
        todo = [ip for ip in dict.fromkeys(targets) if not _is_special(ip, sources)]
        asked: dict[IPv4Address, float] = {}
        heard: set[IPv4Address] = set()
        missing = set(todo)
        everybody = asyncio.Event()
        pairs: set[tuple[IPv4Address, str]] = set()

        async def ask(round_: _Round) -> None:
            for number in range(passes):
                began = time.monotonic()
                for source, mine in _by_source(todo, sources).items():
                    unheard = (ip for ip in mine if ip not in heard)
                    async for batch in _admitted(gate, ((ip, ip) for ip in unheard), ARP_BYTES):
                        at = await self._ask(round_, {"arp": [str(ip) for ip in batch], "from": str(source)})
                        for ip in batch:
                            asked.setdefault(ip, at)
                wait_s = timeout_s if number == passes - 1 else min(SPACING_S, timeout_s) - (time.monotonic() - began)
                if not missing or await _set_within(everybody, wait_s):
                    await asyncio.sleep(min(LAST_LOOK_S, timeout_s))
                    return

        async with self._round(ask) as news:
            async for kind, fields, at in news:
                if kind != "arp" or (pair := _pair(fields)) is None or pair in pairs or len(pairs) >= PAIR_LIMIT:
                    continue
                ip, mac = pair
                if any(ip == own.ip for own in sources) or gate.scope.forbids(ip):
                    continue
                pairs.add(pair)
                heard.add(ip)
                self._macs[ip] = mac
                missing.discard(ip)
                if not missing:
                    everybody.set()
                first = asked.get(ip)
                yield ArpAnswer(
                    ip=ip, mac=mac, asked=first is not None, rtt_s=None if first is None else max(0.0, at - first)
                )

    def reachable(self, interface: Interface, ips: Iterable[IPv4Address]) -> frozenset[IPv4Address]:
        """The addresses `syn` can ask on this interface: its own networks, and routers' whose MAC the kernel knows."""
        sources, routes, macs = self._sources(interface), _routes(interface.name), neighbours.table()
        return frozenset(ip for ip in ips if _hop(ip, sources, routes, macs, interface.name) is not None)

    async def syn(
        self, gate: Gate, interface: Interface, targets: Sequence[tuple[IPv4Address, int]], timeout_s: float
    ) -> AsyncGenerator[tuple[IPv4Address, int, PortState, float], None]:
        """The state of each (address, port) and the seconds from the first question to it, in the order of answering.

        Asked twice where nothing comes back, with `timeout_s` after each. A host of the own network that does not
        answer ARP is UNREACHABLE without a SYN. The kernel ends half-open connections with a RST, which is charged.

        Raises:
            ScopeError: a target outside the scope; before anything leaves.
            NetcamError: a target that is not `reachable`, before anything leaves; or the worker failed.
        """
        for ip, _ in targets:
            gate.check(ip)
        sources, routes, macs = self._sources(interface), _routes(interface.name), neighbours.table()
        hops: dict[IPv4Address, tuple[str, IPv4Address]] = {}
        unknown: list[IPv4Address] = []
        sender: dict[IPv4Address, IPv4Address] = {}
        for ip in {ip for ip, _ in targets}:
            hop = _hop(ip, sources, routes, macs, interface.name)
            if hop is None:
                raise NetcamError(f"{ip} can't be asked by raw frames on {interface.name}; --engine connect reaches it")
            mac, sender[ip] = hop[0] or self._macs.get(ip), hop[1]
            if mac:
                hops[ip] = (mac, sender[ip])
            else:
                unknown.append(ip)
        if unknown:
            async with contextlib.aclosing(self.arp(gate, interface, sorted(unknown), passes=2)) as answers:
                async for answer in answers:
                    if answer.ip in sender:
                        hops.setdefault(answer.ip, (answer.mac, sender[answer.ip]))
        for ip, port in dict.fromkeys(targets):
            if ip not in hops:
                yield ip, port, PortState.UNREACHABLE, 0.0

        waiting = {t: secrets.randbits(32) for t in _in_turns(dict.fromkeys(t for t in targets if t[0] in hops))}
        asked: dict[tuple[IPv4Address, int], float] = {}
        everybody = asyncio.Event()
        own_port = self._own_port()

        async def ask(round_: _Round) -> None:
            for _ in range(SYN_PASSES):
                todo = list(waiting.items())
                async for batch in _admitted(gate, ((t[0], (t, seq)) for t, seq in todo if t in waiting), SYN_BYTES):
                    frames = [[str(ip), hops[ip][0], port, seq, str(hops[ip][1])] for (ip, port), seq in batch]
                    at = await self._ask(round_, {"port": own_port, "syn": frames})
                    for target, _ in batch:
                        asked.setdefault(target, at)
                if not waiting or await _set_within(everybody, timeout_s):
                    return

        if not waiting:
            return
        async with self._round(ask) as news:
            async for kind, fields, at in news:
                verdict = _port_state(kind, fields, waiting)
                if verdict is None:
                    continue
                target, state = verdict
                if state is PortState.OPEN:
                    gate.charge(target[0], 1, RST_BYTES)
                del waiting[target]
                if not waiting:
                    everybody.set()
                yield *target, state, max(0.0, at - asked.get(target, at))
        for ip, port in waiting:
            yield ip, port, PortState.FILTERED, time.monotonic() - asked[ip, port]

    @asynccontextmanager
    async def _round(
        self, ask: Callable[[_Round], Coroutine[Any, Any, None]]
    ) -> AsyncIterator[AsyncIterator[tuple[str, list[Any], float]]]:
        """What is heard until `ask(round)` is through; its failure and the worker's come out of the iterator."""
        async with self._turn:
            round_ = _Round(heard=asyncio.Queue(), sent={})

            async def asking() -> None:
                try:
                    await ask(round_)
                except Exception as e:
                    round_.heard.put_nowait(e)
                else:
                    round_.heard.put_nowait(None)

            tasks = [asyncio.create_task(self._listen(round_)), asyncio.create_task(asking())]

            async def news() -> AsyncIterator[tuple[str, list[Any], float]]:
                while (item := await round_.heard.get()) is not None:
                    if isinstance(item, BaseException):
                        raise item
                    yield item

            try:
                yield news()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, round_: _Round, command: dict[str, Any]) -> float:
        """Hand over one batch; the moment it left, on the clock of time.monotonic (one clock for all processes)."""
        number = next(self._numbers)
        left: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        round_.sent[number] = left
        try:
            self._running().send({"id": number, **command})
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await left
        except TimeoutError:
            raise NetcamError(f"{self._running().name} does not answer") from None
        finally:
            del round_.sent[number]

    async def _listen(self, round_: _Round) -> None:
        """Sort the worker's lines into answers and news, until it fails or the round is over."""
        process = self._running()
        try:
            while True:
                message = await process.receive(timeout_s=None)
                at = message.get("at")
                if not isinstance(at, float):
                    raise NetcamError(f"{process.name} sent a line without its time")
                if "sent" in message:
                    left = round_.sent.get(message["sent"])
                    if left is not None and not left.done():
                        left.set_result(at)
                    continue
                for kind in ("arp", "tcp", "unreachable"):
                    if isinstance(fields := message.get(kind), list) and round_.heard.qsize() < NEWS_LIMIT:
                        round_.heard.put_nowait((kind, fields, at))
        except Exception as e:
            for left in round_.sent.values():
                if not left.done():
                    left.set_exception(e)
            round_.heard.put_nowait(e)

    def _running(self) -> WorkerProcess:
        if self._process is None:
            raise NetcamError("the raw frame worker is not running")
        return self._process

    def _sources(self, interface: Interface) -> tuple[IPv4Interface, ...]:
        """Our addresses on the interface, which has to be the worker's."""
        self._running()
        if interface.name != self._interface:
            raise ConfigError(f"the worker speaks on {self._interface}, not on {interface.name}")
        sources = tuple(a for a in interface.addresses if isinstance(a, IPv4Interface))
        if not sources:
            raise ConfigError(f"{interface.name} has no IPv4 address to ask from")
        return sources

    def _own_port(self) -> int:
        """Our source port: bound, so that no connection of this machine gets it, and never listening."""
        if self._port_holder is None:
            self._port_holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._port_holder.bind(("", 0))
        port: int = self._port_holder.getsockname()[1]
        return port


async def _admitted(gate: Gate, items: Iterable[tuple[IPv4Address, T]], size_bytes: int) -> AsyncIterator[list[T]]:
    """The items, each admitted at the gate as one packet to its address, in small batches.

    What was admitted leaves before a longer wait for the next, so that packets don't leave late and together.
    """
    batch: list[T] = []
    began = 0.0
    for ip, item in items:
        if batch:
            admission = asyncio.ensure_future(gate.admit(ip, 1, size_bytes))
            try:
                await asyncio.wait((admission,), timeout=max(0.0, began + BATCH_S - time.monotonic()))
                if not admission.done():
                    yield batch
                    batch = []
                await admission
            finally:
                admission.cancel()
        else:
            await gate.admit(ip, 1, size_bytes)
        if not batch:
            began = time.monotonic()
        batch.append(item)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _pair(fields: list[Any]) -> tuple[IPv4Address, str] | None:
    """A sender as the worker read it, or None for one that can't be a station."""
    match fields:
        case [str(ip_text), str(mac_text)]:
            try:
                ip = IPv4Address(ip_text)
            except AddressValueError:
                return None
            mac = canonical_mac(mac_text)
            return None if mac is None or ip.is_multicast or ip.is_unspecified else (ip, mac)
    return None


def _port_state(
    kind: str, fields: list[Any], waiting: dict[tuple[IPv4Address, int], int]
) -> tuple[tuple[IPv4Address, int], PortState] | None:
    """What an answer says about the SYN it belongs to; None without one, so forgeries have to guess 32 bits."""
    match kind, fields:
        case ("tcp" | "unreachable"), [str(ip_text), int(port), int(what), int(number)]:
            try:
                target = IPv4Address(ip_text), port
            except AddressValueError:
                return None
        case _:
            return None
    seq = waiting.get(target)
    if seq is None:
        return None
    if kind == "unreachable":
        if number != seq:
            return None
        return target, PortState.CLOSED if what == _PORT_UNREACHABLE else PortState.UNREACHABLE
    if number != (seq + 1) & 0xFFFFFFFF or not what & _ACK:
        return None
    if what & _RST:
        return target, PortState.CLOSED
    return (target, PortState.OPEN) if what & _SYN_ACK == _SYN_ACK else None


def _in_turns(targets: Iterable[tuple[IPv4Address, int]]) -> list[tuple[IPv4Address, int]]:
    """The targets, one of each host after the other: the pace of one host must not hold up the rest."""
    by_host: dict[IPv4Address, list[tuple[IPv4Address, int]]] = {}
    for target in targets:
        by_host.setdefault(target[0], []).append(target)
    return [t for turn in itertools.zip_longest(*by_host.values()) for t in turn if t is not None]


def _source(ip: IPv4Address, sources: tuple[IPv4Interface, ...]) -> IPv4Address:
    return next((own.ip for own in sources if ip in own.network), sources[0].ip)


def _by_source(ips: Iterable[IPv4Address], sources: tuple[IPv4Interface, ...]) -> dict[IPv4Address, list[IPv4Address]]:
    made: dict[IPv4Address, list[IPv4Address]] = {}
    for ip in ips:
        made.setdefault(_source(ip, sources), []).append(ip)
    return made


def _is_special(ip: IPv4Address, sources: tuple[IPv4Interface, ...]) -> bool:
    """Our own address, or the first or last of a network, which no station has."""
    return any(
        ip == own.ip
        or (own.network.prefixlen <= 30 and ip in (own.network.network_address, own.network.broadcast_address))
        for own in sources
    )


def _hop(
    ip: IPv4Address,
    sources: tuple[IPv4Interface, ...],
    routes: Sequence[tuple[IPv4Network, IPv4Address]],
    macs: dict[IPAddress, tuple[str, str]],
    interface: str,
) -> tuple[str, IPv4Address] | None:
    """The MAC frames for `ip` go to ("" for a neighbour that has to be asked) and our address; None: out of reach.

    A router is not in the scope, so it is not asked either: its MAC is what the kernel knows.
    """
    if any(ip == own.ip for own in sources):
        return None
    if any(ip in own.network for own in sources):
        return "", _source(ip, sources)
    via = max((r for r in routes if ip in r[0]), key=lambda r: r[0].prefixlen, default=None)
    mac, seen_on = macs.get(via[1], ("", "")) if via else ("", "")
    return (mac, _source(via[1], sources)) if via and seen_on == interface else None


def _routes(interface: str) -> tuple[tuple[IPv4Network, IPv4Address], ...]:
    """Networks behind routers on this interface: (network, router), from /proc/net/route."""
    try:
        lines = Path("/proc/net/route").read_text().splitlines()[1:]
    except OSError:
        return ()
    made = []
    for line in lines:
        name, network, router, flags, _, _, _, mask = line.split()[:8]
        if name == interface and int(flags, 16) & _RTF_GATEWAY:
            length = int(mask, 16).bit_count()
            made.append((IPv4Network((_word(network), length)), IPv4Address(_word(router))))
    return tuple(made)


def _word(text: str) -> bytes:
    """The kernel prints addresses as numbers of its own byte order."""
    return int(text, 16).to_bytes(4, sys.byteorder)
