"""The emulated devices answer as documented when asked with hand-written bytes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import ssl
import struct
import uuid
import warnings
from ipaddress import IPv4Address

import pytest

from netcam.demo.emulator import EmulatedLan, server_context, shifted
from netcam.demo.profile import load_profiles, profile_files, read_profiles
from netcam.demo.store import demo_store, hostile_devices

# All who speak to groups on this machine's own loopback run one after the other: they would hear each other.
pytestmark = pytest.mark.xdist_group("loopback")

# Every process that runs these tests has addresses of its own; answers of other emulators on this machine, which hear
# the same multicast groups, are left out below.
FIRST = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}.10"
OURS = str(uuid.uuid4()).upper().encode()  # another process may ask the same group
SADP = b'<?xml version="1.0" encoding="utf-8"?><Probe><Uuid>' + OURS + b"</Uuid><Types>inquiry</Types></Probe>"
DHIP_JSON = b'{ "method" : "DHDiscover.search", "params" : { "mac" : "", "uni" : 1 } }\n'
DHIP = bytes.fromhex("20000000444849500000000000000000490000000000000049000000" + "00000000") + DHIP_JSON


def address(number: int) -> str:
    return str(IPv4Address(FIRST) + number)


def probe(types: str, *, own_xmlns: bool = True) -> bytes:
    names = ""
    if own_xmlns:
        names = (
            ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
            ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"'
        )
    element = f"<d:Types{names}>{types}</d:Types>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><s:Header><a:Action s:mustUnderstand="1">'
        "http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action><a:MessageID>uuid:1-2-3</a:MessageID>"
        "</s:Header><s:Body><Probe xmlns=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\">"
        f"{element if types else ''}</Probe></s:Body></s:Envelope>"
    ).encode()


class Asker:
    """Plain blocking sockets in threads, so that nothing of netcam's own network code is under test here."""

    def __init__(self, lan: EmulatedLan) -> None:
        self.lan = lan

    async def udp(self, port: int, data: bytes, *, to: str | None = None, wait_s: float = 0.3, bind: int = 0):
        heard = await asyncio.to_thread(self._udp, port, data, to or self.lan.devices[0].ip, wait_s, bind)
        return [(data, sender) for data, sender in heard if sender[0] in {d.ip for d in self.lan.devices}]

    @staticmethod
    def _udp(port: int, data: bytes, to: str, wait_s: float, bind: int):
        answers = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            sock.bind(("127.0.0.1", bind))
            sock.settimeout(wait_s)
            sock.sendto(data, (to, port))
            while True:
                try:
                    answers.append(sock.recvfrom(65535))
                except TimeoutError:
                    return answers

    async def tcp(self, port: int, data: bytes, *, limit: int = 65536, tls: ssl.SSLContext | None = None) -> bytes:
        return await asyncio.to_thread(self._tcp, self.lan.devices[0].ip, shifted(port), data, limit, tls)

    @staticmethod
    def _tcp(ip: str, port: int, data: bytes, limit: int, tls: ssl.SSLContext | None) -> bytes:
        got = b""
        with socket.create_connection((ip, port), timeout=3) as plain:
            sock = tls.wrap_socket(plain) if tls else plain
            with sock:
                if data:
                    sock.sendall(data)
                sock.settimeout(0.5)
                try:
                    while len(got) < limit and (piece := sock.recv(4096)):
                        got += piece
                except TimeoutError:
                    pass
        return got


def ask(names: str, work):
    """Run `work(asker)` against the named devices on loopback."""

    async def main():
        async with EmulatedLan.on_loopback(load_profiles(*names.split()), first=FIRST) as lan:
            assert not lan.missing
            return await work(Asker(lan))

    return asyncio.run(main())


