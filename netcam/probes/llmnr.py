"""LLMNR: names of the computers beside the cameras, so that a report can call them something."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

from netcam.model import IPAddress, Observation
from netcam.probes.base import AboutHost, Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.llmnr import EMITS, decode_answer, encode_question


class LlmnrProbe:
    """Ask the link for the name of each host that was found."""

    spec = ProbeSpec(
        name="llmnr",
        summary="LLMNR, for a name",
        transport=Transport.UDP_GROUP,
        ports=(5355,),
        groups=("224.0.0.252",),
        groups6=("ff02::1:3",),
        about_hosts=True,
        timeout_s=1.0,  # the RFC's own limit
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((AboutHost(_question),), decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


def _question(ip: IPAddress) -> bytes:
    return encode_question(uuid4().int & 0xFFFF, ip)


PROBE = LlmnrProbe()
DECODERS: dict[str, Decoder] = {"llmnr": decode_answer}
