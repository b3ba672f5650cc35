"""Who counts as a device when nobody is asked: what is heard, of whom, and what is left alone."""

import json
from ipaddress import ip_address

import passing as p
import pytest
from captured import capture

from netcam.discovery import passive
from netcam.discovery.passive import Hearing
from netcam.discovery.record import Record
from netcam.discovery.runner import SHARED_MAC_AT
from netcam.errors import DecodeError
from netcam.probes import all_probes, datagram_decoders
from netcam.probes.base import Transport

VIEWER, CAMERA = "10.0.0.50", "10.0.0.20"
PAGE = b"HTTP/1.1 200 OK\r\nServer: NLO-Web/4.2\r\nContent-Type: text/html\r\n\r\n<title>NL-220</title>"


def hear(*frames, own=(), telling=lambda kind, name: True, link_type=1):
    """All that was heard: {address: [(kind, value)]}, devices without address under None."""
    record = Record()
    hearing = Hearing(record, probe="pcap", telling=telling, own=frozenset(map(ip_address, own)))
    for number, frame in enumerate(frames):
        hearing.frame(1_700_000_000.0 + number, link_type, frame)
    groups = hearing.finish()
    heard = {str(ip): [(o.kind, o.value) for o in host.observations] for ip, host in record.hosts.items()}
    for group in groups:
        heard.setdefault(None, []).extend((o.kind, o.value) for o in group.observations)
    return heard


def kinds(said):
    return {kind for kind, _ in said}


# -- discovery answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("port", "name", "kind"),
    [
        (37020, "sadp/recorder", "sadp.model"),
        (37810, "dhip/camera", "dhip.model"),
        (3702, "ws-discovery/camera", "onvif.hardware"),
        (1900, "ssdp/answer", "ssdp.server"),
    ],
)
def test_an_answer_is_heard_to_a_group_and_to_whoever_asked(port, name, kind):
    to_group = hear(p.udp(CAMERA, 50000, "239.255.255.250", port, capture(name)))
    to_asker = hear(p.udp(CAMERA, port, VIEWER, 50000, capture(name)))
    assert kind in kinds(to_group[CAMERA])
    assert to_group == to_asker
    assert list(to_group) == [CAMERA]


def test_an_answer_in_fragments_is_heard():
    heard = hear(*p.fragments(CAMERA, 37810, VIEWER, 50000, capture("dhip/camera"), size=512))
    assert ("dhip.model", "IPC-HDW5421S") in heard[CAMERA]


def test_every_discovery_probe_with_a_codec_is_heard_on_its_ports():
    for probe in all_probes():
        if probe.spec.transport is Transport.UDP_GROUP and probe.spec.name not in ("onvif", "ssdp"):
            assert probe.spec.ports[0] in datagram_decoders(), probe.spec.name
    assert {1900, 3702, 23456, 37020, 37810} <= datagram_decoders().keys()


def test_a_protocol_in_a_file_of_its_own_is_heard_without_another_edit(monkeypatch):
    def decode(data):
        if data != b"NLDP":
            raise DecodeError("nldp", 0, "other")
        return (("nldp.model", "NL-220"),)

    monkeypatch.setattr(passive, "datagram_decoders", lambda: {40102: ((40102, decode),)})
    assert hear(p.udp(CAMERA, 40102, VIEWER, 9, b"NLDP")) == {CAMERA: [("nldp.model", "NL-220")]}


def test_an_mdns_announcement_is_heard_and_a_reflector_is_not_its_device():
    instance = "NL-220._axis-video._tcp.local."
    told = p.dns(
        records=[
            ("_axis-video._tcp.local.", 12, p.dns_name(instance)),
            (instance, 33, b"\0\0\0\0\0\x50" + p.dns_name("nl220.local.")),
            (instance, 16, b"\x17macaddress=02000000000D"),
            ("nl220.local.", 1, ip_address(CAMERA).packed),
        ]
    )
    heard = hear(p.udp(CAMERA, 5353, "224.0.0.251", 5353, told), p.udp("10.0.0.1", 5353, "224.0.0.251", 5353, told))
    assert list(heard) == [CAMERA]
    assert ("mdns.name", instance) in heard[CAMERA]
    assert ("mdns.mac", "02000000000D") in heard[CAMERA]


