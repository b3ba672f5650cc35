"""Who answers WS-Discovery, and what its scopes say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

from netcam.model import Observation
from netcam.probes.base import Contact, ProbeIO, ProbeSpec, Transport
from netcam.wire import ws_discovery


class OnvifProbe:
    """Ask the group, and hosts one by one, for ONVIF devices."""

    spec = ProbeSpec(
        name="onvif",
        summary="WS-Discovery question for ONVIF devices",
        transport=Transport.UDP_GROUP,
        ports=(3702,),
        groups=("239.255.255.250",),
        groups6=("ff02::c",),
        unicast=True,
        shy=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=ws_discovery.EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        questions = ws_discovery.encode_probes((uuid4(), uuid4(), uuid4()))
        async for reply in io.ask(questions, ws_discovery.decode_matches):
            for match in reply.message:
                for seen in reply.observe(ws_discovery.facts(match)):
                    yield seen


PROBE = OnvifProbe()
