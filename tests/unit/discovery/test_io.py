"""What becomes of a datagram that comes where answers are expected."""

from ipaddress import ip_address
from uuid import UUID

import pytest
from captured import capture

from netcam.discovery.io import Tools, UdpIO
from netcam.discovery.record import Record
from netcam.discovery.targets import scope_of
from netcam.net.gate import PACES, Gate
from netcam.probes import all_probes
from netcam.probes.vendor import foscam, mhed, sadp, uniview, vivotek
from netcam.wire import ssdp, ws_discovery

PROBES = {p.spec.name: p for p in all_probes()}
THERE = ip_address("192.0.2.9")
BYE = b"""<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Body><d:Bye/></s:Body></s:Envelope>"""


@pytest.fixture
def accept():
    """(reply, statuses of the runs that were recorded) for a datagram from THERE."""

    def take(name, decode, *datagrams):
        record = Record()
        tools = Tools(
            gate=Gate(scope_of(("192.0.2.0/24",)), PACES["fast"]), http=None, record=record, dial=int,
            pages=lambda seen: (), own=frozenset(), on_host=lambda ip, link: None,
        )  # fmt: skip
        io, malformed = UdpIO(tools, PROBES[name].spec), set()
        replies = [io._accept(datagram, THERE, decode, malformed) for datagram in datagrams]
        return replies[-1], [str(run.status) for run in record.runs]

    return take


UUIDS = (UUID(int=1), UUID(int=2), UUID(int=3))


@pytest.mark.parametrize(
    ("probe", "decode", "datagram"),
    [
        ("sadp", sadp.decode_match, sadp.encode_inquiry(UUIDS[0])),
        ("onvif", ws_discovery.decode_matches, ws_discovery.encode_probes(UUIDS)[2]),
        ("onvif", ws_discovery.decode_matches, BYE),
        ("ssdp", ssdp.decode_ssdp, ssdp.encode_search("ssdp:all")),
        ("mhed", mhed.decode_announcement, mhed.encode_search(7)),
        ("foscam", foscam.decode_answer, foscam.encode_question()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_tool_s_question_is_no_malformed_answer(accept, probe, decode, datagram):
    assert accept(probe, decode, datagram) == (None, [])


@pytest.mark.parametrize(
    ("probe", "decode", "datagram"),
    [
        ("foscam", foscam.decode_answer, vivotek.encode_question()),
        ("foscam", foscam.decode_answer, capture("vivotek/camera")),
        ("uniview", uniview.decode_matches, ws_discovery.encode_probes(UUIDS)[0]),
    ],
    ids=("question", "answer", "standard question"),
)
def test_what_another_protocol_of_the_port_knows_is_no_malformed_answer(accept, probe, decode, datagram):
    assert accept(probe, decode, datagram) == (None, [])


@pytest.mark.parametrize(
    ("probe", "decode", "datagram"),
    [
        ("sadp", sadp.decode_match, b"<ProbeMatch></ProbeMatch>"),
        ("sadp", sadp.decode_match, b"junk"),
        ("mhed", mhed.decode_announcement, mhed.encode_search(7)[:10]),
        ("mhed", mhed.decode_announcement, mhed.encode_search(7).replace(b"\x01\0\0\0", b"\x03\0\0\0")),
        ("onvif", ws_discovery.decode_matches, b"<a/>"),
    ],
    ids=("empty", "junk", "cut", "other command", "other XML"),
)
def test_a_broken_answer_is_recorded_once(accept, probe, decode, datagram):
    assert accept(probe, decode, datagram, datagram) == (None, ["malformed"])


def test_an_answer_behind_a_question_is_heard(accept):
    reply, runs = accept("sadp", sadp.decode_match, sadp.encode_inquiry(UUIDS[0]), capture("sadp/recorder"))
    assert reply.endpoint.ip == THERE
    assert runs == []
