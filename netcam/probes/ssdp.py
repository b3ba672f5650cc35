"""Who answers SSDP, and where the description of the device lies."""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.model import IPAddress, Observation
from netcam.probes.base import Contact, ProbeIO, ProbeSpec, Transport
from netcam.wire.ssdp import EMITS, decode_ssdp, encode_search

# The first is what every UPnP device has; the second brings out services that only their maker has.
TARGETS = ("upnp:rootdevice", "ssdp:all")


class SsdpProbe:
    """Ask the group, and hosts one by one, for UPnP devices."""

    spec = ProbeSpec(
        name="ssdp",
        summary="SSDP search for UPnP devices",
        transport=Transport.UDP_GROUP,
        ports=(1900,),
        groups=("239.255.255.250",),
        unicast=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        told: set[tuple[IPAddress | None, str, str | None]] = set()
        async for reply in io.ask([encode_search(target) for target in TARGETS], decode_ssdp):
            # One device answers many times, once for each of its services; only what is new counts.
            new = [(kind, text) for kind, text in reply.message if (reply.endpoint.ip, kind, text) not in told]
            told.update((reply.endpoint.ip, kind, text) for kind, text in new)
            for seen in reply.observe(new):
                yield seen


PROBE = SsdpProbe()
