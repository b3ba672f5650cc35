"""The search question for video servers of the Network Optix family, whatever badge they wear: text over UDP 5007.

Newer servers also announce themselves every ten seconds to the same group at UDP 5008; what comes while answers are
awaited is read as well.

Source: the servers' and tools' published source; tests/captures/nx/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.json_said import object_of, port_of, read_json, text_of

QUESTION = b'{ magic: "7B938F06-ACF1-45f0-8303-98AA8057739A" }'
SERVER = "Media Server"

EMITS = frozenset({"nx.answer", "nx.name", "nx.system", "nx.firmware", "nx.customization", "nx.httpport"})


def encode_question() -> bytes:
    """The question; it is text that only looks like JSON."""
    return QUESTION


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer or announcement; the facts may lie in an object `reply`.

    Raises:
        DecodeError: more than 16 kB, JSON that can't be read, or a program that is no server.
    """
    if datagram.strip() == QUESTION:
        raise HeardQuestion("nx", 0, "a question")
    told = read_json(datagram, protocol="nx")
    told = object_of(told.get("reply")) or told
    if SERVER not in (told.get("type"), told.get("application")):
        raise DecodeError("nx", 0, "no server in it")
    return (
        ("nx.answer", SERVER),
        ("nx.name", text_of(told.get("name"))),
        ("nx.system", text_of(told.get("systemName"))),
        ("nx.firmware", text_of(told.get("version"))),
        ("nx.customization", text_of(told.get("customization"))),
        ("nx.httpport", port_of(told.get("port"))),
    )


class NxProbe:
    """Ask video servers of the Network Optix family for name, version and customization."""

    spec = ProbeSpec(
        name="nx",
        summary="Network Optix server search question",
        transport=Transport.UDP_GROUP,
        ports=(5007,),
        groups=("239.255.11.11",),
        bind_port=5008,
        unicast=True,
        timeout_s=6.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((encode_question(), encode_question()), decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


PROBE = NxProbe()
DECODERS: dict[str, Decoder] = {"nx": decode_answer}