def test_the_same_message_again_adds_nothing():
    frame = p.udp(CAMERA, 37020, VIEWER, 50000, capture("sadp/recorder"))
    assert hear(frame) == hear(*[frame] * 50)


def test_a_source_that_never_stops_is_decoded_so_often_and_no_more(monkeypatch):
    monkeypatch.setattr(passive, "MESSAGES_OF_ONE", 3)
    flood = [
        p.udp(CAMERA, 1900, VIEWER, 50000, b"HTTP/1.1 200 OK\r\nServer: %d\r\nST: x\r\n\r\n" % n) for n in range(9)
    ]
    assert [v for k, v in hear(*flood)[CAMERA] if k == "ssdp.server"] == ["0", "1", "2"]


def test_hosts_are_bounded(monkeypatch):
    monkeypatch.setattr(passive, "HOST_LIMIT", 5)
    record = Record()
    hearing = Hearing(record, probe="pcap", telling=lambda *_: True)
    for n in range(1, 20):
        hearing.frame(None, 1, p.arp(f"10.0.0.{n}", f"02:00:00:00:01:{n:02x}"))
    hearing.finish()
    assert len(record.hosts) == 5
    assert hearing.full


# -- the link ----------------------------------------------------------------------------------------------------------


def test_arp_and_neighbour_advertisements_measure_macs():
    told = b"\x88\0\0\0\x60\0\0\0" + ip_address("fe80::20").packed + b"\x02\x01" + p.mac(p.CAMERA)
    heard = hear(
        p.arp(CAMERA, p.CAMERA), p.ethernet(p.ipv6("fe80::20", "ff02::1", 58, told, hops=255), kind=0x86DD)
    )  # fmt: skip
    assert heard == {CAMERA: [("mac", p.CAMERA)], "fe80::20": [("mac", p.CAMERA)]}


def test_a_second_mac_for_one_address_is_kept_apart():
    assert hear(p.arp(CAMERA, p.CAMERA), p.arp(CAMERA, p.PC))[CAMERA] == [("mac", p.CAMERA), ("arp.other-mac", p.PC)]


def test_a_router_that_answers_for_others_gives_none_of_them_its_mac():
    asked = [p.arp(f"10.0.0.{n}", p.ROUTER) for n in range(1, SHARED_MAC_AT + 1)]
    heard = hear(*asked, p.udp("10.0.0.2", 37020, VIEWER, 5, capture("sadp/recorder")))
    assert list(heard) == ["10.0.0.2"]
    assert "mac" not in kinds(heard["10.0.0.2"])


def test_public_addresses_are_no_devices_unless_they_are_on_the_link():
    page = p.conversation(VIEWER, "8.8.8.8", 80, ("c", b"GET / HTTP/1.1\r\n\r\n"), ("s", PAGE))
    assert hear(*page) == {}
    assert "http.server" in kinds(hear(p.arp("8.8.8.8", p.CAMERA), *page)["8.8.8.8"])


def test_this_machine_is_no_device():
    assert hear(p.arp(CAMERA, p.CAMERA), p.udp(CAMERA, 37020, VIEWER, 5, capture("sadp/recorder")), own=[CAMERA]) == {}


def test_what_a_switch_says_is_its_own_with_and_without_an_address():
    told = p.ethernet(p.lldp(chassis=p.ROUTER, name="sw1", description="Switch 9"), src=p.CAMERA, kind=0x88CC)
    alone = hear(told)
    assert set(alone[None]) == {("lldp.sysname", "sw1"), ("lldp.sysdescr", "Switch 9"), ("mac", p.CAMERA)}
    housed = hear(told, p.arp("10.0.0.1", p.ROUTER))
    assert ("lldp.sysname", "sw1") in housed["10.0.0.1"]


def test_cdp_and_the_raw_search_answer_are_heard():
    heard = hear(p.arp(CAMERA, p.CAMERA), p.cdp(platform="NLO 9", software="S"), p.csadp(), p.csadp(origin=0x42))
    assert {("cdp.platform", "NLO 9"), ("cdp.software", "S"), ("link.csadp", "device")} <= set(heard[CAMERA])


