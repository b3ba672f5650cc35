"""What hosts announce by DNS-SD."""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.model import Observation
from netcam.probes.base import Contact, ProbeIO, ProbeSpec, Service, Transport
from netcam.probes.vendor.service_types import MAKERS_TYPES
from netcam.wire.mdns_txt import format_txt

# Types of cameras, and of the equipment that is told apart from them by announcing itself.
TYPES = (
    *MAKERS_TYPES,
    "_rtsp._tcp.local.", "_psia._tcp.local.", "_onvif._tcp.local.", "_camera._tcp.local.", "_nvr._tcp.local.",
    "_hap._tcp.local.", "_http._tcp.local.", "_https._tcp.local.", "_device-info._tcp.local.",
    "_ipp._tcp.local.", "_printer._tcp.local.", "_pdl-datastream._tcp.local.", "_scanner._tcp.local.",
    "_googlecast._tcp.local.", "_airplay._tcp.local.", "_raop._tcp.local.", "_smb._tcp.local.",
    "_workstation._tcp.local.", "_ssh._tcp.local.", "_matter._tcp.local.",
)  # fmt: skip


class MdnsProbe:
    """Collect DNS-SD instances: of the types listed here, and of those that the network announces."""

    spec = ProbeSpec(
        name="mdns",
        summary="DNS-SD announcements",
        transport=Transport.MDNS,
        ports=(5353,),
        groups=("224.0.0.251",),
        groups6=("ff02::fb",),
        unicast=True,
        timeout_s=5.0,
        contact=Contact.ASK,
        emits=frozenset({"mdns.service", "mdns.name", "mdns.host", "mdns.txt", "mdns.mac"}),
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.services(TYPES):
            for seen in reply.observe(facts(reply.message)):
                yield seen


def facts(service: Service) -> dict[str, str | None]:
    """What an instance says, by kind."""
    return {
        "mdns.service": service.type,
        "mdns.name": service.name,
        "mdns.host": service.host,
        "mdns.txt": format_txt(service.txt),
        "mdns.mac": next((service.txt[key] for key in ("macaddress", "mac") if key in service.txt), None),
    }


PROBE = MdnsProbe()
