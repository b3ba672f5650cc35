import asyncio
import os
import signal
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from netns_lan import Lan, run

from netcam.errors import ConfigError, NetcamError, PrivilegeError, ScopeError
from netcam.model import AddressRange, Scope
from netcam.model.scope import subtracted
from netcam.net import l2, privileges, worker
from netcam.net.gate import PACES, Gate
from netcam.net.interfaces import interfaces
from netcam.net.l2 import L2Worker
from netcam.net.tcp import PortState

pytestmark = pytest.mark.filterwarnings("error")


def gate_for(*targets, without=()):
    whole = [AddressRange.of(IPv4Network(t)) for t in targets]
    holes = tuple(AddressRange.of(IPv4Network(h)) for h in without)
    ranges = subtracted(whole, holes)
    return Gate(Scope(targets=targets, excluded=tuple(without), ranges=ranges, forbidden=holes), PACES["fast"])


def lan0():
    return next(i for i in interfaces() if i.name == "lan0")


@asynccontextmanager
async def started():
    asking = L2Worker()
    await asking.start("lan0")
    try:
        yield asking
    finally:
        await asking.close()


async def arp(asking, gate, targets, **how):
    async with aclosing(asking.arp(gate, lan0(), [IPv4Address(t) for t in targets], **how)) as answers:
        return [a async for a in answers]


@pytest.mark.netns
def test_arp_finds_each_host_with_its_mac_and_never_asks_an_excluded_address():
    async def scan(gate):
        async with started() as asking:
            return await arp(asking, gate, [ip for ip in gate.scope if isinstance(ip, IPv4Address)])

    with Lan() as lan:
        hosts = [lan.host(n) for n in (11, 12, 13)]
        lan.host(14)
        gate = gate_for("10.77.0.0/28", without=["10.77.0.14/32"])
        answers = asyncio.run(scan(gate))
        assert {(str(a.ip), a.mac) for a in answers} == {(h.ip, h.mac) for h in hosts}
        assert all(a.asked and a.rtt_s is not None for a in answers)
        assert len(answers) == 3
        assert lan.asked("10.77.0.14") == 0
        assert lan.asked(lan.own) == lan.asked("10.77.0.0") == 0
        assert lan.asked("10.77.0.5") == 3  # nobody there: each pass asks again
        assert lan.asked("10.77.0.11") == 1  # found: not asked again
        assert gate.traffic.packets_sent == sum(lan.questions.values())


@pytest.mark.netns
def test_a_host_that_misses_the_first_question_or_answers_late_is_heard():
    async def scan():
        async with started() as asking:
            return await arp(asking, gate_for("10.77.0.0/24"), ["10.77.0.21", "10.77.0.22", "10.77.0.23"])

    with Lan() as lan:
        lan.arp_host(21, deaf_to=2)
        lan.arp_host(22, delay_s=1.5)
        lan.arp_host(23, deaf_to=2, delay_s=1.5)
        answers = {str(a.ip): a for a in asyncio.run(scan())}
        assert set(answers) == {"10.77.0.21", "10.77.0.22", "10.77.0.23"}
        assert answers["10.77.0.22"].rtt_s >= 1.4  # counted from the first question, by both clocks' grace


@pytest.mark.netns
def test_two_macs_for_one_address_are_both_told_and_each_once():
    async def scan():
        async with started() as asking:
            return await arp(asking, gate_for("10.77.0.0/24"), ["10.77.0.31", "10.77.0.32"])

    with Lan() as lan:
        lan.arp_host(31, macs=["02:00:00:00:aa:01", "02:00:00:00:aa:02"])
        answers = asyncio.run(scan())
        assert sorted(a.mac for a in answers) == ["02:00:00:00:aa:01", "02:00:00:00:aa:02"]


@pytest.mark.netns
def test_unasked_words_are_flagged_and_an_excluded_neighbour_is_not_repeated():
    async def scan():
        async with started() as asking:
            return await arp(asking, gate_for("10.77.0.0/24", without=["10.77.0.42/32"]), ["10.77.0.99"])

    with Lan() as lan:
        lan.arp_host(41, announce=True)
        lan.arp_host(42, announce=True)
        answers = asyncio.run(scan())
        assert [(str(a.ip), a.asked, a.rtt_s) for a in answers] == [("10.77.0.41", False, None)]
        assert lan.asked("10.77.0.41") == 0


