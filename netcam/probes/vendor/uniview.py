"""UniviewProbe, Uniview's own question on the WS-Discovery port (UDP 3702).

The answer carries the extended ONVIF scopes of the platform: model, firmware, serial number and MAC without a login.

Source: one published program with tests made from two units; tests/captures/uniview/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire import onvif_scopes
from netcam.wire.xml import Node, read_xml

SIZE_LIMIT = 16384  # bytes of one answer; known ones have 2.4 kB, more than one Ethernet frame
RECORD_LIMIT = 8  # devices described in one answer; known ones hold one
XADDR_LIMIT = 16
NAMESPACE = "http://www.uniview.com/Ver10/Device/wsdl"
QUESTION, ANSWER = "UniviewProbe", "UniviewProbeMatches"

EMITS = onvif_scopes.EMITS | {"uniview.answer", "uniview.xaddrs", "onvif.scopes"}

_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"


def encode_probe(message_id: UUID) -> bytes:
    """The question, in SOAP 1.2."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="{_ADDRESSING}" '
        f'xmlns:tns="{NAMESPACE}"><s:Header>'
        f"<a:Action>{NAMESPACE}/{QUESTION}</a:Action><a:MessageID>urn:uuid:{message_id}</a:MessageID>"
        f"<a:ReplyTo><a:Address>{_ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>"
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
        f"<s:Body><tns:{QUESTION}/></s:Body></s:Envelope>"
    ).encode()


def decode_matches(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer, the scopes as a whole and taken apart.

    Scopes and addresses stand in one or more `UniviewProbeMatch`, or right in `UniviewProbeMatches`. Some firmware
    answers under the action of the question; with scopes or addresses in it, that is an answer all the same. What an
    answer says it relates to doesn't matter.

    Raises:
        DecodeError: more than 16 kB, no XML, another action, or neither scopes nor addresses (somebody's question).
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("uniview", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    root = read_xml(datagram, protocol="uniview")
    action = (root.text_of("Action") or "").rpartition("/")[2]
    body = root.first(ANSWER) or (root.first("Body") if action in (QUESTION, ANSWER) else None)
    if body is None:
        raise DecodeError("uniview", 0, f"{action[:40] or 'no action'}, no {ANSWER}")
    records = [node for node in body.children if node.name == "UniviewProbeMatch"][:RECORD_LIMIT] or [body]
    said = [pair for record in records for pair in _record(record)]
    if not said and action == QUESTION:
        raise HeardQuestion("uniview", 0, "a question")
    if not said:
        raise DecodeError("uniview", 0, "neither scopes nor addresses in it")
    return (("uniview.answer", ANSWER), *dict.fromkeys(said))


class UniviewProbe:
    """Ask Uniview platforms for their extended scopes."""

    spec = ProbeSpec(
        name="uniview",
        summary="Uniview search question (UniviewProbe)",
        transport=Transport.UDP_GROUP,
        ports=(3702,),
        groups=("239.255.255.250",),
        bind_port=3705,  # where the maker's tool listens; whether other ports get an answer is not known
        broadcast=True,
        unicast=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((encode_probe(uuid4()), encode_probe(uuid4())), decode_matches):
            for seen in reply.observe(reply.message):
                yield seen


def _record(record: Node) -> list[tuple[str, str]]:
    scopes = " ".join(onvif_scopes.split_scopes(" ".join((record.text_of("Scopes") or "").split())))
    xaddrs = " ".join((record.text_of("XAddrs") or "").split()[:XADDR_LIMIT])
    whole = (("onvif.scopes", scopes), ("uniview.xaddrs", xaddrs))
    return [*((kind, text) for kind, text in whole if text), *onvif_scopes.decode_scopes(scopes)]


PROBE = UniviewProbe()
DECODERS: dict[str, Decoder] = {"uniview": decode_matches}
