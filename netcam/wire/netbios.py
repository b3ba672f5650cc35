"""NetBIOS node status over UDP 137: the names that a Windows or Samba host goes by, and its MAC (RFC 1002, 4.2.17)."""

from __future__ import annotations

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import canonical_mac
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer
NODE_STATUS, INTERNET = 0x0021, 0x0001
_ANY_NAME = b"\x20CK" + b"A" * 30 + b"\0"  # "*" and 15 NULs, each half byte a letter
_GROUP = 0x8000
_WORKSTATION = 0x00  # what the suffix byte of a host's own name says
EMITS = frozenset({"netbios.name", "netbios.group", "netbios.mac"})


def encode_question(transaction: int) -> bytes:
    """The question for all names; `transaction` has 16 bits."""
    head = b"".join(n.to_bytes(2, "big") for n in (transaction, 0, 1, 0, 0, 0))
    return head + _ANY_NAME + NODE_STATUS.to_bytes(2, "big") + INTERNET.to_bytes(2, "big")


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, big-endian, offset and size in bytes::

        0   2  transaction
        2   2  flags     0x8000: an answer
        4   8  counts    no question, one record
        12  34 name      as asked, or 2 bytes that point to it
        .   2  type      0x0021
        .   2  class     0x0001
        .   4  time to live
        .   2  length    bytes that follow
        .   1  count     of names
        .   18 name      15 characters, suffix, flags; repeated
        .   6  MAC       zeros from Samba

    Raises:
        DecodeError: more than 4 kB, a question, another record, a length past its container, or no name in it.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("netbios", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="netbios")
    cursor.take(2)
    if not cursor.uint(2) & 0x8000:
        raise HeardQuestion("netbios", 2, "a question")
    questions, answers = cursor.uint(2), cursor.uint(2)
    if questions or not answers:
        raise DecodeError("netbios", 4, "one record wanted")
    cursor.take(4)
    length = cursor.uint(1)
    cursor.take(1 if length & 0xC0 else length + 1)
    at = cursor.offset
    if (cursor.uint(2), cursor.uint(2)) != (NODE_STATUS, INTERNET):
        raise DecodeError("netbios", at, "no node status")
    cursor.take(4)
    body = cursor.sub(cursor.uint(2))
    own = group = None
    for _ in range(body.uint(1)):
        name = body.take(15).decode("cp437").strip(" \0")
        suffix, flags = body.uint(1), body.uint(2)
        if suffix == _WORKSTATION and flags & _GROUP:
            group = group or name
        elif suffix == _WORKSTATION:
            own = own or name
    if not (own or group):
        raise DecodeError("netbios", at, "no name in it")
    mac = body.take(6) if body.left >= 6 else b""
    return (("netbios.name", own), ("netbios.group", group), ("netbios.mac", canonical_mac(mac.hex())))
