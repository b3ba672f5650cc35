"""Identity, verdicts and observations -> the records of a report."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from netcam.model import Claim, Conflict, Evidence, Identity, Observation, canonical_uuid, firmware_age_days
from netcam.model.report import (
    AdvisoryRecord,
    CapabilityRecord,
    ConflictRecord,
    DeviceRecord,
    EvidenceRecord,
    MacSource,
    NamedClaim,
    ObservationRecord,
    ServiceRecord,
    VerdictRecord,
)
from netcam.report.behind import behind_records

SHOWN_AT = 0.1  # a claim below this stays in the evidence and out of the headline
_PROTOCOLS = (
    ("rtsp.", "rtsp"),
    ("http.", "http"),
    ("favicon.", "http"),
    ("onvif.", "onvif"),
    ("isapi.", "http"),
    ("ftp", "ftp"),
    ("telnet", "telnet"),
    ("ssh", "ssh"),
    ("sadp.", "sadp"),
    ("dhip.", "dhip"),
    ("mdns.", "mdns"),
    ("ssdp.", "ssdp"),
    ("sip", "sip"),
)
_NAME_KINDS = ("mdns.host", "onvif.hostname", "dhcp.hostname", "llmnr.name", "netbios.name", "dns.ptr")


def instant(moment: datetime) -> str:
    """A UTC time as the report writes it: 2026-01-15T10:00:00.000Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def device_record(
    *,
    addresses: Sequence[str],
    mac: str | None,
    mac_source: MacSource | None,
    observations: Sequence[Observation],
    evidence: Sequence[Evidence],
    identity: Identity,
    verdicts: Sequence[VerdictRecord],
    advisories: Sequence[AdvisoryRecord],
    on: date,
    conflicts: Iterable[Conflict],
    site: str | None,
    key: str | None,
    name: Callable[[str], str],
    badge: Callable[[str], str],
    registrant: str | None,
) -> DeviceRecord:
    """One device as the report shows it.

    Args:
        on: the day of the scan, for the age of the firmware.
        key: what tells the device apart where it has no address (the input's device key).
        name: vendor id -> company name.
        badge: vendor id -> name as it stands on a device.
        registrant: who registered the MAC's prefix.
    """
    serial, model = _leader(identity.serial), _leader(identity.model)
    built = _leader(identity.firmware_date)
    services = service_records(observations)
    hostnames = tuple(dict.fromkeys(o.value.rstrip(".") for o in observations if o.kind in _NAME_KINDS))
    return DeviceRecord(
        id=device_id(site, serial, mac, mac_source, observations, addresses, key),
        ip=addresses[0] if addresses else None,
        addresses=tuple(addresses),
        mac=mac,
        mac_source=mac_source,
        hostnames=hostnames,
        is_cctv=identity.is_cctv,
        device_type=_leader(identity.device_type),
        confidence=identity.confidence,
        brand=_named(identity.brand, badge),
        manufacturer=_named(identity.manufacturer, name),
        model=model,
        firmware=_leader(identity.firmware),
        firmware_date=built,
        firmware_age_days=firmware_age_days(built, on),
        serial=serial,
        oui_registrant=registrant,
        capabilities=tuple(
            CapabilityRecord(id=c.value, confidence=c.confidence, because=c.evidence) for c in identity.capabilities
        ),
        verdicts=tuple(verdicts),
        advisories=tuple(advisories),
        services=services,
        behind=behind_records(_leader(identity.device_type), (serial, model, *hostnames), observations),
        evidence=tuple(
            EvidenceRecord(
                id=e.id, signature=e.signature, observation=e.observation, strength=e.strength, root=e.root, says=e.says
            )
            for e in evidence
        ),
        conflicts=tuple(
            ConflictRecord(field=c.field, values=c.values, evidence=c.evidence, note=c.note)
            for c in (*identity.conflicts, *conflicts)
        ),
    )


def _leader(claims: Sequence[Claim]) -> str | None:
    """The best claim, unless another is exactly as good: then nobody could tell."""
    if not claims or claims[0].confidence < SHOWN_AT:
        return None
    return None if len(claims) > 1 and claims[1].confidence == claims[0].confidence else claims[0].value


