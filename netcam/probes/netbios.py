"""NetBIOS node status: names of the computers beside the cameras, so that a report can call them something."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

from netcam.model import Observation
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.netbios import EMITS, decode_answer, encode_question


class NetbiosProbe:
    """Ask Windows and Samba hosts for their names."""

    spec = ProbeSpec(
        name="netbios",
        summary="NetBIOS node status",
        transport=Transport.UDP_GROUP,
        ports=(137,),
        unicast=True,
        timeout_s=2.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        question = encode_question(uuid4().int & 0xFFFF)
        async for reply in io.ask((question, question), decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


PROBE = NetbiosProbe()
DECODERS: dict[str, Decoder] = {"netbios": decode_answer}