def test_a_dhcp_client_is_known_by_its_options_under_the_address_it_gets():
    options = ((53, b"\x03"), (12, b"nl-220"), (60, b"NLO,1"), (55, b"\x01\x03"), (50, bytes((10, 0, 0, 9))))
    asks = p.dhcp(p.CAMERA, *options)
    gets = p.dhcp(p.CAMERA, (53, b"\x05"), (12, b"told-by-the-server"), op=2, given=CAMERA)
    heard = hear(
        p.udp("0.0.0.0", 68, "255.255.255.255", 67, asks), p.udp("10.0.0.1", 67, "255.255.255.255", 68, gets)
    )  # fmt: skip
    told = [("dhcp.hostname", "nl-220"), ("dhcp.vendorclass", "NLO,1"), ("dhcp.params", "1,3"), ("dhcp.mac", p.CAMERA)]
    assert heard == {CAMERA: told}


def test_a_dhcp_client_that_gets_no_answer_is_a_device_all_the_same():
    asks = p.dhcp(p.CAMERA, (53, b"\x01"), (60, b"NLO,1"))
    heard = hear(p.udp("0.0.0.0", 68, "255.255.255.255", 67, asks))
    assert heard == {None: [("dhcp.vendorclass", "NLO,1"), ("dhcp.mac", p.CAMERA)]}


# -- names asked for ---------------------------------------------------------------------------------------------------


def test_a_name_asked_for_is_a_sign_of_the_client_and_not_of_the_resolver():
    ask = p.dns(questions=[("P2P.example.", 1)])
    answer = p.dns(questions=[("P2P.example.", 1)], records=[("P2P.example.", 1, bytes(4))])
    heard = hear(p.udp(CAMERA, 5000, "10.0.0.1", 53, ask), p.udp("10.0.0.1", 53, CAMERA, 5000, answer))
    assert heard == {CAMERA: [("dns.question", "p2p.example")]}


def test_a_server_name_is_a_sign_of_the_client_wherever_it_goes():
    hello = p.client_hello("p2p.example")
    heard = hear(*p.conversation(CAMERA, "8.8.8.8", 443, ("c", hello[:60]), ("c", hello[60:])))
    assert heard == {CAMERA: [("tls.sni", "p2p.example")]}


def test_names_that_no_signature_knows_are_not_kept():
    frame = p.udp(CAMERA, 5000, "10.0.0.1", 53, p.dns(questions=[("news.example.", 1)]))
    assert hear(frame, telling=lambda kind, name: name.startswith("p2p")) == {}


# -- conversations -----------------------------------------------------------------------------------------------------


def talk(*turns, port=80, server=CAMERA, **more):
    return hear(*p.conversation(VIEWER, server, port, *turns, **more))


def test_a_web_server_is_known_by_its_first_page_and_its_viewer_by_nothing():
    heard = talk(("c", b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n"), ("s", PAGE))
    assert list(heard) == [CAMERA]
    assert {("http.server", "NLO-Web/4.2"), ("http.title", "NL-220"), ("tcp.open", "80")} <= set(heard[CAMERA])
    assert ("http.status", "200 /index.html") in heard[CAMERA]


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET / HTTP/1.1\r\nCookie: session=1234\r\n\r\n",
        b"GET / HTTP/1.1\r\nAuthorization: Basic eDp5\r\n\r\n",
        b"GET /params?user=a&pwd=b HTTP/1.1\r\n\r\n",
        b"POST /login HTTP/1.1\r\n\r\nuser=a&pwd=b",
    ],
)
def test_of_a_page_for_one_person_only_the_server_is_noted(request_head):
    heard = talk(("c", request_head), ("s", PAGE))
    assert kinds(heard[CAMERA]) == {"tcp.open", "http.server", "http.headers"}


def test_of_an_answer_whose_question_was_not_heard_only_the_server_is_noted():
    assert kinds(talk(("s", PAGE), begin=False)[CAMERA]) == {"http.server", "http.headers"}


def test_a_page_that_only_quotes_an_answer_makes_no_server():
    assert talk(("c", b"POST / HTTP/1.1\r\n\r\n" + PAGE), begin=False) == {}


def test_two_answers_on_one_connection_are_both_read():
    first = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="NL", nonce="1f"\r\n'
    first += b"Content-Length: 2\r\n\r\nno"
    heard = talk(("c", b"GET / HTTP/1.1\r\n\r\n"), ("s", first), ("c", b"GET /a HTTP/1.1\r\n\r\n"), ("s", PAGE))
    assert ("http.status", "401 /") in heard[CAMERA]
    assert ("http.status", "200 /a") in heard[CAMERA]
    assert "1f" not in json.dumps(heard)


