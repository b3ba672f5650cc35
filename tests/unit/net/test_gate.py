import asyncio
import threading
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from netcam.errors import ScopeError
from netcam.model import AddressRange
from netcam.model.scope import subtracted
from netcam.net.gate import PACES, Gate, Pace, _Lane

WIDE = Pace(name="test", total_pps=1_000_000, host_pps=1_000_000, host_connections=8)


@pytest.fixture
def lan(scope_of):
    return scope_of(("10.0.0.0", "10.0.3.255"))


def most_in_a_second(log):
    """The largest number of packets in any one-second window of (when, packets)."""
    log = sorted(log)
    best = count = start = 0
    for when, packets in log:
        count += packets
        while log[start][0] <= when - 1.0:
            count -= log[start][1]
            start += 1
        best = max(best, count)
    return best


@pytest.mark.parametrize("pace", PACES.values(), ids=str)
def test_one_host_never_gets_more_in_any_second_than_its_pace_says(simulated, pace, lan):
    gate, log, ip = Gate(lan, pace, clock=simulated.time), [], ip_address("10.0.0.5")

    async def send(packets):
        await gate.admit(ip, packets)
        log.append((simulated.time(), packets))

    async def many():
        await asyncio.gather(*(send(1 + n % 3) for n in range(pace.host_pps * 3)))
        await asyncio.sleep(0.4)
        await asyncio.gather(*(send(7) for _ in range(20)))

    simulated.run_until_complete(many())
    assert pace.host_pps * 0.5 < most_in_a_second(log) <= pace.host_pps


@pytest.mark.parametrize("pace", [PACES["gentle"], PACES["normal"]], ids=str)
def test_all_hosts_together_never_get_more_in_any_second_than_the_total(simulated, pace, lan):
    gate, log = Gate(lan, pace, clock=simulated.time), []

    async def send(n):
        ip = ip_address("10.0.0.0") + n % 1000
        await gate.admit(ip)
        log.append((simulated.time(), 1))

    async def many():
        await asyncio.gather(*(send(n) for n in range(pace.total_pps * 3)))

    simulated.run_until_complete(many())
    assert pace.total_pps * 0.5 < most_in_a_second(log) <= pace.total_pps


def test_senders_that_wake_late_and_together_still_keep_the_pace(simulated, lan):
    pace = PACES["normal"]
    gate, log = Gate(lan, pace, clock=simulated.time), []

    async def send(n):
        await gate.admit(ip_address("10.0.0.0") + n % 8)
        log.append((simulated.time(), n % 8))

    async def many():
        tasks = [asyncio.create_task(send(n)) for n in range(1600)]
        for stall in (0.3, 0.9, 0.05, 0.6):
            await asyncio.sleep(0.2)
            simulated.stall(stall)
        await asyncio.gather(*tasks)

    simulated.run_until_complete(many())
    for host in range(8):
        assert most_in_a_second([(when, 1) for when, to in log if to == host]) <= pace.host_pps


def test_charged_packets_push_later_ones_back(simulated, lan):
    gate, ip = Gate(lan, PACES["normal"], clock=simulated.time), ip_address("10.0.0.5")

    async def run():
        began = simulated.time()
        gate.charge(ip, 60, 6000)
        assert gate.behind(ip) > 1.0
        await gate.admit(ip)
        return simulated.time() - began

    assert simulated.run_until_complete(run()) > 1.0
    assert gate.traffic.packets_sent == 61


def test_a_busy_host_does_not_delay_another(simulated, lan):
    gate = Gate(lan, PACES["normal"], clock=simulated.time)

    async def run():
        queue = [asyncio.create_task(gate.admit(ip_address("10.0.0.5"))) for _ in range(200)]
        await asyncio.sleep(0)
        before = simulated.time()
        await gate.admit(ip_address("10.0.0.6"))
        waited = simulated.time() - before
        await asyncio.gather(*queue)
        return waited

    assert simulated.run_until_complete(run()) == 0


def test_threads_share_one_budget_and_every_packet_is_counted_once(lan):
    gate = Gate(lan, WIDE)

    def work(n):
        for _ in range(200):
            gate.admit_blocking(ip_address("10.0.0.0") + n, 1, 10)
            gate.charge(ip_address("10.0.0.9"), 1, 1)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gate.traffic.packets_sent == 3200
    assert gate.traffic.bytes_sent == 17600
    assert gate.traffic.max_packets_to_one_host == 1600


