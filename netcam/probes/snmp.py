"""SNMP: what a device says it is to anybody who asks with the community `public`; only where the operator wants it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

from netcam.errors import DecodeError
from netcam.model import Observation
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.snmp import decode_response, encode_get

COMMUNITY = "public"
OBJECTS = {
    "1.3.6.1.2.1.1.1.0": "snmp.sysdescr",
    "1.3.6.1.2.1.1.2.0": "snmp.sysobjectid",
    "1.3.6.1.2.1.1.5.0": "snmp.sysname",
}  # RFC 3418, system group

EMITS = frozenset(OBJECTS.values())


def decode_system(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer; objects that were not asked for are left out.

    Raises:
        DecodeError: as `decode_response`, or none of the objects is in it.
    """
    told = tuple((OBJECTS[name], text) for name, text in decode_response(datagram) if name in OBJECTS and text.strip())
    if not told:
        raise DecodeError("snmp", 0, "nothing of what was asked for in it")
    return told


class SnmpProbe:
    """Ask for description, object id and name of the system."""

    spec = ProbeSpec(
        name="snmp",
        summary="SNMP system group with community public",
        transport=Transport.UDP_GROUP,
        ports=(161,),
        unicast=True,
        timeout_s=2.0,
        contact=Contact.ASK,
        optional=True,  # a community is a password by another name, and some networks raise an alarm at its use
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        question = encode_get(tuple(OBJECTS), COMMUNITY, uuid4().int & 0x7FFFFFFF)
        async for reply in io.ask((question, question), decode_system):
            for seen in reply.observe(reply.message):
                yield seen


PROBE = SnmpProbe()
DECODERS: dict[str, Decoder] = {"snmp": decode_system}
