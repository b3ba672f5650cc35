"""TP-Link's search question for Tapo, VIGI and newer Kasa devices: a binary header and JSON over UDP 20002 and 20004.

The short form of the question is used, which carries no key; firmware that wants a key stays silent or tells less. The
owner and the device id of an answer are hashes about an account and are never read.

Source: eight independent programs with the same question; tests/captures/tplink/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.errors import DecodeError
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.json_said import ipv4_of, object_of, port_of, read_json, text_of

HEADER = 16  # bytes
QUESTION = bytes.fromhex("020000010000000000000000463cb5d3")  # with its checksum, the same in every program

EMITS = frozenset(
    {
        "tplink.answer",
        "tplink.devicetype",
        "tplink.model",
        "tplink.hardware",
        "tplink.firmware",
        "tplink.mac",
        "tplink.ip",
        "tplink.httpport",
    }
)


def encode_question() -> bytes:
    """The question: version 2, operation 1, nothing behind the header, and its checksum."""
    return QUESTION


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, offset and size in bytes::

        0   1  version   2
        1   15 the rest of the header: operation, length, flags, serial number, checksum
        16  n  JSON      an object `result` that describes the device

    Observations that others collected often have the JSON alone; that is read too.

    Raises:
        DecodeError: more than 16 kB, another version, JSON that can't be read, or no device in it.
    """
    start = 0 if datagram[:1] == b"{" else HEADER
    if start and datagram[:1] != b"\x02":
        raise DecodeError("tplink", 0, "version 2 wanted")
    if len(datagram) <= start:
        raise DecodeError("tplink", len(datagram), "nothing behind the header")
    result = object_of(read_json(datagram, protocol="tplink", start=start).get("result"))
    device_type, model = text_of(result.get("device_type")), text_of(result.get("device_model"))
    if device_type is None and model is None:
        raise DecodeError("tplink", start, "no device in it")
    return (
        ("tplink.answer", "device_type" if device_type else "device_model"),
        ("tplink.devicetype", device_type),
        ("tplink.model", model),
        ("tplink.hardware", text_of(result.get("hw_ver"))),
        ("tplink.firmware", text_of(result.get("firmware_version"))),
        ("tplink.mac", canonical_mac(text_of(result.get("mac")) or "")),
        ("tplink.ip", ipv4_of(result.get("ip"))),
        ("tplink.httpport", port_of(object_of(result.get("mgt_encrypt_schm")).get("http_port"))),
    )


class TplinkProbe:
    """Ask Tapo, VIGI and Kasa devices for family, model and MAC."""

    spec = ProbeSpec(
        name="tplink",
        summary="TP-Link search question (Tapo, VIGI)",
        transport=Transport.UDP_GROUP,
        ports=(20002, 20004),
        broadcast=True,
        unicast=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((encode_question(), encode_question()), decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


PROBE = TplinkProbe()
DECODERS: dict[str, Decoder] = {"tplink": decode_answer}