def test_every_profile_loads_and_each_has_its_own_name_and_mac():
    profiles = [p for file in profile_files() for p in read_profiles(file)]
    assert len({p.name for p in profiles}) == len({p.mac for p in profiles}) == len(profiles)
    assert all(re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", p.mac) for p in profiles)


def test_the_store_has_the_promised_mix():
    store = demo_store()
    cctv = [p for p in store if p.truth.is_cctv]
    assert len({p.truth.maker for p in cctv}) >= 12
    assert sum(p.truth.maker != p.truth.brand and p.truth.brand is not None for p in cctv) >= 3
    assert sum(p.truth.is_cctv is False for p in store) >= 5
    assert not {p.name for p in store} & {p.name for p in hostile_devices()}


def test_a_variant_is_another_unit_with_its_own_mac_and_serial():
    (camera,) = load_profiles("hikvision-camera")
    other = camera.variant(7)
    assert other.mac == "44:19:b6:00:07:01"
    assert other.truth.serial != camera.truth.serial
    assert other.truth.serial.startswith(other.truth.model)


def test_sadp_inquiry_gets_one_probematch_with_the_asked_uuid():
    answers = ask("hikvision-camera", lambda a: a.udp(37020, SADP))
    ((data, sender),) = answers
    assert sender == (FIRST, 37020)
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8" ?><ProbeMatch><Uuid>' + OURS)
    assert b"<DeviceDescription>DS-2CD2046G2-IU</DeviceDescription>" in data
    assert f"<MAC>44-19-b6-00-00-01</MAC><IPv4Address>{FIRST}</IPv4Address>".encode() in data
    assert b"<DSPVersion>" in data
    assert b"Salt" not in data


@pytest.mark.parametrize("verb", ["update", "getcode", "reset", "activate", "exchangecode", "INQUIRY"])
def test_sadp_verbs_that_change_a_device_are_recorded_and_never_answered(verb):
    async def work(asker):
        answers = await asker.udp(37020, SADP.replace(b"inquiry", verb.encode()))
        return answers, asker.lan.devices[0].record

    answers, record = ask("hikvision-camera", work)
    assert answers == []
    ours = [r.data for r in record if OURS in r.data]
    assert [verb.encode() in data for data in ours] == [True]


def test_one_multicast_question_is_answered_by_each_device_from_its_own_address():
    work = lambda a: a.udp(37020, SADP, to="239.255.255.250")  # noqa: E731
    answers = ask("hikvision-camera hikvision-nvr dahua-camera annke-camera", work)
    assert sorted(sender[0] for _, sender in answers) == [address(0), address(1), address(3)]


def test_a_device_that_answers_to_the_group_is_heard_only_there():
    async def work(asker):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as member:
            member.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            member.bind(("239.255.255.250", 37020))
            group = socket.inet_aton("239.255.255.250") + socket.inet_aton("127.0.0.1")
            member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
            member.settimeout(1)
            direct = await asker.udp(37020, SADP)
            heard = await asyncio.to_thread(member.recvfrom, 65535)
            while heard[1][0] != FIRST:
                heard = await asyncio.to_thread(member.recvfrom, 65535)
        return direct, heard

    direct, (data, sender) = ask("hikvision-onvif-camera", work)
    assert direct == []
    assert b"<ProbeMatch>" in data
    assert sender[0] == FIRST


def test_dhip_answer_is_framed_and_repeats_its_length():
    ((data, _),) = ask("dahua-camera", lambda a: a.udp(37810, DHIP))
    assert data[:8] == b"\x20\0\0\0DHIP"
    length, again = struct.unpack_from("<I4xI", data, 16)
    assert length == again == len(data) - 32
    said = json.loads(data[32:])
    assert said["method"] == "client.notifyDevInfo"
    assert said["mac"] == "08:ed:ed:00:00:01"
    info = said["params"]["deviceInfo"]
    assert (info["DeviceType"], info["Vendor"], info["Version"]) == ("IPC-HDW5421S", "Dahua", "2.400.0.8")
    assert info["IPv4Address"]["IPAddress"] == FIRST


@pytest.mark.parametrize(
    "question",
    [DHIP_JSON, DHIP.replace(b"DHIP", b"PIHD"), DHIP.replace(b"search\"", b"setConfig\""), b"\x01", DHIP[:40]],
    ids=["bare JSON", "swapped magic", "a writing method", "one byte", "cut"],
)
def test_dhip_answers_only_a_framed_search(question):
    assert ask("dahua-camera", lambda a: a.udp(37810, question)) == []


def test_a_unicast_only_device_ignores_the_group():
    async def work(asker):
        return await asker.udp(37810, DHIP, to="239.255.255.251"), await asker.udp(37810, DHIP)

    group, direct = ask("dahua-onvif-camera", work)
    assert (len(group), len(direct)) == (0, 1)


def test_ws_discovery_answer_relates_to_the_question_and_carries_the_scopes():
    ((data, _),) = ask("axis-camera", lambda a: a.udp(3702, probe("dn:NetworkVideoTransmitter")))
    text = data.decode()
    assert "<wsadis:RelatesTo>uuid:1-2-3</wsadis:RelatesTo>" in text
    assert "<d:Types>tds:Device dn:NetworkVideoTransmitter</d:Types>" in text
    assert "onvif://www.onvif.org/name/AXIS%20M2036-LE" in text
    assert f"<d:XAddrs>http://{FIRST}/onvif/device_service https://" in text


def test_a_stack_that_needs_types_with_their_own_namespaces_is_silent_without():
    async def work(asker):
        forms = (probe(""), probe("dn:NetworkVideoTransmitter", own_xmlns=False), probe("dn:NetworkVideoTransmitter"))
        return [len(await asker.udp(3702, form)) for form in forms]

    assert ask("vigi-camera", work) == [0, 0, 1]


def test_a_printer_answers_questions_without_types_only():
    async def work(asker):
        return await asker.udp(3702, probe("dn:NetworkVideoTransmitter")), await asker.udp(3702, probe(""))

    typed, untyped = ask("office-printer", work)
    assert typed == []
    assert b"wsdp:Device" in untyped[0][0]
    assert b"onvif.org/name" not in untyped[0][0]


def test_the_vendor_question_gets_the_vendor_answer_and_only_from_that_vendor():
    question = probe("").replace(
        b"http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</",
        b"http://www.uniview.com/Ver10/Device/wsdl/UniviewProbe</",
    )
    work = lambda a: a.udp(3702, question, bind=3705)  # noqa: E731
    ((data, _),) = ask("uniview-camera", work)
    assert b"/UniviewProbeMatches</wsadis:Action>" in data
    assert b"onvif://www.onvif.org/macaddr/88263f00000c" in data
    assert ask("axis-camera", work) == []


def soap(call: str) -> bytes:
    body = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
        f'<{call} xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
    )
    head = f"POST /onvif/device_service HTTP/1.1\r\nHost: camera\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def test_soap_calls_before_login_answer_and_device_information_is_refused():
    async def work(asker):
        return [
            await asker.tcp(80, soap(call))
            for call in ("GetSystemDateAndTime", "GetServices", "GetDeviceInformation", "SetHostname")
        ]

    clock, services, refused, written = ask("hikvision-onvif-camera", work)
    assert clock.startswith(b"HTTP/1.1 200 OK")
    assert b"<tt:Year>2026</tt:Year>" in clock
    assert b"<tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace>" in services
    assert refused.startswith(b"HTTP/1.1 401 ")
    assert b"ter:NotAuthorized" in refused
    assert b"ter:ActionNotSupported" in written


