"""Signs that devices give without being asked, and on which ports the common announcements are heard.

No probe: nothing is sent for them. What a client asks (DHCP, DNS, TLS) is a sign of that client, never of who answers.
"""

from __future__ import annotations

from collections.abc import Iterator

from netcam.wire.cdp import CdpMessage
from netcam.wire.dhcp import DhcpMessage
from netcam.wire.lldp import LldpMessage

# UDP port -> the composite kind of common standards that is heard there; vendors' protocols come from their own files.
HEARD = {1900: "ssdp", 3702: "onvif.probematch"}

EMITS = frozenset(
    {
        "dhcp.hostname", "dhcp.vendorclass", "dhcp.params", "dhcp.mac", "dns.question", "tls.sni", "lldp.sysname",
        "lldp.sysdescr", "cdp.platform", "cdp.software", "dns.ptr",
    }
)  # fmt: skip


def dhcp_facts(message: DhcpMessage) -> Iterator[tuple[str, str | None]]:
    """(kind, text) pairs for the client of a message; nothing for what a server says."""
    if message.from_client:
        yield "dhcp.hostname", message.host_name
        yield "dhcp.vendorclass", message.vendor_class
        yield "dhcp.params", message.parameters
        yield "dhcp.mac", message.mac


def lldp_facts(message: LldpMessage) -> Iterator[tuple[str, str | None]]:
    """(kind, text) pairs for the sender."""
    yield "lldp.sysname", message.name
    yield "lldp.sysdescr", message.description


def cdp_facts(message: CdpMessage) -> Iterator[tuple[str, str | None]]:
    """(kind, text) pairs for the sender."""
    yield "cdp.platform", message.platform
    yield "cdp.software", message.software
