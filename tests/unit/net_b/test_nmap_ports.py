import asyncio
import importlib.util
import shutil
import subprocess
import sys
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from netns_lan import Lan

from netcam.errors import ConfigError, NetcamError, ScopeError
from netcam.model import AddressRange, Scope
from netcam.net import nmap, worker
from netcam.net.gate import PACES, Gate
from netcam.net.nmap import nmap_ports
from netcam.net.nmap_worker import arguments, numbers, states
from netcam.net.tcp import PortState, connect_port

needs_nmap = pytest.mark.skipif(
    not shutil.which("nmap") or importlib.util.find_spec("nmap") is None, reason="needs nmap and python-nmap"
)


def gate_for(target, pace="fast"):
    return Gate(Scope(targets=(target,), ranges=(AddressRange.of(IPv4Network(target)),)), PACES[pace])


async def scanned(gate, targets, ports, timeout_s=0.5):
    return [row async for row in nmap_ports(gate, [ip_address(t) for t in targets], ports, timeout_s)]


@needs_nmap
@pytest.mark.netns
def test_nmap_and_connect_agree_on_every_port_and_the_gate_is_charged():
    ports = [80, 81, 82, 554, *range(8000, 8040)]
    hosts = ["10.77.0.11", "10.77.0.12"]

    async def both():
        gate = gate_for("10.77.0.0/24")
        by_nmap = {(ip, port): state for ip, port, state in await scanned(gate, hosts, ports)}
        connecting = gate_for("10.77.0.0/24")
        by_connect = {
            (ip, port): (await connect_port(connecting, ip, port, 0.5)).state
            for ip in map(IPv4Address, hosts) for port in ports
        }
        return by_nmap, by_connect, gate.traffic

    with Lan() as lan:
        one, two = lan.host(11), lan.host(12)
        one.listen(80, 82, 8001)
        one.firewall("tcp dport 82 drop")
        two.listen(554)
        by_nmap, by_connect, traffic = asyncio.run(both())
    assert by_nmap == by_connect
    assert {(str(ip), port) for (ip, port), state in by_nmap.items() if state is PortState.OPEN} == {
        ("10.77.0.11", 80), ("10.77.0.11", 8001), ("10.77.0.12", 554)
    }
    assert by_nmap[IPv4Address("10.77.0.11"), 82] is PortState.FILTERED
    assert traffic.packets_sent >= len(by_nmap)
    assert traffic.bytes_sent > traffic.packets_sent


@needs_nmap
def test_a_target_outside_the_scope_is_refused_before_nmap_is_started(monkeypatch):
    monkeypatch.setattr(nmap.WorkerProcess, "start", None)
    with pytest.raises(ScopeError):
        asyncio.run(scanned(gate_for("127.0.0.0/30"), ["127.0.0.1", "127.0.0.9"], [1]))


def test_nothing_to_scan_starts_nothing(monkeypatch):
    monkeypatch.setattr(nmap.WorkerProcess, "start", None)
    assert asyncio.run(scanned(gate_for("127.0.0.0/30"), [], [1])) == []
    assert asyncio.run(scanned(gate_for("127.0.0.0/30"), ["127.0.0.1"], [])) == []


@pytest.mark.skipif(importlib.util.find_spec("nmap") is None, reason="needs python-nmap")
def test_a_missing_nmap_is_one_line_that_names_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError) as caught:
        asyncio.run(scanned(gate_for("127.0.0.0/30"), ["127.0.0.1"], [1]))
    assert str(caught.value) == (
        "--engine nmap needs the program nmap, which is not installed; use --engine connect"
    )


def test_a_missing_python_nmap_is_one_line(monkeypatch, tmp_path):
    (tmp_path / "nmap.py").write_text("raise ImportError('no such module')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigError, match=r"^--engine nmap needs python-nmap: .*no such module\)$"):
        asyncio.run(scanned(gate_for("127.0.0.0/30"), ["127.0.0.1"], [1]))


