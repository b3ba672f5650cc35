"""TCP ports by nmap, through python-nmap in its own process (nmap_worker.py): scope, pace and accounts are here."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from netcam.errors import NetcamError
from netcam.model import IPAddress
from netcam.net.gate import Gate, Pace
from netcam.net.tcp import PortState
from netcam.net.worker import WorkerProcess

# One run of nmap: results come per run, so they are short; and every line of the worker stays far below its limit.
HOSTS_AT_ONCE = 64
PORTS_AT_ONCE = 4096
RETRIES = 1

# nmap sends by itself, so its pace is set beforehand from the worst case. An open port costs SYN, ACK and the closing.
_OPEN_PACKETS = 4
_PACKET_BYTES = 60
_SHARE = 0.5  # of the total pace: other probes run meanwhile
_HOST_SHARE = 0.75  # of one host's pace, as the gate's own schedule
_GRACE_S = 30.0  # for starting nmap on a busy machine

_STATES = {"open": PortState.OPEN, "closed": PortState.CLOSED, "filtered": PortState.FILTERED}


async def nmap_ports(
    gate: Gate, targets: Sequence[IPAddress], ports: Sequence[int], timeout_s: float
) -> AsyncGenerator[tuple[IPAddress, int, PortState], None]:
    """The state of every port of every target, run by run; nmap's own name for no answer is "filtered", too.

    A port is tried twice with at most `timeout_s` each. A target that nmap has no word about is UNREACHABLE; before
    version 7.9 nmap may keep single ports that are not open to itself. The gate is charged with an estimate.

    Raises:
        ScopeError: a target outside the scope; before anything leaves.
        ConfigError: nmap or python-nmap is missing.
        NetcamError: nmap failed.
    """
    for ip in targets:
        gate.check(ip)
    if not targets or not ports:
        return
    worker, hello = await WorkerProcess.start("nmap", f"{__package__}.nmap_worker")
    try:
        if hello.get("hello") != "nmap" or hello.get("capabilities") != 0:
            raise NetcamError("the worker for nmap did not give up its rights; --engine connect needs none")
        for number, (hosts, some) in enumerate(_runs(targets, ports)):
            command = _command(gate.pace, hosts, some, timeout_s)
            worker.send({"id": number, **command})
            silent = dict.fromkeys(hosts)
            while True:
                message = await worker.receive(command["limit_s"] + _GRACE_S)
                if message.get("done") == number:
                    break
                host, states = _host(message, set(some))
                if host not in silent:
                    raise NetcamError("nmap spoke of a host that was not asked")
                del silent[host]
                gate.charge(host, *_cost(states, timeout_s))
                for port, state in states.items():
                    yield host, port, state
            for host in silent:
                for port in some:
                    yield host, port, PortState.UNREACHABLE
    finally:
        await worker.close()


def _runs(targets: Sequence[IPAddress], ports: Sequence[int]) -> Iterator[tuple[list[IPAddress], list[int]]]:
    unique, some = list(dict.fromkeys(targets)), sorted(set(ports))
    for version in (4, 6):
        hosts = [ip for ip in unique if ip.version == version]
        for i in range(0, len(hosts), HOSTS_AT_ONCE):
            for j in range(0, len(some), PORTS_AT_ONCE):
                yield hosts[i : i + HOSTS_AT_ONCE], some[j : j + PORTS_AT_ONCE]


def _command(pace: Pace, hosts: Sequence[IPAddress], ports: Sequence[int], timeout_s: float) -> dict[str, Any]:
    """One run's command, with the pace in nmap's terms."""
    max_rate = max(0.1, _SHARE * pace.total_pps / _OPEN_PACKETS)
    # Between two connections to one host: for its packets, and so that no more than its slots can be waiting.
    delay_s = max(_OPEN_PACKETS / (_HOST_SHARE * pace.host_pps), timeout_s / pace.host_connections)
    tries = len(ports) * (RETRIES + 1)
    return {
        "hosts": [str(ip) for ip in hosts], "ports": list(ports), "version": hosts[0].version,
        "max_rate": max_rate, "parallelism": pace.host_connections * len(hosts), "retries": RETRIES,
        "delay_ms": math.ceil(1000 * delay_s), "rtt_ms": math.ceil(1000 * timeout_s),
        "limit_s": math.ceil(2 * tries * delay_s + 2 * tries * len(hosts) / max_rate + timeout_s + _GRACE_S),
    }


def _host(message: Mapping[str, Any], asked: set[int]) -> tuple[IPAddress, dict[int, PortState]]:
    """One host's line, held against what was asked."""
    states: dict[int, PortState] = {}
    with contextlib.suppress(ValueError, TypeError):
        host = ip_address(message.get("host", ""))
        for name, state in _STATES.items():
            states.update((port, state) for port in message.get(name, ()) if port in asked)
        return host, states
    raise NetcamError("nmap's worker sent a line that is no result")


def _cost(states: Mapping[int, PortState], timeout_s: float) -> tuple[int, int]:
    """Packets and bytes that one host got, rather too many than too few; the kernel repeats a SYN every second."""
    silent = (RETRIES + 1) * (1 + int(timeout_s))
    each = {PortState.OPEN: _OPEN_PACKETS, PortState.CLOSED: 1}
    packets = sum(each.get(state, silent) for state in states.values())
    return packets, packets * _PACKET_BYTES