def test_segments_out_of_order_and_sent_twice_make_the_same_page():
    long_page = PAGE + b" " * 3000
    turns = (("c", b"GET / HTTP/1.1\r\n\r\n"), ("s", long_page))
    frames = p.conversation(VIEWER, CAMERA, 80, *turns, close=False)
    shuffled = [*frames[:4], *frames[:3:-1], *frames[4:]]
    assert sorted(hear(*shuffled)[CAMERA]) == sorted(hear(*frames)[CAMERA])


def test_an_rtsp_server_is_known_and_what_its_viewer_wrote_is_not_kept():
    asked = b"DESCRIBE rtsp://admin:secret@10.0.0.20/1 RTSP/1.0\r\nCSeq: 3\r\nAuthorization: Basic eDp5\r\n\r\n"
    told = (
        b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nServer: NL RTSP\r\nContent-Base: rtsp://admin:secret@10.0.0.20/1/\r\n"
        b"Session: 777\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=Media\r\n"
    )
    heard = talk(("c", asked), ("s", told), port=554)
    said = {("rtsp.server", "NL RTSP"), ("rtsp.status", "DESCRIBE 200"), ("rtsp.session", "Media")}
    assert said <= set(heard[CAMERA])
    assert not any(word in json.dumps(heard) for word in ("secret", "admin", "777", "eDp5"))


def test_a_login_that_is_typed_is_not_part_of_the_greeting():
    heard = talk(
        ("s", b"\xff\xfb\x01NL-220 login: "), ("c", b"\xff\xfd\x01"), ("s", b"ready "), ("c", b"admin\r\n"),
        ("s", b"admin\r\nPassword: "), port=23,
    )  # fmt: skip
    assert ("telnet", "NL-220 login: ready") in heard[CAMERA]
    assert "admin" not in json.dumps(heard)


@pytest.mark.parametrize(
    ("port", "greeting", "kind", "text"),
    [
        (21, b"220 NL-220 FTP server ready\r\n", "ftp", "220 NL-220 FTP server ready"),
        (2222, b"SSH-2.0-dropbear_2019.78\r\n\0\0keys", "ssh", "SSH-2.0-dropbear_2019.78"),
    ],
)
def test_a_server_that_speaks_first_is_known_by_its_greeting(port, greeting, kind, text):
    assert (kind, text) in talk(("s", greeting), ("c", b"USER admin\r\n"), port=port)[CAMERA]


def test_a_database_s_greeting_is_not_kept():
    assert kinds(talk(("s", b"\x4a\0\0\0\x0a8.0\0salt1234"), port=3399)[CAMERA]) == {"tcp.open"}


def test_a_description_that_anybody_gets_is_decoded():
    told = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" + capture("upnp/description")
    heard = talk(("c", b"GET /rootDesc.xml HTTP/1.1\r\n\r\n"), ("s", told))
    assert "upnp.modelname" in kinds(heard[CAMERA])


def test_connections_are_bounded_and_the_oldest_is_told_when_it_goes(monkeypatch):
    from netcam.discovery import streams

    monkeypatch.setattr(streams, "STREAMS_AT_ONCE", 2)
    frames = []
    for n in range(5):
        turns = (("c", b"GET / HTTP/1.1\r\n\r\n"), ("s", PAGE))
        frames += p.conversation(VIEWER, f"10.0.1.{n}", 80, *turns, close=False)
    record = Record()
    hearing = Hearing(record, probe="pcap", telling=lambda *_: True)
    for frame in frames:
        hearing.frame(1.0, 1, frame)
    assert len(hearing._streams._streams) == 2
    hearing.finish()
    assert all("http.title" in {o.kind for o in host.observations} for host in record.hosts.values())
    assert len(record.hosts) == 5


def test_a_frame_that_can_t_be_read_changes_nothing_but_the_count():
    record = Record()
    hearing = Hearing(record, probe="pcap", telling=lambda *_: True)
    for raw in (b"", b"\0" * 20, p.udp(CAMERA, 37020, VIEWER, 5, b"x")[:-1]):
        hearing.frame(1e300, 1, raw)
    assert (hearing.heard, hearing.not_read, record.hosts) == (3, 3, {})
