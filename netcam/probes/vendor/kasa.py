"""The search question of old TP-Link Kasa devices: scrambled JSON over UDP 9999.

An answer also holds the place and the name that the owner gave the device, and ids of an account: type, model and MAC
are all that is read.

Source: the answers' fields in several programs; tests/captures/kasa/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.errors import DecodeError
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.json_said import object_of, read_json, text_of

SIZE_LIMIT = 16384  # bytes of one answer
FIRST_KEY = 0xAB
QUESTION = b'{"system":{"get_sysinfo":{}}}'

EMITS = frozenset({"kasa.answer", "kasa.devicetype", "kasa.model", "kasa.mac"})


def scrambled(plain: bytes) -> bytes:
    """`plain` with each byte XORed with the scrambled one before it, the first with 0xab."""
    key, out = FIRST_KEY, bytearray()
    for byte in plain:
        key ^= byte
        out.append(key)
    return bytes(out)


def unscrambled(data: bytes) -> bytes:
    """What `scrambled` was given."""
    return bytes(a ^ b for a, b in zip(data, bytes((FIRST_KEY,)) + data, strict=False))


def encode_question() -> bytes:
    """The question for the system information, without the length that TCP puts before it."""
    return scrambled(QUESTION)


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Cameras hold their facts one object deeper than plugs and bulbs, and spell the type and the MAC in several ways.

    Raises:
        DecodeError: more than 16 kB, JSON that can't be read, a question of somebody's, or no device in it.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("kasa", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    told = object_of(object_of(read_json(unscrambled(datagram), protocol="kasa").get("system")).get("get_sysinfo"))
    told = object_of(told.get("system")) or told
    device_type = text_of(told.get("mic_type")) or text_of(told.get("type"))
    model = text_of(told.get("model"))
    if device_type is None and model is None:
        raise DecodeError("kasa", 0, "no device in it")
    mac = text_of(told.get("mac")) or text_of(told.get("mic_mac")) or text_of(told.get("ethernet_mac"))
    return (
        ("kasa.answer", "get_sysinfo"),
        ("kasa.devicetype", device_type),
        ("kasa.model", model),
        ("kasa.mac", canonical_mac(mac or "")),
    )


class KasaProbe:
    """Ask old Kasa devices for type, model and MAC."""

    spec = ProbeSpec(
        name="kasa",
        summary="TP-Link Kasa system information",
        transport=Transport.UDP_GROUP,
        ports=(9999,),
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


PROBE = KasaProbe()
DECODERS: dict[str, Decoder] = {"kasa": decode_answer}
