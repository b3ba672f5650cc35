"""The messages here are constructed with zeroconf's encoder; Northlight and its names are invented."""

import asyncio
import socket
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest
from zeroconf import DNSOutgoing, DNSPointer, DNSService, DNSText
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from netcam.errors import ScopeError
from netcam.net import mdns

# All who speak to groups on this machine's own loopback run one after the other: they would hear each other.
pytestmark = pytest.mark.xdist_group("loopback")

HERE = ip_address("127.0.0.1")
TYPE = "_nlcam._tcp.local."
NAME = f"NL-220 - 020000000001.{TYPE}"


def answer(*records):
    out = DNSOutgoing(0x8400)
    for record in records:
        out.add_answer_at_time(record, 0)
    return out.packets()[0]


def pointer(type=TYPE, name=NAME):
    return DNSPointer(type, 12, 1, 4500, name)


def server(name=NAME, host="nl-220.local.", port=80):
    return DNSService(name, 33, 1, 120, 0, 0, port, host)


def text(name=NAME, data=b"\x10macaddress=02:00\x0fversion=4.2.1.0"):
    return DNSText(name, 16, 1, 4500, data)


@pytest.fixture
def responder(monkeypatch):
    """Answers each question on loopback with the next message of a list, at a port that stands in for 5353."""

    @asynccontextmanager
    async def start(messages):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        monkeypatch.setattr(mdns, "PORT", sock.getsockname()[1])
        heard = []

        def reply():
            data, sender = sock.recvfrom(65535)
            heard.append(data)
            if len(heard) <= len(messages):
                for message in messages[len(heard) - 1]:
                    sock.sendto(message, sender)

        asyncio.get_running_loop().add_reader(sock, reply)
        try:
            yield heard
        finally:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    return start


@pytest.fixture
def ask(gate, responder, monkeypatch):
    """What one host that answers with `messages` has, and what it was asked."""
    monkeypatch.setattr(mdns, "ROUND_S", 0.1)

    def ask(*messages, types=(TYPE,)):
        async def run():
            async with responder(messages) as heard:
                return [service async for _, service in mdns.ask_host(gate, HERE, types, 0.45)], heard

        return asyncio.run(run())

    return ask


def test_a_complete_answer_becomes_one_service(ask):
    full = answer(pointer(), server(), text())
    (service,), _ = ask([full, full], [full])
    assert (service.type, service.name, service.host, service.port) == (TYPE, NAME, "nl-220.local.", 80)
    assert service.txt == {"macaddress": "02:00", "version": "4.2.1.0"}


def test_details_that_did_not_come_along_are_asked_for(ask):
    (service,), heard = ask([answer(pointer())], [answer(server(), text())])
    assert (service.host, service.txt["version"]) == ("nl-220.local.", "4.2.1.0")
    assert b"NL-220" in heard[1]


def test_an_instance_without_details_is_told_at_the_end(ask):
    (service,), _ = ask([answer(pointer())])
    assert (service.name, service.host, service.port, service.txt) == (NAME, None, None, {})


def test_types_that_the_host_announces_are_asked_for_too(ask):
    announced = answer(pointer(type=mdns.ALL_TYPES, name=TYPE))
    (service,), heard = ask([announced], [answer(pointer(), server(), text())], types=())
    assert service.type == TYPE
    assert b"_nlcam" not in heard[0]
    assert b"_nlcam" in heard[1]


def test_a_silent_host_is_asked_three_times_and_has_nothing(ask):
    services, heard = ask()
    assert services == []
    assert len(heard) == mdns.REPEATS


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\0",
        b"\xff" * 600,
        b"\0\0\x84\0\0\0\xff\xff\0\0\0\0",
        answer(pointer(), server(), text())[:60],
        b"\0\0\x84\0\0\0\0\1\0\0\0\0\xc0\x0c\0\x0c\0\1\0\0\0\1\0\2\xc0\x0c",  # a name that points to itself
        answer(pointer(name="elsewhere._http._tcp.local.")),
        answer(pointer(type="no type", name="x.no type")),
        answer(server(), text()),  # nobody pointed to it
    ],
)
def test_malformed_and_unrelated_messages_yield_nothing_and_do_not_hide_the_next(ask, junk):
    (service,), _ = ask([junk, answer(pointer(), server(), text())])
    assert service.name == NAME


def test_a_txt_record_with_a_length_past_its_end_is_empty(ask):
    (service,), _ = ask([answer(pointer(), server(), text(data=b"\xffshort"))])
    assert service.txt == {}


def test_one_host_has_at_most_32_instances_and_adds_at_most_64_types():
    known = mdns._Known({mdns.ALL_TYPES: 0})
    for n in range(500):
        known.read(answer(pointer(name=f"n{n}.{TYPE}"), pointer(type=mdns.ALL_TYPES, name=f"_t{n}._tcp.local.")), HERE)
    assert len(known.instances) == mdns.NAMES_OF_ONE_LIMIT
    assert len(known.types) == mdns.TYPES_LIMIT


def test_a_network_has_at_most_256_instances():
    known = mdns._Known({})
    for n in range(100):
        for m in range(10):
            known.read(answer(pointer(name=f"n{m}.{TYPE}")), HERE + n)
    assert len(known.instances) == mdns.NAMES_LIMIT


def test_the_first_question_asks_for_unicast_and_the_repeats_do_not():
    (first,) = mdns._encode([(TYPE, 12)], unicast=True)
    (later,) = mdns._encode([(TYPE, 12)], unicast=False)
    assert first[-4:] == b"\0\x0c\x80\x01"
    assert later[-4:] == b"\0\x0c\0\x01"


def test_a_host_outside_the_scope_is_not_asked(gate):
    async def run():
        async for _ in mdns.ask_host(gate, ip_address("127.0.0.2"), [TYPE], 0.1):
            pass

    with pytest.raises(ScopeError):
        asyncio.run(run())
    assert gate.traffic.packets_sent == 0


def test_a_real_responder_on_the_interface_is_found_with_its_address(gate):
    async def run():
        responder = AsyncZeroconf(interfaces=["127.0.0.1"])
        try:
            await responder.async_register_service(
                AsyncServiceInfo(
                    TYPE,
                    NAME,
                    80,
                    properties={"macaddress": "020000000001"},
                    server="nl-220.local.",
                    addresses=[HERE.packed],
                )
            )
            async for sender, service in mdns.browse(gate, HERE, [TYPE], 10, interface="lo"):
                if service.name == NAME:
                    return sender, service.txt
        finally:
            await responder.async_close()

    assert asyncio.run(run()) == (HERE, {"macaddress": "020000000001"})
    assert gate.traffic.packets_sent > 0
    assert gate.traffic.max_packets_to_one_host == 0


def test_leaving_early_closes_the_socket(gate, responder, open_files):
    async def run():
        async with responder([[answer(pointer(), server(), text())]]):
            before = open_files()
            found = mdns.ask_host(gate, HERE, [TYPE], 10)
            await anext(found)
            await found.aclose()
            return before, open_files()

    before, after = asyncio.run(run())
    assert before == after
