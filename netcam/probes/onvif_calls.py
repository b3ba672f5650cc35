"""What an ONVIF device says over HTTP to a caller without credentials."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from netcam.errors import DecodeError
from netcam.model import Observation, RunStatus
from netcam.probes.base import Contact, HttpReply, ProbeIO, ProbeSpec, Transport, Trigger
from netcam.wire import onvif
from netcam.wire.http_page import followable, local_path

USUAL_PATH = "/onvif/device_service"
_OWN_PORTS = frozenset({2020, 8899})  # on these ports the service is ONVIF or nothing


class OnvifCallsProbe:
    """Four reads at most: the clock, the services, the host name, and the model, which most refuse."""

    spec = ProbeSpec(
        name="onvif-calls",
        summary="ONVIF reads that need no login",
        transport=Transport.TCP,
        timeout_s=10.0,
        trigger=Trigger(ports=frozenset({80, 2020, 5000, 8000, 8080, 8899})),
        contact=Contact.CONNECT,
        emits=onvif.EMITS | {"http.wwwauth"},
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        if io.target.port not in _OWN_PORTS and not any(o.kind.startswith("onvif.") for o in io.seen):
            io.report(RunStatus.SKIPPED, "no sign of ONVIF on this host")
            return
        path = _service_path(io)
        for call in onvif.CALLS:
            reply = await io.http(
                path, method="POST", body=onvif.encode_call(call), headers={"Content-Type": onvif.CONTENT_TYPE}
            )
            answer = _answer(reply)
            if answer is None:
                io.report(RunStatus.REFUSED, f"{call}: no SOAP answer ({reply.error or reply.status})")
                return
            for seen in io.observe((*answer, *(("http.wwwauth", text) for text in reply.all("WWW-Authenticate")))):
                yield seen


def _service_path(io: ProbeIO) -> str:
    """The path that the device's own announcement gives for this very port, or else the usual one."""
    ip, port = io.target.ip, io.target.port
    for seen in io.seen:
        for address in seen.value.split()[:16] if seen.kind == "onvif.xaddrs" and ip and port else ():
            path = local_path(address, base="/", host=str(ip), port=port or 0, tls=io.tls)
            if path and followable(path) and urlsplit(path).path != "/":
                return path
    return USUAL_PATH


def _answer(reply: HttpReply) -> tuple[tuple[str, str | None], ...] | None:
    try:
        return onvif.decode_answer(reply.body)
    except DecodeError:
        # A web server in front may refuse in its own words; with a challenge that still is the service's answer.
        return () if reply.status == 401 and reply.all("WWW-Authenticate") else None


PROBE = OnvifCallsProbe()