def test_isapi_is_refused_with_a_fresh_nonce_each_time():
    async def work(asker):
        question = b"GET /ISAPI/System/deviceInfo HTTP/1.1\r\nHost: camera\r\n\r\n"
        return [await asker.tcp(80, question) for _ in range(2)]

    answers = ask("hikvision-camera", work)
    nonces = {re.search(rb'realm="IP Camera\(F0001\)", nonce="([0-9a-f]{32})"', a)[1] for a in answers}
    assert len(nonces) == 2
    assert all(a.endswith(b"<statusString>Unauthorized</statusString></userCheck>") for a in answers)


def test_headers_keep_their_order_and_redirects_their_place():
    answer = ask("hikvision-nvr", lambda a: a.tcp(80, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    head = answer.split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head[:3] == ["HTTP/1.1 302 Found", "Server: DNVRS-Webs", "Location: /doc/page/login.asp"]


def test_head_has_no_body_and_unknown_paths_are_not_found():
    async def work(asker):
        first = await asker.tcp(80, b"HEAD / HTTP/1.1\r\n\r\n")
        return first, await asker.tcp(80, b"GET /nothing HTTP/1.1\r\n\r\n")

    head, missing = ask("sony-camera", work)
    assert head.endswith(b"\r\n\r\n")
    assert b"Server: gen5th/1.10" in head
    assert missing.startswith(b"HTTP/1.1 404 Not Found")


def test_favicon_bytes_come_as_they_are():
    answer = ask("office-nas", lambda a: a.tcp(80, b"GET /favicon.ico HTTP/1.1\r\n\r\n"))
    assert answer.split(b"\r\n\r\n", 1)[1].startswith(bytes.fromhex("0000010001000101"))


def test_basic_device_information_is_open_on_post_only():
    async def work(asker):
        path = b"/axis-cgi/basicdeviceinfo.cgi HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
        return await asker.tcp(80, b"POST " + path), await asker.tcp(80, b"GET " + path)

    given, refused = ask("axis-camera", work)
    assert json.loads(given.split(b"\r\n\r\n")[1])["data"]["propertyList"]["SerialNumber"] == "B8A44F000009"
    assert b'realm="AXIS_B8A44F000009"' in refused


def client_tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


def test_https_answers_the_same_way_and_the_record_holds_the_plain_request():
    async def work(asker):
        answer = await asker.tcp(443, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", tls=client_tls())
        return answer, asker.lan.devices[0].record

    answer, record = ask("hikvision-nvr", work)
    assert answer.startswith(b"HTTP/1.1 302 Found\r\nServer: DNVRS-Webs")
    assert [(r.transport, r.port, r.data[:5]) for r in record] == [("tcp", 443, b"GET /")]


def test_an_old_device_speaks_the_old_version_only():
    assert server_context("dlink", "TLSv1").maximum_version == ssl.TLSVersion.TLSv1
    answer = ask("dlink-camera", lambda a: a.tcp(443, b"GET / HTTP/1.0\r\n\r\n", tls=client_tls()))
    assert b'realm="DCS-2530L"' in answer


def test_rtsp_options_is_open_and_describe_is_refused():
    async def work(asker):
        options = b"OPTIONS rtsp://camera:554/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"
        return await asker.tcp(554, options + options.replace(b"OPTIONS", b"DESCRIBE").replace(b"1\r", b"2\r"))

    answer = ask("hikvision-camera", work).decode()
    first, second = answer.split("\r\n\r\n")[:2]
    assert first.startswith("RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE")
    assert "Date:  Sat, Jan 01 2022" in first
    assert second.startswith("RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\n")
    assert 'Digest realm="IP Camera(F0001)"' in second


def test_a_stack_that_refuses_options_gives_its_realm_there():
    answer = ask("dahua-camera", lambda a: a.tcp(554, b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n"))
    assert answer.startswith(b"RTSP/1.0 401 Unauthorized\r\nCSeq: 7\r\n")
    assert b'realm="Login to 1F0000000000001"' in answer


def test_greetings_come_unasked_and_silent_ports_say_nothing():
    async def work(asker):
        return await asker.tcp(21, b""), asker

    greeting, _ = ask("axis-camera", work)
    assert greeting == b"220 AXIS M2036-LE Network Camera 9.80.1 ready.\r\n"
    assert ask("xiongmai-recorder", lambda a: a.tcp(34567, b"hello")) == b""


def dns_question(name: str, kind: int, *, group: int = 1) -> bytes:
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 0x1234, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, group)


def test_mdns_answers_a_legacy_question_to_the_asker_with_its_id():
    ((data, _),) = ask("axis-camera", lambda a: a.udp(5353, dns_question("_axis-video._tcp.local", 12)))
    identifier, flags, questions, answers, _, more = struct.unpack_from("!6H", data)
    assert (identifier, flags, questions, answers, more) == (0x1234, 0x8400, 1, 1, 3)
    assert b"\x1eAXIS M2036-LE - B8A44F000009" [1:] in data
    assert b"\x17macaddress=B8A44F000009" in data
    assert b"\x11axis-b8a44f000009" in data
    assert socket.inet_aton(FIRST) in data


def test_mdns_lists_the_service_types_and_is_silent_about_others():
    async def work(asker):
        meta = await asker.udp(5353, dns_question("_services._dns-sd._udp.local", 12))
        return meta, await asker.udp(5353, dns_question("_http._tcp.local", 12))

    meta, other = ask("hikvision-camera", work)
    assert struct.unpack_from("!H", meta[0][0], 6)[0] == 2
    assert b"\x04_CGI" in meta[0][0]
    assert other == []


def test_mdns_questions_with_looping_names_get_nothing():
    loop = struct.pack("!6H", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c" + struct.pack("!HH", 12, 1)
    assert ask("axis-camera", lambda a: a.udp(5353, loop)) == []


def test_ssdp_answers_its_targets_and_all():
    def question(target: str) -> bytes:
        lines = ("M-SEARCH * HTTP/1.1", "HOST: 239.255.255.250:1900", 'MAN: "ssdp:discover"', "MX: 2", f"ST: {target}")
        return "\r\n".join((*lines, "", "")).encode()

    async def work(asker):
        return [await asker.udp(1900, question(t)) for t in ("upnp:rootdevice", "ssdp:all", "urn:other")]

    root, everything, other = ask("internet-router", work)
    assert b"ST: upnp:rootdevice\r\nUSN: uuid:00000000-0000-4000-8000-00040e000022::upnp:rootdevice" in root[0][0]
    assert f"LOCATION: http://{FIRST}:49000/igddesc.xml".encode() in root[0][0]
    assert (len(everything), other) == (2, [])


def test_a_lossy_device_loses_each_third_datagram():
    async def work(asker):
        return [len(await asker.udp(37020, SADP, wait_s=0.1)) for _ in range(6)]

    assert ask("lossy-camera", work) == [1, 1, 0, 1, 1, 0]


def test_a_device_sends_no_more_answers_than_its_allowance():
    async def work(asker):
        def flood():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                for _ in range(150):
                    sock.sendto(SADP, (FIRST, 37020))
                sock.settimeout(0.3)
                count = 0
                try:
                    while sock.recv(65535):
                        count += 1
                except TimeoutError:
                    return count

        return await asyncio.to_thread(flood), len(asker.lan.devices[0].record)

    answered, heard = ask("hikvision-camera", work)
    assert heard > 100
    assert 40 <= answered < heard


def test_a_slow_device_answers_after_the_others():
    async def work(asker):
        return await asker.udp(37810, DHIP, to="239.255.255.251", wait_s=2.5)

    answers = ask("slow-camera dahua-camera", work)
    assert [sender[0] for _, sender in answers] == [address(1), address(0)]


def test_a_stolen_mac_is_spoken_and_the_own_one_kept():
    (profile,) = load_profiles("stolen-mac")
    ((data, _),) = ask("stolen-mac", lambda a: a.udp(37020, SADP))
    assert b"<MAC>44-19-b6-00-00-01</MAC><IPv4Address>192.168.1.64</IPv4Address>" in data
    assert profile.mac == "02:00:00:00:01:02"


def test_broken_devices_are_as_broken_as_promised():
    ((escapes, _),) = ask("escapes-in-model", lambda a: a.udp(37020, SADP))
    assert b"\x1b[2J" in escapes
    ((scopes, _),) = ask("thousand-scopes", lambda a: a.udp(3702, probe("dn:NetworkVideoTransmitter")))
    assert scopes.count(b"onvif://") == 1002
    ((bomb, _),) = ask("xml-bomb", lambda a: a.udp(37020, SADP))
    assert b"<!ENTITY" in bomb
    assert len(ask("endless", lambda a: a.tcp(21, b"", limit=300_000))) >= 300_000
    page = ask("endless", lambda a: a.tcp(80, b"GET / HTTP/1.1\r\n\r\n", limit=300_000))
    assert len(page) >= 300_000
    assert b"Content-Length" not in page
    promised = ask("stalls", lambda a: a.tcp(80, b"GET / HTTP/1.1\r\n\r\n"))
    head, body = promised.split(b"\r\n\r\n")
    assert int(re.search(rb"Content-Length: (\d+)", head)[1]) > len(body)


def test_the_honeypot_says_everything_everywhere():
    async def work(asker):
        return [await asker.tcp(port, b"") for port in (22, 554, 37777)]

    for banner in ask("honeypot", work):
        assert b"Server: App-webs/" in banner
        assert b"AXIS_WS_020000000109" in banner
        assert b"Login to" in banner


def test_a_tls_greeting_on_a_plain_port_ends_the_connection():
    assert ask("hikvision-camera", lambda a: a.tcp(80, b"\x16\x03\x01\x00\xa5\x01\x00\x00")) == b""


def test_the_record_keeps_the_first_4_kb_of_a_connection():
    async def work(asker):
        await asker.tcp(34567, b"x" * 10_000)
        return asker.lan.devices[0].record

    (received,) = ask("xiongmai-recorder", work)
    assert (received.port, received.peer, len(received.data)) == (34567, "127.0.0.1", 4096)


def test_low_ports_move_up_and_high_ones_stay():
    assert [shifted(p) for p in (21, 80, 1023, 1024, 37777)] == [20021, 20080, 21023, 1024, 37777]


def test_a_port_that_another_program_holds_is_named_and_the_rest_works():
    async def main():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind((FIRST, shifted(80)))
            taken.listen()
            async with EmulatedLan.on_loopback(load_profiles("hikvision-camera"), first=FIRST) as lan:
                return lan.missing, await Asker(lan).udp(37020, SADP)

    missing, answers = asyncio.run(main())
    assert [m.split(":")[0] for m in missing] == [f"{FIRST} tcp/80"]
    assert len(answers) == 1


def test_the_whole_store_starts_and_leaves_no_task_behind():
    async def main():
        lan = EmulatedLan.on_loopback(demo_store(), first=FIRST)
        await lan.start()
        await lan.stop()
        return lan.missing, len(asyncio.all_tasks())

    assert asyncio.run(main()) == ((), 1)
