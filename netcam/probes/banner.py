"""What a service says first, to somebody who only listens."""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.model import Observation, RunStatus
from netcam.probes.base import Contact, ProbeIO, ProbeSpec, Stream, Transport, Trigger
from netcam.probes.quiet_ports import QUIET_PORTS
from netcam.wire.http_page import without_page_secrets
from netcam.wire.telnet import speaks_telnet, strip_negotiation

READ_LIMIT = 2048  # bytes: an endless banner is cut here
READS = 4  # a prompt often follows the greeting in packets of its own
WAIT_S = 2.0  # for one of them

FIRST_BYTES = frozenset({"telnet", "ftp", "ssh", "port-banner"})
_TELNET_PORTS = frozenset({23, 2323})
_FTP_PORTS = frozenset({21, 2121})


class BannerProbe:
    """Listen on ports whose service speaks first. Not one byte is written."""

    spec = ProbeSpec(
        name="banner",
        summary="first bytes of FTP, Telnet, SSH and unknown services",
        transport=Transport.TCP,
        timeout_s=8.0,
        trigger=Trigger(ports=frozenset({21, 22, 23, 2121, 2222, 2323}), unknown=True),
        contact=Contact.CONNECT,
        emits=FIRST_BYTES,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        port = io.target.port or 0
        if port in QUIET_PORTS:
            io.report(RunStatus.SKIPPED, QUIET_PORTS[port])
            return
        async with io.stream() as stream:
            raw = await _listen(stream)
        if not raw:
            io.report(RunStatus.SILENT)
            return
        for seen in io.observe([named(port, raw)]):
            yield seen


def named(port: int, raw: bytes) -> tuple[str, str]:
    """The kind of a banner, from its words before its port, and its text without Telnet negotiation.

    Of SSH only the version line is text; the rest is key material.
    """
    if raw.startswith(b"SSH-"):
        return "ssh", text_of(raw.split(b"\n", 1)[0].strip())
    if speaks_telnet(raw) or port in _TELNET_PORTS:
        return "telnet", text_of(strip_negotiation(raw))
    if raw.startswith((b"220", b"120", b"421")) and (port in _FTP_PORTS or b"FTP" in raw[:512].upper()):
        return "ftp", text_of(raw)
    return "port-banner", without_page_secrets(text_of(raw))


def text_of(raw: bytes) -> str:
    """A banner as text: UTF-8, or else each byte as its Latin-1 character, so that binary greetings can be matched."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


async def _listen(stream: Stream) -> bytes:
    raw = b""
    for _ in range(READS):
        part = await stream.read(READ_LIMIT - len(raw), WAIT_S)
        raw += part
        if not part or len(raw) >= READ_LIMIT:
            break
    return raw


PROBE = BannerProbe()