def test_threads_are_booked_within_the_pace(monkeypatch, lan):
    class Clock:
        now = 0.0

        def __call__(self):
            with lock:
                Clock.now += 0.001
                return Clock.now

    lock = threading.Lock()
    pace = Pace(name="t", total_pps=500, host_pps=500, host_connections=1)
    gate = Gate(lan, pace, clock=Clock())
    log = []
    book = _Lane.book

    def logged(lane, now, packets):
        if lane is gate._total:
            log.append((now, packets))
        book(lane, now, packets)

    def work():
        for _ in range(60):
            gate.admit_blocking(ip_address("10.0.0.1"))

    monkeypatch.setattr(_Lane, "book", logged)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log) == 480
    assert most_in_a_second(log) <= 500


@pytest.mark.parametrize("address", ["10.0.4.0", "9.255.255.255", "224.0.0.251", "255.255.255.255", "::1"])
def test_addresses_outside_the_scope_are_refused_and_not_counted(address, lan):
    gate, ip = Gate(lan, WIDE), ip_address(address)
    with pytest.raises(ScopeError):
        asyncio.run(gate.admit(ip))
    with pytest.raises(ScopeError):
        gate.admit_blocking(ip)
    with pytest.raises(ScopeError):
        gate.charge(ip, 1, 1)
    with pytest.raises(ScopeError):
        asyncio.run(gate.connection(ip).__aenter__())
    assert gate.traffic.packets_sent == 0


def test_groups_must_be_registered_and_count_to_the_total_only(lan):
    gate, group = Gate(lan, WIDE), ip_address("239.255.255.250")
    with pytest.raises(ScopeError):
        gate.check_group(group)
    gate.allow_group(group)
    gate.check_group(group)
    asyncio.run(gate.admit(group, 1, 100))
    assert (gate.traffic.packets_sent, gate.traffic.max_packets_to_one_host) == (1, 0)


def test_a_group_with_an_interface_is_the_same_group(lan):
    gate = Gate(lan, WIDE)
    gate.allow_group(ip_address("ff02::c"))
    gate.check_group(ip_address("ff02::c%lo"))


def test_public_and_excluded_addresses_are_no_groups(lan):
    excluded = AddressRange.of(ip_network("10.0.3.255/32"))
    gate = Gate(replace(lan, ranges=subtracted(lan.ranges, [excluded]), forbidden=(excluded,)), WIDE)
    gate.allow_group(ip_address("10.0.2.255"))
    for address in ("8.8.8.8", "10.0.3.255"):
        with pytest.raises(ScopeError):
            gate.allow_group(ip_address(address))


def test_no_host_has_more_connections_than_its_slots(lan):
    gate, ip = Gate(lan, PACES["normal"]), ip_address("10.0.0.5")
    open_now, most = 0, 0

    async def connect():
        nonlocal open_now, most
        async with gate.connection(ip):
            open_now += 1
            most = max(most, open_now)
            await asyncio.sleep(0)
            open_now -= 1

    async def run():
        await asyncio.gather(*(connect() for _ in range(40)))

    asyncio.run(run())
    assert most == 4
    assert not gate._slots


def test_a_cancelled_wait_for_a_slot_gives_it_to_the_next(lan):
    gate, ip = Gate(lan, PACES["gentle"]), ip_address("10.0.0.5")

    async def run():
        async def hold():
            async with gate.connection(ip):
                pass

        async with gate.connection(ip):
            waiting = asyncio.create_task(hold())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(hold(), 5)

    asyncio.run(run())
    assert not gate._slots


def test_lanes_of_quiet_hosts_are_forgotten(scope_of):
    now = [0.0]
    wide = Gate(scope_of(("10.0.0.0", "10.0.255.255")), PACES["fast"], clock=lambda: now[0])
    for n in range(20_000):
        now[0] += 0.01
        wide.admit_blocking(ip_address("10.0.0.0") + n)
    assert len(wide._hosts) < 6000
    assert wide.traffic.max_packets_to_one_host == 1