HELLO = "import sys, json\nprint('{\"hello\":\"nmap\",\"capabilities\":0}', flush=True)\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("import sys\nprint('{\"hello\":\"nmap\",\"capabilities\":8192}', flush=True)\nsys.stdin.read()", "rights"),
        (HELLO + "sys.stdin.readline(); print('{\"host\":\"127.0.0.2\"}', flush=True)\nsys.stdin.read()", "not asked"),
        (HELLO + "sys.stdin.readline(); print('{\"host\":[1]}', flush=True)\nsys.stdin.read()", "no result"),
        (HELLO + "sys.stdin.readline(); print('{\"host\":\"127.0.0.1\",\"open\":7}', flush=True)", "no result"),
        (HELLO + "sys.stdin.readline(); print('{\"host\":\"127.0.0.1\",\"open\":[[]]}', flush=True)", "no result"),
        (HELLO + "sys.stdin.readline(); print('junk', flush=True)\nsys.stdin.read()", "not an object"),
        (HELLO + "sys.stdin.readline(); sys.exit('out of memory')", "has ended: out of memory"),
        (HELLO + "sys.stdin.readline(); print('{\"error\":\"failed\",\"text\":\"nmap: x\"}', flush=True)", "nmap: x"),
    ],
)
def test_a_worker_that_dies_or_sends_junk_is_an_error(monkeypatch, tmp_path, body, words):
    (tmp_path / "fake_nmap_worker.py").write_text(body + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    real = worker.WorkerProcess.start
    monkeypatch.setattr(
        nmap.WorkerProcess, "start", classmethod(lambda cls, name, module: real(name, "fake_nmap_worker"))
    )
    with pytest.raises(NetcamError, match=words):
        asyncio.run(scanned(gate_for("127.0.0.0/30"), ["127.0.0.1"], [1]))


def test_a_host_nmap_is_silent_about_is_unreachable_and_ports_it_invents_do_not_count(monkeypatch, tmp_path):
    (tmp_path / "fake_nmap_worker.py").write_text(
        HELLO + "sys.stdin.readline()\nprint('{\"host\":\"127.0.0.1\",\"open\":[1,99]}', flush=True)\n"
        "print('{\"done\":0}', flush=True)\nsys.stdin.read()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    real = worker.WorkerProcess.start
    monkeypatch.setattr(
        nmap.WorkerProcess, "start", classmethod(lambda cls, name, module: real(name, "fake_nmap_worker"))
    )
    rows = asyncio.run(scanned(gate_for("127.0.0.0/30"), ["127.0.0.1", "127.0.0.2"], [1]))
    assert rows == [
        (IPv4Address("127.0.0.1"), 1, PortState.OPEN), (IPv4Address("127.0.0.2"), 1, PortState.UNREACHABLE)
    ]


@pytest.mark.parametrize("pace", PACES.values(), ids=lambda p: p.name)
def test_the_pace_in_nmaps_terms_stays_within_ours(pace):
    command = nmap._command(pace, [IPv4Address("192.0.2.1")] * 8, [80, 554], timeout_s=1.0)
    assert command["max_rate"] * 4 <= pace.total_pps
    assert 1000 / command["delay_ms"] * 4 <= pace.host_pps
    assert 1000 / command["delay_ms"] * 1.0 <= pace.host_connections
    options = arguments(command).split()
    assert options.index("--scan-delay") < options.index("--max-parallelism")  # nmap: the later one counts
    assert {"-Pn", "-n", "-sT", "--unprivileged"} <= set(options)
    assert "-6" not in options


def test_ipv6_targets_get_a_run_of_their_own():
    runs = list(nmap._runs([IPv6Address("2001:db8::1"), IPv4Address("192.0.2.1"), IPv4Address("192.0.2.1")], [2, 1, 2]))
    assert runs == [([IPv4Address("192.0.2.1")], [1, 2]), ([IPv6Address("2001:db8::1")], [1, 2])]
    command = nmap._command(PACES["normal"], [IPv6Address("2001:db8::1")], [1], 1.0)
    assert arguments(command).startswith("-6 ")


class Scan(dict):
    def all_hosts(self):
        return list(self)


def host(**ports):
    numbered = {int(name[1:]): {"state": state} for name, state in ports.items()}
    return type("H", (dict,), {"all_tcp": lambda self: sorted(numbered)})(tcp=numbered)


def xml(extra):
    return f'<nmaprun><host><address addr="192.0.2.1"/><ports>{extra}</ports></host></nmaprun>'


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ('<extraports state="closed" count="3"><extrareasons ports="81-82,90"/></extraports>', ([81, 82, 90], [])),
        ('<extraports state="filtered" count="3"><extrareasons/></extraports>', ([], [81, 82, 90])),
        (
            '<extraports state="closed" count="1"><extrareasons/></extraports>'
            '<extraports state="filtered" count="2"><extrareasons/></extraports>', ([], [])
        ),
    ],
)
def test_ports_that_nmap_sums_up_get_their_state_where_it_can_be_known(extra, expected):
    found = states(Scan({"192.0.2.1": host(p80="open")}), xml(extra), [80, 81, 82, 90])
    assert found == {"192.0.2.1": {"open": [80], "closed": expected[0], "filtered": expected[1]}}


def test_port_lists_are_spelt_out():
    assert numbers("80,554-556") == [80, 554, 555, 556]
    assert numbers("") == []


def test_importing_the_main_side_loads_neither_library():
    code = "import sys, netcam.net.l2, netcam.net.nmap; print(sorted({'scapy', 'nmap'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=worker._environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
