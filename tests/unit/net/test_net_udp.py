import asyncio
import socket
import struct
from ipaddress import ip_address

import pytest

from netcam.errors import ScopeError
from netcam.net.udp import GroupSocket

# All who speak to groups on this machine's own loopback run one after the other: they would hear each other.
pytestmark = pytest.mark.xdist_group("loopback")

HERE, GROUP = ip_address("127.0.0.1"), ip_address("239.255.255.250")


@pytest.fixture
def member():
    """A device on loopback that shares a port and listens to GROUP there."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("=4s4s", GROUP.packed, HERE.packed))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, HERE.packed)
    sock.bind(("", 0))
    sock.settimeout(10)
    yield sock
    sock.close()


@pytest.fixture
def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", 0))
        return sock.getsockname()[1]


@pytest.fixture
def loopback_group(gate):
    gate.allow_group(GROUP)
    return lambda **more: GroupSocket(gate, interface="lo", interface_ip=HERE, groups=[GROUP], **more)


def test_a_group_is_asked_and_answers_to_the_asker_and_to_the_group_are_heard(loopback_group, member):
    port = member.getsockname()[1]

    async def run():
        async with loopback_group(group_port=port) as asker:
            await asker.send(b"who?", (GROUP, port))
            question, sender = await asyncio.to_thread(member.recvfrom, 100)
            member.sendto(b"to you", sender)
            to_me = await asker.receive(10)
            member.sendto(b"to all", (str(GROUP), port))
            heard = {(await asker.receive(10))[0], (await asker.receive(10))[0]}
            return question, sender, to_me, heard, asker

    question, sender, to_me, heard, asker = asyncio.run(run())
    assert question == b"who?"
    assert sender == ("127.0.0.1", asker.port)
    # The question itself comes back through the group on loopback, before or after the answers.
    assert {to_me[0], *heard} == {b"who?", b"to you", b"to all"}
    assert not asker.fixed


def test_a_free_fixed_port_is_asked_from(loopback_group, member, free_port):
    async def run():
        async with loopback_group(bind_port=free_port) as asker:
            await asker.send(b"who?", (HERE, member.getsockname()[1]))
            _, sender = await asyncio.to_thread(member.recvfrom, 100)
            return asker.fixed, asker.port, sender[1], asker.listening

    assert asyncio.run(run()) == (True, free_port, free_port, ((GROUP, free_port),))


def test_a_fixed_port_in_use_is_shared_for_the_group_and_left_to_its_owner_otherwise(loopback_group, member):
    port = member.getsockname()[1]

    async def run():
        async with loopback_group(bind_port=port, group_port=port) as asker:
            assert not asker.fixed
            assert asker.port != port
            assert asker.listening == ((GROUP, port),)
            await asker.send(b"for the owner", (HERE, port))
            owned = (await asyncio.to_thread(member.recvfrom, 100))[0]
            member.sendto(b"for all", (str(GROUP), port))
            return owned, (await asker.receive(10))[0]

    assert asyncio.run(run()) == (b"for the owner", b"for all")


def test_a_datagram_of_the_largest_size_comes_whole(loopback_group, member):
    async def run():
        async with loopback_group() as asker:
            member.sendto(b"x" * 65_507, ("127.0.0.1", asker.port))
            return await asker.receive(10)

    data, sender = asyncio.run(run())
    assert data == b"x" * 65_507
    assert sender == (HERE, member.getsockname()[1])


def test_silence_is_none(loopback_group):
    async def run():
        async with loopback_group() as asker:
            return await asker.receive(0.01)

    assert asyncio.run(run()) is None


def test_a_flood_that_nobody_reads_is_cut(loopback_group, member):
    async def run():
        async with loopback_group() as asker:
            for _ in range(400):
                member.sendto(b"x" * 60_000, ("127.0.0.1", asker.port))
                await asyncio.sleep(0)
            got = 0
            while await asker.receive(0.05):
                got += 1
            return got

    assert 0 < asyncio.run(run()) <= 8_388_608 // 60_000


def test_a_closed_port_of_one_host_does_not_disturb_the_answers_of_others(loopback_group, member, free_port):
    async def run():
        async with loopback_group() as asker:
            await asker.send(b"x", (HERE, free_port))
            await asker.send(b"y", (HERE, member.getsockname()[1]))
            _, sender = await asyncio.to_thread(member.recvfrom, 100)
            member.sendto(b"answer", sender)
            return (await asker.receive(10))[0]

    assert asyncio.run(run()) == b"answer"


@pytest.mark.parametrize("to", ["127.0.0.2", "239.255.255.251", "255.255.255.255"])
def test_nothing_leaves_for_a_foreign_host_or_an_unregistered_group(loopback_group, gate, to):
    async def run():
        async with loopback_group() as asker:
            await asker.send(b"x", (ip_address(to), 9))

    with pytest.raises(ScopeError):
        asyncio.run(run())
    assert gate.traffic.packets_sent == 0


def test_a_group_that_is_not_registered_is_not_joined(gate):
    async def run():
        GroupSocket(gate, interface="lo", interface_ip=HERE, groups=[GROUP], group_port=40102)

    with pytest.raises(ScopeError):
        asyncio.run(run())


def test_a_closed_or_failed_socket_leaves_no_descriptor(loopback_group, gate, free_port, open_files):
    async def run():
        before = open_files()
        loopback_group(bind_port=free_port, group_port=free_port).close()
        with pytest.raises(OSError):
            GroupSocket(gate, interface="no-such-if", interface_ip=HERE, groups=[GROUP], group_port=40102)
        return before, open_files()

    before, after = asyncio.run(run())
    assert before == after


def test_what_is_said_unasked_is_heard_at_a_port_that_others_share(gate, free_port):
    async def run():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            one = GroupSocket(gate, interface="lo", interface_ip=HERE, listen_ports=[free_port])
            two = GroupSocket(gate, interface="lo", interface_ip=HERE, listen_ports=[free_port])
            async with one, two:
                other.sendto(b"here I am", ("127.255.255.255", free_port))
                return await one.receive(10), await two.receive(10), one.unheard, two.unheard

    first, second, *unheard = asyncio.run(run())
    assert first[0] == second[0] == b"here I am"
    assert unheard == [(), ()]


def test_a_port_that_another_program_keeps_to_itself_is_named_as_unheard(gate):
    async def run():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as alone:
            alone.bind(("", 0))
            taken = alone.getsockname()[1]
            async with GroupSocket(gate, interface="lo", interface_ip=HERE, listen_ports=[taken]) as hearer:
                return taken, hearer.unheard

    taken, unheard = asyncio.run(run())
    assert unheard == (taken,)
