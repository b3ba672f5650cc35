"""What a device tells its neighbours by CDP, version 1 and 2."""

from __future__ import annotations

from dataclasses import dataclass

from netcam.errors import DecodeError
from netcam.wire.cursor import Cursor

OUI, PROTOCOL = b"\x00\x00\x0c", 0x2000  # of the SNAP header
FIELD_LIMIT = 64

_DEVICE_ID, _SOFTWARE, _PLATFORM = 1, 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class CdpMessage:
    """One announcement; texts as sent."""

    device_id: str | None
    software: str | None
    platform: str | None


def decode_cdp(payload: bytes) -> CdpMessage:
    """
    Layout, big-endian: version 1, time to live 1, checksum 2, then fields of type 2, length 2 (of all of it), value.

    Raises:
        DecodeError: another version, a length below the field's head or past the end, nothing said.
    """
    cursor = Cursor(payload, protocol="cdp")
    if cursor.uint(1) not in (1, 2):
        raise DecodeError("cdp", 0, "neither version 1 nor 2")
    cursor.take(3)
    fields: dict[int, str] = {}
    for _ in range(FIELD_LIMIT):
        if not cursor:
            break
        kind, length = cursor.uint(2), cursor.uint(2)
        fields.setdefault(kind, cursor.text(length - 4))
    said = [fields.get(kind) or None for kind in (_DEVICE_ID, _SOFTWARE, _PLATFORM)]
    if not any(said):
        raise DecodeError("cdp", cursor.offset, "nothing said")
    return CdpMessage(device_id=said[0], software=said[1], platform=said[2])
