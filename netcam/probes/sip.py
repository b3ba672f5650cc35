"""SIP: what an intercom, doorbell or phone calls its software, asked with OPTIONS over UDP 5060 (RFC 3261, section 11).

OPTIONS rings no bell and registers nothing. Names of lines and accounts stand in other headers, which are not read.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from uuid import uuid4

from netcam.errors import DecodeError
from netcam.model import Observation
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport

SIZE_LIMIT = 16384  # bytes of one answer
LINES = 64  # header lines that are looked at

EMITS = frozenset({"sip", "sip.status", "sip.server", "sip.useragent"})
_KINDS = {b"server": "sip.server", b"user-agent": "sip.useragent"}
_STATUS = re.compile(rb"SIP/2\.0 ([1-6]\d\d)(?: |$)")


def encode_options(port: int, branch: str) -> bytes:
    """The question, to be answered to `port`; it may not be forwarded, and `branch` tells it from others."""
    lines = (
        "OPTIONS sip:device.invalid SIP/2.0",
        f"Via: SIP/2.0/UDP netcam.invalid:{port};branch=z9hG4bK{branch};rport",
        "Max-Forwards: 0",
        f"From: <sip:netcam.invalid>;tag={branch}",
        "To: <sip:device.invalid>",
        f"Call-ID: {branch}@netcam.invalid",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:netcam.invalid:{port}>",
        "Accept: application/sdp",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer; the headers that name the software come whole, too, as `sip`.

    Raises:
        DecodeError: more than 16 kB, no SIP answer, or a head without an end.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("sip", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    first, _, rest = datagram.partition(b"\r\n")
    status = _STATUS.match(first)
    if status is None:
        raise DecodeError("sip", 0, "no SIP answer")
    head, end, _ = rest.partition(b"\r\n\r\n")
    if not end:
        raise DecodeError("sip", len(datagram), "no end of the head")
    told: list[tuple[str, str | None]] = [("sip.status", status[1].decode("ascii"))]
    for line in head.split(b"\r\n", LINES)[:LINES]:
        name, _, value = line.partition(b":")
        kind = _KINDS.get(name.strip().lower())
        text = value.decode("utf-8", "replace").strip()
        if kind and text:
            told += (("sip", f"{'Server' if kind == 'sip.server' else 'User-Agent'}: {text}"), (kind, text))
    return tuple(told)


class SipProbe:
    """Ask what a SIP device calls itself."""

    spec = ProbeSpec(
        name="sip",
        summary="SIP OPTIONS",
        transport=Transport.UDP_GROUP,
        ports=(5060,),
        unicast=True,
        timeout_s=2.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        branch = uuid4().hex

        def question(port: int) -> bytes:
            return encode_options(port, branch)

        async for reply in io.ask((question, question), decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


PROBE = SipProbe()
DECODERS: dict[str, Decoder] = {"sip": decode_answer}
