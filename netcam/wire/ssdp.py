"""SSDP searches, their answers, and announcements (UPnP Device Architecture 1.1, section 1)."""

from __future__ import annotations

import re

from netcam.errors import DecodeError, HeardQuestion
from netcam.wire.http_head import decode_fields

EMITS = frozenset({"ssdp.server", "ssdp.st", "ssdp.usn", "ssdp.location", "ssdp.uuid"})

_START = re.compile(
    rb"(?:HTTP/\d[\d.]{0,4}[ \t]+\d{3}[^\r\n]{0,100}|NOTIFY[ \t]+\*[^\r\n]{0,40})(?:\r?\n|$)", re.IGNORECASE
)
_UUID = re.compile(r"uuid:([0-9A-Za-z_.-]{1,64})", re.IGNORECASE)


def encode_search(target: str) -> bytes:
    """The question for one search target, such as "upnp:rootdevice"; answers come within a second."""
    return (
        f'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: {target}\r\n\r\n'
    ).encode("ascii")


def decode_ssdp(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer or NOTIFY; header lines alone are read too.

    Raises:
        DecodeError: somebody's question, or no header that SSDP answers have.
    """
    raw = datagram.lstrip(b"\r\n\t ")
    start = _START.match(raw)
    if not start and raw[:8].upper() == b"M-SEARCH":
        raise HeardQuestion("ssdp", 0, "a question, not an answer")
    if not raw.endswith(b"\n"):
        raw += b"\n"  # the datagram is the unit: its last line is whole
    headers, _ = decode_fields(raw, min(start.end(), len(raw)) if start else 0)
    said: dict[str, str] = {}
    for name, value in headers:
        said.setdefault(name.lower(), value)
    usn = said.get("usn")
    pairs = (
        ("ssdp.server", said.get("server")),
        ("ssdp.st", said.get("st") or said.get("nt")),
        ("ssdp.usn", usn),
        ("ssdp.location", said.get("location")),
        ("ssdp.uuid", found[1].lower() if usn and (found := _UUID.search(usn)) else None),
    )
    if not any(text for _, text in pairs):
        raise DecodeError("ssdp", 0, "no SSDP header in it")
    return pairs
