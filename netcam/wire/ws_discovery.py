"""WS-Discovery of April 2005 as ONVIF uses it (ONVIF Core, section 7): three questions, and who answers them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from netcam.errors import DecodeError, HeardQuestion
from netcam.wire import onvif_scopes
from netcam.wire.xml import Node, read_xml

MATCH_LIMIT = 32  # devices in one answer; real ones hold one
TYPE_LIMIT = 32  # type names of one device
XADDR_LIMIT = 16  # addresses of one device

EMITS = onvif_scopes.EMITS | {"onvif.scopes", "onvif.uuid", "onvif.types", "onvif.xaddrs"}

_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_TRANSMITTER = f'<d:Types xmlns:d="{_DISCOVERY}" xmlns:dp0="http://www.onvif.org/ver10/network/wsdl">dp0:NetworkVideoTransmitter</d:Types>'
_DEVICE = f'<d:Types xmlns:d="{_DISCOVERY}" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">tds:Device</d:Types>'
_UUID = re.compile(r"(?:urn:)?(?:uuid:)?\{?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\}?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One device as it announces itself.

    `scopes` and `xaddrs` are lists separated by blanks, as sent but for white space. `onvif` is False for the printers
    and desktops that speak the same protocol.
    """

    address: str | None
    types: str | None
    scopes: str | None
    xaddrs: str | None
    onvif: bool

    @property
    def uuid(self) -> str | None:
        """The device's UUID in lower case, without its prefix; None when the address holds none."""
        found = _UUID.fullmatch(self.address or "")
        return found[1].lower() if found else None


def encode_probes(message_ids: tuple[UUID, UUID, UUID]) -> tuple[bytes, bytes, bytes]:
    """
    The three questions, because firmwares differ in which one they answer.

    1. video transmitters, with the namespaces declared on the Types element itself, which some insist on;
    2. devices, the only type that newer ONVIF Core guarantees;
    3. anything.

    The ids are written `uuid:` and `urn:uuid:` in turn: each is rejected by somebody.
    """
    first, second, third = message_ids
    return (_probe(f"uuid:{first}", _TRANSMITTER), _probe(f"urn:uuid:{second}", _DEVICE), _probe(f"uuid:{third}", ""))


def decode_matches(datagram: bytes) -> tuple[Match, ...]:
    """
    The devices in one ProbeMatches, ResolveMatches or Hello, read by local name; at most 32.

    Message ids are not looked at: answers come with the question's own id, with a wrong one and with none.

    Raises:
        DecodeError: no XML, a question of somebody's, a SOAP fault, or nothing announced.
    """
    root = read_xml(datagram, protocol="ws-discovery")
    records = [n for n in root.walk() if n.name.lower().endswith(("probematch", "resolvematch", "hello"))]
    if not records:
        # Some answers hold scopes and addresses without a record around them.
        records = [n for n in root.walk() if n.name.lower().endswith("probematches")]
    if not records and any(n.name in ("Probe", "Resolve", "Bye") for n in root.walk()):
        raise HeardQuestion("ws-discovery", 0, "a question, or a goodbye")
    names = _prefixes(root)
    matches = tuple(_match(record, names) for record in records[:MATCH_LIMIT])
    told = tuple(m for m in matches if m.address or m.scopes or m.xaddrs or m.types)
    if not told:
        fault = root.first("Fault")
        raise DecodeError("ws-discovery", 0, "SOAP fault" if fault else "no match in it")
    return told


def facts(match: Match) -> Iterator[tuple[str, str | None]]:
    """(kind, text) pairs for a device that speaks ONVIF; nothing for others."""
    if not match.onvif:
        return
    yield "onvif.uuid", match.uuid
    yield "onvif.types", match.types
    yield "onvif.xaddrs", match.xaddrs
    yield "onvif.scopes", match.scopes
    yield from onvif_scopes.decode_scopes(match.scopes or "")


def _probe(message_id: str, types: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="{_ADDRESSING}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{_DISCOVERY}/Probe</a:Action><a:MessageID>{message_id}</a:MessageID>'
        f"<a:ReplyTo><a:Address>{_ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>"
        '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>'
        f'<s:Body><Probe xmlns="{_DISCOVERY}">{types}</Probe></s:Body></s:Envelope>'
    ).encode()


def _match(record: Node, names: dict[str, str]) -> Match:
    reference = record.first("EndpointReference")
    types = _list(record, "Types", TYPE_LIMIT)
    scopes = _joined(record, "Scopes")
    xaddrs = _list(record, "XAddrs", XADDR_LIMIT)
    return Match(
        address=reference.text_of("Address") if reference else None,
        types=types,
        scopes=" ".join(onvif_scopes.split_scopes(scopes)) if scopes else None,
        xaddrs=xaddrs,
        onvif=_is_onvif(types, scopes, xaddrs, names),
    )


def _is_onvif(types: str | None, scopes: str | None, xaddrs: str | None, names: dict[str, str]) -> bool:
    if "onvif" in (scopes or "").lower() or "/onvif/" in (xaddrs or "").lower():
        return True
    for name in (types or "").split():
        prefix, _, local = name.rpartition(":")
        if "onvif.org" in names.get(prefix, "") or local.startswith("NetworkVideo"):
            return True
    return False


def _prefixes(root: Node) -> dict[str, str]:
    return {
        key.removeprefix("xmlns").removeprefix(":"): value
        for node in root.walk()
        for key, value in node.attributes.items()
        if key.startswith("xmlns")
    }


def _joined(record: Node, name: str) -> str | None:
    return " ".join((record.text_of(name) or "").split()) or None


def _list(record: Node, name: str, limit: int) -> str | None:
    return " ".join((record.text_of(name) or "").split()[:limit]) or None
