"""What a device tells its neighbours by LLDP (IEEE 802.1AB, clause 8)."""

from __future__ import annotations

from dataclasses import dataclass

from netcam.errors import DecodeError
from netcam.model import canonical_mac
from netcam.wire.cursor import Cursor

_END, _CHASSIS, _PORT, _TTL, _SYSTEM_NAME, _SYSTEM_DESCRIPTION = 0, 1, 2, 3, 5, 6
_CHASSIS_MAC, _PORT_MAC = 4, 3  # subtypes


@dataclass(frozen=True, slots=True, kw_only=True)
class LldpMessage:
    """One announcement. `chassis` and `port` are MACs with colons where they are MACs, else text."""

    chassis: str
    chassis_mac: str | None
    port: str
    name: str | None
    description: str | None


def decode_lldp(payload: bytes) -> LldpMessage:
    """
    Layout: fields of 7 bits type, 9 bits length, value; the first three are chassis, port and time to live.

    Raises:
        DecodeError: another order, or a length past the end.
    """
    cursor = Cursor(payload, protocol="lldp")
    fields: dict[int, bytes] = {}
    for wanted in (_CHASSIS, _PORT, _TTL):
        at = cursor.offset
        kind, value = _field(cursor)
        if kind != wanted or len(value) < 2:
            raise DecodeError("lldp", at, f"field {wanted} wanted")
        fields[kind] = value
    while cursor:
        kind, value = _field(cursor)
        if kind == _END:
            break
        fields.setdefault(kind, value)
    chassis, port = fields[_CHASSIS], fields[_PORT]
    mac = canonical_mac(chassis[1:].hex()) if chassis[0] == _CHASSIS_MAC else None
    port_mac = canonical_mac(port[1:].hex()) if port[0] == _PORT_MAC else None
    return LldpMessage(
        chassis=mac or _text(chassis[1:]),
        chassis_mac=mac,
        port=port_mac or _text(port[1:]),
        name=_text(fields.get(_SYSTEM_NAME, b"")) or None,
        description=_text(fields.get(_SYSTEM_DESCRIPTION, b"")) or None,
    )


def _field(cursor: Cursor) -> tuple[int, bytes]:
    head = cursor.uint(2)
    return head >> 9, cursor.take(head & 0x1FF)


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace").strip()