def _named(claims: Sequence[Claim], name: Callable[[str], str]) -> NamedClaim | None:
    value = _leader(claims)
    return None if value is None else NamedClaim(id=value, name=name(value), confidence=claims[0].confidence)


def device_id(
    site: str | None,
    serial: str | None,
    mac: str | None,
    mac_source: MacSource | None,
    observations: Sequence[Observation],
    addresses: Sequence[str],
    key: str | None,
) -> str:
    """A name for the device that stays the same from scan to scan, by the first mark of the contract's order it has."""
    mark: str | None = None
    if serial:
        mark = f"serial:{serial.upper()}"
    elif mac:
        mark = f"mac:{mac}"
    else:
        # The least of several, because answers come in another order every time.
        uuids = [uuid for o in observations if o.kind.endswith(".uuid") and (uuid := canonical_uuid(o.value))]
        certificates = [o.value.lower() for o in observations if o.kind == "tls.fingerprint"]
        if uuids:
            mark = f"uuid:{min(uuids)}"
        elif certificates:
            mark = f"tls.fingerprint:{min(certificates)}"
    if mark is None:
        mark = f"address:{addresses[0]}" if addresses else f"key:{key}"
    return hashlib.sha256(f"{site or ''}\0{mark}".encode("utf-8", "replace")).hexdigest()[:16]


def with_unique_ids(devices: Iterable[DeviceRecord], site: str | None) -> tuple[DeviceRecord, ...]:
    """The devices, those that share an id told apart by their addresses: a cloned serial or shared certificate."""
    devices = tuple(devices)
    count: dict[str, int] = {}
    for device in devices:
        count[device.id] = count.get(device.id, 0) + 1
    taken: set[str] = set()
    out: list[DeviceRecord] = []
    for number, device in enumerate(devices):
        if count[device.id] > 1:
            apart = f"{site or ''}\0{device.id}\0{device.ip or number}"
            id = hashlib.sha256(apart.encode("utf-8", "replace")).hexdigest()[:16]
            if id in taken:  # an input may hold two devices with one address
                id = hashlib.sha256(f"{id}\0{number}".encode()).hexdigest()[:16]
            device = replace(device, id=id)
        taken.add(device.id)
        out.append(device)
    return tuple(out)


def service_records(observations: Sequence[Observation]) -> tuple[ServiceRecord, ...]:
    """Ports that something was seen on, with the protocol where an answer showed it."""
    protocols: dict[tuple[str, int], str | None] = {}
    tls: set[tuple[str, int]] = set()
    for seen in observations:
        port, transport = seen.endpoint.port, seen.endpoint.transport
        if port is None or transport is None:
            continue
        at = (transport, port)
        protocols.setdefault(at, None)
        if seen.kind.startswith("tls."):
            tls.add(at)
        found = next((name for prefix, name in _PROTOCOLS if seen.kind.startswith(prefix)), None)
        if found is None and transport == "udp" and "." in seen.kind:
            found = seen.kind.partition(".")[0]  # a discovery protocol's kinds carry its name
        if found is not None and (protocols[at] is None or found in ("rtsp",)):
            protocols[at] = found
    return tuple(
        ServiceRecord(port=port, transport=transport, protocol=protocol, tls=(transport, port) in tls)
        for (transport, port), protocol in sorted(protocols.items(), key=lambda item: (item[0][0], item[0][1]))
    )


def observation_record(seen: Observation) -> ObservationRecord:
    """One observation as the report shows it."""
    return ObservationRecord(
        id=seen.id,
        kind=seen.kind,
        value=seen.value,
        ip=str(seen.endpoint.ip) if seen.endpoint.ip else None,
        port=seen.endpoint.port,
        transport=seen.endpoint.transport,
        probe=seen.probe,
        seen_at=instant(seen.seen_at),
        root=seen.root,
    )


_PORT = re.compile(r"(?:(tcp|udp)/)?(\d{1,5})")


def port_of(text: object) -> tuple[str | None, int | None]:
    """("tcp", 80) of "tcp/80", "80" or 80; (None, None) of anything else: names of services tell no number."""
    found = _PORT.fullmatch(str(text).strip().lower()) if text is not None else None
    if not found or not 0 < int(found[2]) < 65536:
        return None, None
    return found[1] or "tcp", int(found[2])