@pytest.mark.netns
def test_a_target_outside_the_scope_stops_the_round_before_anything_leaves():
    async def scan():
        async with started() as asking:
            with pytest.raises(ScopeError):
                await arp(asking, gate_for("10.77.0.0/28"), ["10.77.0.5", "10.77.0.200"])
            with pytest.raises(ScopeError):
                async for _ in asking.syn(gate_for("10.77.0.0/28"), lan0(), [(IPv4Address("10.77.0.200"), 80)], 1.0):
                    pass

    with Lan() as lan:
        asyncio.run(scan())
        assert not lan.questions


@pytest.mark.netns
def test_syn_tells_open_closed_filtered_refused_and_absent_apart():
    ports = [80, 81, 82, 83, 84]

    async def scan(gate):
        async with started() as asking:
            targets = [(IPv4Address("10.77.0.51"), p) for p in ports] + [(IPv4Address("10.77.0.59"), 80)]
            found = [row async for row in asking.syn(gate, lan0(), targets, 0.7)]
            again = [row async for row in asking.syn(gate, lan0(), targets[:1], 0.7)]
            return found, again

    with Lan() as lan:
        host = lan.host(51)
        host.listen(80, 82)
        host.firewall(
            "tcp dport 82 drop",
            "tcp dport 83 reject with icmp type admin-prohibited",
            "tcp dport 84 reject with icmp type port-unreachable",
        )
        gate = gate_for("10.77.0.0/24")
        found, again = asyncio.run(scan(gate))
    states = {(str(ip), port): state for ip, port, state, _ in found}
    assert len(found) == len(states) == 6
    assert states == {
        ("10.77.0.51", 80): PortState.OPEN,
        ("10.77.0.51", 81): PortState.CLOSED,
        ("10.77.0.51", 82): PortState.FILTERED,
        ("10.77.0.51", 83): PortState.UNREACHABLE,
        ("10.77.0.51", 84): PortState.CLOSED,
        ("10.77.0.59", 80): PortState.UNREACHABLE,
    }
    assert [state for _, _, state, _ in again] == [PortState.OPEN]


@pytest.mark.netns
def test_syn_refuses_addresses_that_frames_cannot_reach_and_says_which_engine_can():
    async def scan():
        async with started() as asking:
            here, far = IPv4Address("10.77.0.1"), IPv4Address("10.88.0.1")
            near = IPv4Address("10.77.0.60")
            assert asking.reachable(lan0(), [here, far, near]) == {near}
            with pytest.raises(NetcamError, match="--engine connect"):
                async for _ in asking.syn(gate_for("10.88.0.0/24"), lan0(), [(far, 80)], 0.2):
                    pass

    with Lan() as lan:
        asyncio.run(scan())
        assert not lan.questions


@pytest.mark.netns
def test_syn_reaches_a_routed_host_through_the_router_the_kernel_knows():
    async def scan():
        async with started() as asking:
            far = IPv4Address("10.88.0.1")
            assert asking.reachable(lan0(), [far]) == {far}
            targets = [(far, 80), (far, 81)]
            return {p: s async for _, p, s, _ in asking.syn(gate_for("10.88.0.0/24"), lan0(), targets, 0.7)}

    with Lan() as lan:
        router = lan.host(61)
        router.run("ip", "address", "add", "10.88.0.1/32", "dev", "lo")
        router.listen(80)
        run("ip", "route", "add", "10.88.0.0/24", "via", router.ip)
        run("ip", "neigh", "replace", router.ip, "lladdr", router.mac, "dev", "lan0")
        assert asyncio.run(scan()) == {80: PortState.OPEN, 81: PortState.CLOSED}
        assert not lan.questions


