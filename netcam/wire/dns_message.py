"""DNS messages as they pass by, multicast ones too (RFC 1035, RFC 6762): what is asked, and what is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from netcam.errors import DecodeError
from netcam.model import IPAddress
from netcam.wire.charset import decode_text
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 16384  # bytes of one message; RFC 6762, section 17, allows 9000
QUESTION_LIMIT = 64
RECORD_LIMIT = 256  # records read of one message, of all sections together
LABEL_LIMIT = 128  # labels of one name, followed pointers included: a name has 255 bytes
NAME_LIMIT = 255

A, PTR, TXT, AAAA, SRV = 1, 12, 16, 28, 33


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record. `data` is an address (A, AAAA), a name (PTR), host and port (SRV), or the raw strings (TXT).

    Names end in a dot and keep the case of the wire.
    """

    name: str
    type: int
    data: IPAddress | str | tuple[str, int] | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsMessage:
    """A question or an answer; records of other types than the five above are left out."""

    response: bool
    questions: tuple[tuple[str, int], ...]  # (name, type)
    records: tuple[Record, ...]


def decode_message(datagram: bytes) -> DnsMessage:
    """
    One message. A name may refer backwards only, so that no loop of references can be built.

    Raises:
        DecodeError: more than 16 kB, a count of more than 256 records, a name or record past the end, a name of
            more than 255 bytes, a reference that does not lead backwards.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("dns", SIZE_LIMIT, f"message of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="dns")
    cursor.take(2)
    flags, asked = cursor.uint(2), cursor.uint(2)
    told = cursor.uint(2) + cursor.uint(2) + cursor.uint(2)
    if asked > QUESTION_LIMIT or told > RECORD_LIMIT:
        raise DecodeError("dns", 4, f"{asked} questions and {told} records")
    questions = []
    for _ in range(asked):
        name = _name(datagram, cursor)
        questions.append((name, cursor.uint(2)))
        cursor.take(2)
    return DnsMessage(
        response=bool(flags & 0x8000),
        questions=tuple(questions),
        records=tuple(record for _ in range(told) if (record := _record(datagram, cursor)) is not None),
    )


def services(message: DnsMessage) -> Iterator[tuple[str, str, str | None, int | None, bytes | None]]:
    """The DNS-SD instances that a message tells of: (type, name, host, port, TXT data), as far as they are told."""
    hosts: dict[str, tuple[str, int]] = {}
    texts: dict[str, bytes] = {}
    names: dict[str, tuple[str, str]] = {}
    for record in message.records:
        key = record.name.lower()
        if record.type == PTR and isinstance(record.data, str):
            if record.data.lower().endswith("." + key):
                names.setdefault(record.data.lower(), (record.name, record.data))
        elif isinstance(record.data, tuple):
            hosts.setdefault(key, record.data)
        elif isinstance(record.data, bytes):
            texts.setdefault(key, record.data)
        if record.type in (SRV, TXT) and (at := key.find("._")) >= 0:
            names.setdefault(key, (record.name[at + 1 :], record.name))
    for key, (kind, name) in names.items():
        host, port = hosts.get(key, (None, None))
        yield kind, name, host, port, texts.get(key)


def _record(datagram: bytes, cursor: Cursor) -> Record | None:
    name = _name(datagram, cursor)
    kind = cursor.uint(2)
    cursor.take(6)  # class and time to live
    body = cursor.sub(cursor.uint(2))
    data: IPAddress | str | tuple[str, int] | bytes
    if kind == A:
        data = IPv4Address(body.take(4))
    elif kind == AAAA:
        data = IPv6Address(body.take(16))
    elif kind == PTR:
        data = _name(datagram, body)
    elif kind == SRV:
        body.take(4)  # priority and weight
        port = body.uint(2)
        data = (_name(datagram, body), port)
    elif kind == TXT:
        data = body.rest()
    else:
        return None
    return Record(name=name, type=kind, data=data)


def _name(datagram: bytes, cursor: Cursor) -> str:
    """The name at the cursor, which goes on behind it."""
    labels: list[str] = []
    reading, size, earliest = cursor, 0, cursor.offset
    for _ in range(LABEL_LIMIT):
        at = reading.offset
        length = reading.uint(1)
        if length == 0:
            return ".".join(labels) + "."
        if length >= 0xC0:
            goal = (length & 0x3F) << 8 | reading.uint(1)
            if goal >= earliest:
                raise DecodeError("dns", at, "reference that does not lead backwards")
            earliest = goal
            reading = Cursor(datagram, protocol="dns", start=goal)
            continue
        if length > 63:
            raise DecodeError("dns", at, "label of an unknown form")
        size += length + 1
        if size > NAME_LIMIT:
            raise DecodeError("dns", at, f"name of more than {NAME_LIMIT} bytes")
        labels.append(decode_text(reading.take(length)))
    raise DecodeError("dns", cursor.offset, f"name of more than {LABEL_LIMIT} labels")
