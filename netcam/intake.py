"""Observations that somebody else collected (contract, section 4): JSON Lines in, groups out."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from netcam.discovery.grouping import Group, Reading, as_one, node_in
from netcam.errors import DecodeError
from netcam.model import Endpoint, IPAddress, Numbering, Observation, without_secrets
from netcam.probes.base import Decoder
from netcam.report.build import port_of
from netcam.wire.http_page import without_page_secrets

LINE_LIMIT = 1 << 20  # characters of one input line


@dataclass(slots=True)
class Intake:
    """One device of the input: its key, the input ids that belong to it, what was observed."""

    key: str | None
    ids: list[Any] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)

    def group(self, read: Reading = node_in) -> Group:
        """The same as a scan would group: one device, whatever its addresses."""
        return as_one(self.observations, read)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that can't be used, with its number (from 1) and the reason."""

    number: int
    reason: str


# Kinds that may hold whole answers, with what headers, JSON, forms and XML carry besides the facts.
_WHOLE = ("http.body", "port-banner", "sip")
_HEADER = re.compile(r"^((?:set-)?cookie2?[ \t]*:[^=;\r\n]*=?|(?:proxy-)?authorization[ \t]*:)[^\r\n]*", re.I | re.M)
# Accounts that some firmwares put into their answers, attributes and all, as far as they came.
_ACCOUNT = re.compile(r"<((?:[\w.-]+:)?(?:Account|User\w*))\b[^<>]*", re.I)
_KIND = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)?")


def read_observations(
    lines: Iterable[str], decoders: Mapping[str, Decoder], kinds: Collection[str]
) -> tuple[list[Intake], list[BadLine]]:
    """Devices in the order of their first appearance, and the lines that could not be read.

    Args:
        decoders: composite kind -> decoder into finer kinds, the same that live scans use.
        kinds: every kind that may be given.
    """
    devices: dict[Any, Intake] = {}
    bad: list[BadLine] = []
    numbering = Numbering()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item, endpoint, pairs = _read(line, decoders, kinds)
        except (ValueError, RecursionError) as error:
            bad.append(BadLine(number, _short(error)))
            continue
        key = item.get("device")
        device = devices.setdefault(("device", str(key)) if key is not None else ("line", number), Intake(key))
        if "id" in item:
            device.ids.append(item["id"])
        device.observations += numbering.observe(endpoint, "input", pairs)
    return list(devices.values()), bad


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _read(
    line: str, decoders: Mapping[str, Decoder], kinds: Collection[str]
) -> tuple[dict[str, Any], Endpoint, list[tuple[str, str | None]]]:
    if len(line) > LINE_LIMIT:
        raise ValueError(f"longer than {LINE_LIMIT} characters")
    try:
        item = json.loads(line)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(item, dict):
        raise ValueError("not a JSON object")
    kind, value = item.get("kind"), item.get("value")
    if not isinstance(kind, str) or not isinstance(value, str):
        raise ValueError("`kind` and `value` must be texts")
    if kind not in kinds or not _KIND.fullmatch(kind):
        raise ValueError(f"unknown kind {kind[:40]!r}")
    encoding = item.get("encoding")
    if encoding not in (None, "", "base64"):
        raise ValueError(f"unknown encoding {str(encoding)[:40]!r}; base64 is the only one")
    try:
        raw = base64.b64decode(value, validate=True) if encoding == "base64" else value.encode("utf-8", "replace")
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error
    transport, port = port_of(item.get("port"))
    endpoint = Endpoint(ip=_ip(item.get("ip")), port=port, transport=transport)
    return item, endpoint, list(finer(kind, raw, decoders))


def _ip(text: Any) -> IPAddress | None:
    if text is None:
        return None
    try:
        return ip_address(str(text).partition("%")[0])  # a zone is free text, and means nothing elsewhere
    except ValueError as error:
        raise ValueError(f"`ip` is no address: {str(text)[:60]!r}") from error


def finer(kind: str, raw: bytes, decoders: Mapping[str, Decoder]) -> Iterator[tuple[str, str | None]]:
    """(kind, text) pairs of one input value: as given if it is text, and decoded where it is a composite.

    Bytes that are not UTF-8 keep their values as Latin-1 characters, so that binary greetings can be matched.
    """
    binary = b"\0" in raw
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
        binary = binary or raw[0] >= 0x80  # what is scrambled starts so, and no XML or JSON does
    decode = decoders.get(kind)
    whole = decode is not None or kind in _WHOLE
    try:
        told = tuple(decode(raw)) if decode is not None else ()
    except DecodeError:
        told = ()  # a fragment of a composite is still text that a signature may know
    # Of a binary answer only what its codec reads is kept, and of a text that its codec sums up only the sum: the rest
    # may hold accounts.
    if not (decode is not None and binary) and all(finer_kind != kind for finer_kind, _ in told):
        kept = _ACCOUNT.sub(r"<\1", without_page_secrets(text)) if whole else without_secrets(text)
        yield kind, _HEADER.sub(r"\1", kept)
    yield from told