@pytest.mark.netns
def test_the_worker_holds_one_capability_its_pipes_and_its_packet_sockets():
    def looked_at(pid):
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        held = {int(n): os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")}
        packets = {line.split()[8] for line in Path("/proc/net/packet").read_text().splitlines()[1:]}
        return {k: v.strip() for k, v in status.items()}, held, packets

    async def look():
        with open("/dev/null") as held_by_us:  # noqa: ASYNC230
            os.set_inheritable(held_by_us.fileno(), True)
            async with started() as asking:
                first = looked_at(asking.pid)
                await arp(asking, gate_for("10.77.0.0/24"), ["10.77.0.71"], passes=1, timeout_s=0.2)
                async for _ in asking.syn(gate_for("10.77.0.0/24"), lan0(), [(IPv4Address("10.77.0.71"), 80)], 0.5):
                    pass
                return first, looked_at(asking.pid)

    with Lan() as lan:
        lan.host(71)
        for (status, held, packets), sockets in zip(asyncio.run(look()), (1, 2), strict=True):
            only = f"{1 << privileges.CAP_NET_RAW:016x}"
            assert status["CapEff"] == status["CapPrm"] == status["CapBnd"] == only
            assert int(status["CapInh"], 16) == int(status["CapAmb"], 16) == 0
            assert status["NoNewPrivs"] == "1"
            assert set(status["Uid"].split()) == set(status["Gid"].split()) == {str(privileges.NOBODY)}
            assert status["Groups"] == ""
            assert all(held[n].startswith("pipe:") for n in (0, 1, 2))
            others = [where for n, where in held.items() if n > 2]
            assert len(others) == sockets
            assert all(where.removeprefix("socket:[").removesuffix("]") in packets for where in others)


@pytest.mark.netns
def test_a_worker_that_dies_in_the_middle_is_an_error_and_close_still_works():
    async def scan():
        async with started() as asking:
            async def kill():
                await asyncio.sleep(0.3)
                os.kill(asking.pid, signal.SIGKILL)

            killing = asyncio.create_task(kill())
            with pytest.raises(NetcamError, match="has ended"):
                await arp(asking, gate_for("10.77.0.0/24"), ["10.77.0.80"])
            await killing
            with pytest.raises(NetcamError, match="has ended"):
                await arp(asking, gate_for("10.77.0.0/24"), ["10.77.0.80"])
        with pytest.raises(NetcamError, match="not running"):
            await arp(asking, gate_for("10.77.0.0/24"), ["10.77.0.80"])

    with Lan():
        asyncio.run(scan())


@pytest.mark.netns
def test_a_worker_that_stops_answering_is_an_error_not_a_wait_without_end(monkeypatch):
    monkeypatch.setattr(l2, "ANSWER_TIMEOUT_S", 0.5)

    async def scan():
        async with started() as asking:
            os.kill(asking.pid, signal.SIGSTOP)
            pid = asking.pid
            with pytest.raises(NetcamError, match="does not answer"):
                await arp(asking, gate_for("10.77.0.0/24"), ["10.77.0.80"])
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    with Lan():
        asyncio.run(scan())


@pytest.mark.netns
def test_an_interface_that_goes_away_is_one_line():
    async def scan():
        async with started() as asking:
            run("ip", "link", "set", "lan0", "down")
            with pytest.raises(NetcamError, match="lan0: Network is down"):
                await arp(asking, gate_for("10.77.0.0/24"), ["10.77.0.80"])

    with Lan():
        asyncio.run(scan())


@pytest.mark.netns
def test_an_interface_without_ethernet_frames_is_refused():
    async def start(name):
        await L2Worker().start(name)

    with Lan():
        with pytest.raises(NetcamError, match="no raw frames on lo"):
            asyncio.run(start("lo"))
        with pytest.raises(NetcamError, match="no raw frames on nothere0"):
            asyncio.run(start("nothere0"))


@pytest.mark.netns
def test_a_worker_asks_only_on_its_own_interface_and_from_an_address_of_its_own():
    async def scan():
        async with started() as asking:
            other = replace(lan0(), name="lan1")
            bare = replace(lan0(), addresses=())
            for interface, words in ((other, "speaks on lan0, not on lan1"), (bare, "lan0 has no IPv4 address")):
                with pytest.raises(ConfigError, match=words):
                    async for _ in asking.arp(gate_for("10.77.0.0/24"), interface, [IPv4Address("10.77.0.9")]):
                        pass

    with Lan() as lan:
        asyncio.run(scan())
        assert not lan.questions


def test_without_the_capability_nothing_is_started(monkeypatch):
    monkeypatch.setattr(l2, "raw_frames", lambda: (False, "no CAP_NET_RAW: ..."))
    with pytest.raises(PrivilegeError, match="CAP_NET_RAW"):
        asyncio.run(L2Worker().start("eth9"))


@pytest.mark.parametrize(
    ("hello", "error", "words"),
    [
        ('{"hello":"l2","capabilities":2199023255551}', PrivilegeError, "did not give up its rights"),
        ('{"error":"config","text":"scapy is missing"}', ConfigError, "scapy is missing"),
        ('{"error":"privilege","text":"no"}', PrivilegeError, "no"),
        ('{"error":"failed","text":"a\\u001b[31mb"}', NetcamError, r"a\\x1b\[31mb"),
        ("junk", NetcamError, "not an object: junk"),
        ("[1]", NetcamError, "not an object"),
        ("[" * 50000, NetcamError, "not an object"),
        ("x" * 200000, NetcamError, "too long a line"),
    ],
    ids=["rights", "config", "privilege", "failed", "junk", "array", "deep", "long"],  # they go into the environment
)
def test_a_worker_with_another_hello_is_not_used(monkeypatch, tmp_path, hello, error, words):
    (tmp_path / "fake_worker.py").write_text(f"import sys\nprint({hello!r}, flush=True)\nsys.stdin.read()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    real = worker.WorkerProcess.start
    monkeypatch.setattr(l2, "raw_frames", lambda: (True, ""))
    monkeypatch.setattr(
        l2.WorkerProcess, "start", classmethod(lambda cls, name, module, arguments: real(name, "fake_worker"))
    )
    with pytest.raises(error, match=words):
        asyncio.run(L2Worker().start("eth9"))


def test_a_worker_that_ends_at_once_is_an_error_with_its_last_words(monkeypatch, tmp_path):
    (tmp_path / "fake_worker.py").write_text("raise SystemExit('the disk is gone')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(NetcamError, match="fake has ended: the disk is gone"):
        asyncio.run(worker.WorkerProcess.start("fake", "fake_worker"))


def test_a_worker_that_ignores_its_end_is_killed_with_its_children(monkeypatch, tmp_path):
    monkeypatch.setattr(worker, "_END_TIMEOUT_S", 0.3)
    (tmp_path / "fake_worker.py").write_text(
        "import subprocess, time\nchild = subprocess.Popen(['sleep', '60'])\n"
        "print('{\"child\":%d}' % child.pid, flush=True)\ntime.sleep(60)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    async def use():
        process, hello = await worker.WorkerProcess.start("fake", "fake_worker")
        await process.close()
        await process.close()
        with pytest.raises(NetcamError, match="closed"):
            process.send({})
        return process.pid, hello["child"]

    pids = asyncio.run(use())
    for pid in pids:
        # A killed grandchild may be a zombie until init collects it.
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            state = "gone"
        assert state in ("gone", "Z", "X")


def test_targets_are_asked_host_by_host_in_turns():
    a, b = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
    assert l2._in_turns([(a, 1), (a, 2), (a, 3), (b, 1)]) == [(a, 1), (b, 1), (a, 2), (a, 3)]


@pytest.mark.parametrize(
    ("kind", "fields", "state"),
    [
        ("tcp", ["192.0.2.1", 80, 0x12, 1001], PortState.OPEN),
        ("tcp", ["192.0.2.1", 80, 0x14, 1001], PortState.CLOSED),
        ("tcp", ["192.0.2.1", 80, 0x12, 1000], None),  # not the answer to our SYN
        ("tcp", ["192.0.2.1", 80, 0x04, 1001], None),  # a RST to a SYN acknowledges it
        ("tcp", ["192.0.2.1", 81, 0x12, 1001], None),
        ("tcp", ["192.0.2.9", 80, 0x12, 1001], None),
        ("tcp", ["nonsense", 80, 0x12, 1001], None),
        ("tcp", ["192.0.2.1", 80], None),
        ("unreachable", ["192.0.2.1", 80, 13, 1000], PortState.UNREACHABLE),
        ("unreachable", ["192.0.2.1", 80, 3, 1000], PortState.CLOSED),
        ("unreachable", ["192.0.2.1", 80, 13, 999], None),
        ("arp", ["192.0.2.1", 80, 0x12, 1001], None),
    ],
)
def test_only_the_answer_to_our_own_syn_counts(kind, fields, state):
    target = (IPv4Address("192.0.2.1"), 80)
    assert l2._port_state(kind, fields, {target: 1000}) == (None if state is None else (target, state))
