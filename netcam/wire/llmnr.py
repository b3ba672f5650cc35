"""LLMNR, the name resolution of Windows and systemd hosts on one link (RFC 4795): DNS messages on another port."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import IPAddress
from netcam.wire.dns_message import AAAA, PTR, A, decode_message

SIZE_LIMIT = 4096  # bytes of one answer; a question has one name, and its answer is shorter than a frame
NAME_LIMIT = 8  # names of one answer
EMITS = frozenset({"llmnr.name"})
_INTERNET = 1


def encode_question(transaction: int, ip: IPAddress) -> bytes:
    """Who has this address? To be sent to the group: by UDP nothing else is answered. `transaction` has 16 bits."""
    head = b"".join(n.to_bytes(2, "big") for n in (transaction, 0, 1, 0, 0, 0))
    labels = b"".join(bytes((len(label),)) + label.encode("ascii") for label in ip.reverse_pointer.split("."))
    return head + labels + b"\0" + PTR.to_bytes(2, "big") + _INTERNET.to_bytes(2, "big")


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The names that a host says are its own: of a PTR record what it leads to, of an address record its owner.

    A responder answers for itself alone (section 2.3), so whose address it is told for is not looked at.

    Raises:
        DecodeError: more than 4 kB, a message that DNS would not allow, somebody's question, or no name in it.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("llmnr", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    message = decode_message(datagram)
    if not message.response:
        raise HeardQuestion("llmnr", 2, "a question")
    names: dict[str, None] = {}
    for record in message.records:
        if record.type == PTR and isinstance(record.data, str) and record.name.lower().endswith(".arpa."):
            names[record.data.rstrip(".")] = None
        elif record.type in (A, AAAA) and isinstance(record.data, IPv4Address | IPv6Address):
            names[record.name.rstrip(".")] = None
    told = [name for name in names if name][:NAME_LIMIT]
    if not told:
        raise DecodeError("llmnr", min(12, len(datagram)), "no name in it")
    return tuple(("llmnr.name", name) for name in told)
