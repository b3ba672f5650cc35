"""The description that a UPnP device points to: its maker, model, serial number and name."""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.errors import DecodeError
from netcam.model import Observation, RunStatus
from netcam.probes.base import Contact, ProbeIO, ProbeSpec, Transport, Trigger
from netcam.wire.http_page import followable, local_path
from netcam.wire.upnp import EMITS, decode_description


class UpnpProbe:
    """Fetch the one description that the host itself announced for this very port."""

    spec = ProbeSpec(
        name="upnp",
        summary="UPnP device description, where SSDP named it",
        transport=Transport.TCP,
        timeout_s=6.0,
        trigger=Trigger(named_by="ssdp.location"),
        contact=Contact.CONNECT,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        path = _announced_path(io)
        if path is None:
            io.report(RunStatus.SKIPPED, "no description on this port was announced")
            return
        reply = await io.http(path)
        if reply.status != 200:
            io.report(RunStatus.REFUSED, f"{path}: no description ({reply.error or reply.status})")
            return
        try:
            description = decode_description(reply.body)
        except DecodeError as error:
            io.report(RunStatus.MALFORMED, str(error))
            return
        for seen in io.observe(description):
            yield seen


def _announced_path(io: ProbeIO) -> str | None:
    """The path of a location that leads to this host and port; a location elsewhere is never followed."""
    ip, port = io.target.ip, io.target.port
    for seen in io.seen:
        if seen.kind == "ssdp.location" and ip and port:
            path = local_path(seen.value, base="/", host=str(ip), port=port, tls=io.tls)
            if path and followable(path):
                return path
    return None


PROBE = UpnpProbe()
