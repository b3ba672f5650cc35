"""CSADP, the raw Ethernet sister of Hikvision's search protocol: only recognised, never sent.

Source: one project (MatrixEditor/hiktools), derived from traffic; what the answer holds is not known, so that a device
speaks it is all that is read.
"""

from __future__ import annotations

from netcam.probes.base import Decoder
from netcam.wire.cursor import Cursor

ETHERTYPE = 0x8033

EMITS = frozenset({"link.csadp"})

_MARKER, _ANSWER, _CONSTANT, _DEVICE = 0x21, 0x01, 0x01, 0xF6
_HEADER = 38  # bytes


def decode_presence(payload: bytes) -> tuple[tuple[str, str], ...]:
    """
    That the sender of a frame is such a device.

    Layout, offset and size in bytes: marker 0 1, direction 1 1 (1: answer), constant 2 1, origin 3 1 (0xf6: a device).

    Raises:
        DecodeError: a tool's question, or another protocol.
    """
    cursor = Cursor(payload, protocol="csadp")
    cursor.expect(bytes((_MARKER, _ANSWER, _CONSTANT, _DEVICE)))
    cursor.take(_HEADER - 4)
    return (("link.csadp", "device"),)


LINK_DECODERS: dict[int, Decoder] = {ETHERTYPE: decode_presence}
