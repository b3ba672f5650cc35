"""What a small DNS-SD responder knows: one question packet in, one answer packet out (RFC 1035, 6762, 6763)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from .profile import Announced

A, PTR, TXT, SRV, ANY = 1, 12, 16, 33, 255
Name = tuple[str, ...]
META: Name = ("_services", "_dns-sd", "_udp", "local")
_TTL_S = 120
_QUESTIONS = 64  # a packet with more is no browser's


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a DNS message."""

    name: Name  # lower case
    type: int
    unicast: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One record to answer with."""

    data: bytes
    to_group: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The type says which fields count: `target` (PTR), `port` and `target` (SRV), `strings` (TXT), `address` (A)."""

    name: Name
    type: int
    target: Name = ()
    port: int = 0
    strings: tuple[str, ...] = ()
    address: str = ""


def mdns_answer(packet: bytes, services: Sequence[Announced], ip: str, *, legacy: bool) -> Reply | None:
    """The answer of one host, or None when nothing it announces was asked for.

    `legacy` says that the question came from another port than 5353: then the answer goes to the asker, repeats id and
    questions, and sets no cache-flush bit (RFC 6762, 6.7).
    """
    try:
        identifier, questions = _questions(packet)
    except (struct.error, IndexError, ValueError):
        return None
    answers: list[Record] = []
    extra: list[Record] = []
    for question in questions:
        for service in services:
            told, along = _about(service, question, ip)
            answers += (r for r in told if r not in answers)
            extra += (r for r in along if r not in extra)
    if not answers:
        return None
    extra = [r for r in extra if r not in answers]
    shown = questions if legacy else []
    packed = _Packet()
    packed.data += struct.pack("!6H", identifier if legacy else 0, 0x8400, len(shown), len(answers), 0, len(extra))
    for question in shown:
        packed.name(question.name)
        packed.data += struct.pack("!HH", question.type, 1)
    for record in (*answers, *extra):
        packed.record(record, flush=not legacy and record.type != PTR)
    return Reply(data=bytes(packed.data), to_group=not legacy and not all(q.unicast for q in questions))


def _about(service: Announced, question: Question, ip: str) -> tuple[list[Record], list[Record]]:
    """Answers and additional records that one instance contributes to one question."""
    kind: Name = (*service.type.split("."), "local")
    instance: Name = (service.name, *kind)
    host: Name = (service.host, "local")
    srv = Record(name=instance, type=SRV, port=service.port, target=host)
    txt = Record(name=instance, type=TXT, strings=service.txt)
    address = Record(name=host, type=A, address=ip)

    def asked(name: Name, *types: int) -> bool:
        return question.name == _lower(name) and question.type in (*types, ANY)

    if asked(META, PTR):
        return [Record(name=META, type=PTR, target=kind)], []
    if asked(kind, PTR):
        return [Record(name=kind, type=PTR, target=instance)], [srv, txt, address]
    if asked(instance, SRV, TXT):
        return [r for r in (srv, txt) if question.type in (r.type, ANY)], [address]
    return ([address], []) if asked(host, A) else ([], [])


def _lower(name: Iterable[str]) -> Name:
    return tuple(label.lower() for label in name)


def _questions(packet: bytes) -> tuple[int, list[Question]]:
    identifier, flags, count = struct.unpack_from("!3H", packet)
    if flags & 0xF800 or count > _QUESTIONS:
        raise ValueError("not a query")
    at, questions = 12, []
    for _ in range(count):
        name, at = _read_name(packet, at)
        kind, group = struct.unpack_from("!HH", packet, at)
        at += 4
        questions.append(Question(name=_lower(name), type=kind, unicast=bool(group & 0x8000)))
    return identifier, questions


def _read_name(packet: bytes, at: int) -> tuple[Name, int]:
    labels: list[str] = []
    after = -1
    while length := packet[at]:
        if length >= 0xC0:
            after = at + 2 if after < 0 else after
            target = struct.unpack_from("!H", packet, at)[0] & 0x3FFF
            if target >= at:
                raise ValueError("pointers lead back, so a name can't loop")
            at = target
            continue
        labels.append(packet[at + 1 : at + 1 + length].decode("utf-8", "replace"))
        at += 1 + length
        if len(labels) > 32:
            raise ValueError("name too long")
    return tuple(labels), at + 1 if after < 0 else after


class _Packet:
    """A message being written, with name compression."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._at: dict[Name, int] = {}

    def name(self, name: Name) -> None:
        for start in range(len(name)):
            known = self._at.get(name[start:])
            if known is not None:
                self.data += struct.pack("!H", 0xC000 | known)
                return
            if len(self.data) < 0x4000:
                self._at[name[start:]] = len(self.data)
            label = name[start].encode()[:63]
            self.data += bytes((len(label),)) + label
        self.data += b"\0"

    def record(self, record: Record, *, flush: bool) -> None:
        self.name(record.name)
        self.data += struct.pack("!HHIH", record.type, 0x8001 if flush else 1, _TTL_S, 0)
        start = len(self.data)
        self._value(record)
        struct.pack_into("!H", self.data, start - 2, len(self.data) - start)

    def _value(self, record: Record) -> None:
        if record.type == A:
            self.data += IPv4Address(record.address).packed
        elif record.type == TXT:
            strings = [text.encode()[:255] for text in record.strings]
            self.data += b"".join(bytes((len(text),)) + text for text in strings) or b"\0"
        else:
            if record.type == SRV:
                self.data += struct.pack("!HHH", 0, 0, record.port)
            self.name(record.target)
