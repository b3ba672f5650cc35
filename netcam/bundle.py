"""One device of a report, made fit to be sent to strangers: for reports of wrong matches."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any

import msgspec

from netcam.knowledge import Knowledge
from netcam.masked import NAME_FIELDS, Mask
from netcam.model import Endpoint, Observation, canonical_mac, root_of, utc
from netcam.model.report import SCHEMA, DeviceRecord, ObservationRecord, Report, ScanRecord, ScopeRecord, Traffic
from netcam.pipeline import rejudge
from netcam.report.build import device_id
from netcam.report.to_json import dump
from netcam.report.to_jsonl import observation_lines

REPORT, OBSERVATIONS, ABOUT = "report.json", "observations.jsonl", "README.txt"
_ABOUT = """One device as netcam saw it, for a report of a wrong match. Serials, MAC tails, addresses, names of hosts
and places, UUIDs and certificate fingerprints were replaced; the same secret has the same stand-in everywhere.
Look through it before you send it: what a person wrote into a free text may still be there.

    netcam identify report.json
    netcam explain report.json 192.0.2.1
"""
_PUBLIC = frozenset(("verdicts", "advisories", "oui_registrant", "schema", "versions"))  # nothing of the device's own
_MAYBE_PLAIN = 6  # characters; a shorter name may be a word that stands everywhere
ANSWERS = ("manufacturer", "brand", "model", "firmware", "device_type", "is_cctv")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The masked report of one device, and the fields that are answered otherwise than on the original."""

    report: Report
    changed: tuple[str, ...]


def bundle(report: Report, device: DeviceRecord, knowledge: Knowledge) -> Bundle:
    """The record of `device` with its observations, evidence and versions, and without what is its own."""
    records = _of(report, device)
    seen = [_observation(o) for o in records]
    spoken = {e.observation for e in device.evidence}
    oui = knowledge.signatures.oui

    def block(digits: str) -> int:
        found = oui.registrant(digits)
        private = next((n for n in (9, 7, 6) if digits[:n].upper() in knowledge.signatures.prefixes), 6)
        return max(private, len(found[0]) if found else 6)

    mask = Mask(block, lambda digits: oui.registrant(digits) is not None)
    if report.scan.site:
        mask.name(report.scan.site)
    if device.mac:
        mask.mac(device.mac)
    for text in device.addresses:
        mask.address_text(text)
    mask.learn(seen, spoken, device.model)
    serials = {e.says["serial"] for e in device.evidence if "serial" in e.says} | {device.serial or ""}
    for serial in sorted(serials - {""}):
        mask.serial(serial, device.model)
    for name in device.hostnames:
        mask.host(name, spoken=any(o.id in spoken and o.value.rstrip(".") == name for o in records))
    known = {(device.model or "").casefold(), "network camera", "ip camera"}
    for claim in (device.brand, device.manufacturer):
        known |= {n.casefold() for n in knowledge.signatures.named(claim.id)} if claim else set()
    for o in records:
        given = o.kind.rpartition(".")[2] in NAME_FIELDS and o.id not in spoken
        if given and len(o.value) >= _MAYBE_PLAIN and o.value.casefold() not in known:
            mask.name(o.value)
    for behind in device.behind:
        if behind.name and len(behind.name) >= _MAYBE_PLAIN:
            mask.name(behind.name)
    masked = _masked(report, device, records, mask)
    before = rejudge(_alone(report, device, records), knowledge).devices[0]
    after = rejudge(masked, knowledge).devices[0]
    changed = tuple(f for f in ANSWERS if _plain(getattr(before, f), mask) != _plain(getattr(after, f)))
    return Bundle(masked, changed)


def pack(report: Report) -> bytes:
    """The bundle as a zip: the report, its observations, and what it is; one report always gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in (
            (REPORT, dump(report)), (OBSERVATIONS, observation_lines(report)), (ABOUT, _ABOUT.encode()),
        ):  # fmt: skip
            file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _plain(answer: Any, mask: Mask | None = None) -> Any:
    """An answer without its confidence; a text of the original as the mask leaves it."""
    if isinstance(answer, str) and mask is not None:
        return mask.text(answer, "any.firmware")
    return getattr(answer, "id", answer)


def _of(report: Report, device: DeviceRecord) -> list[ObservationRecord]:
    """What the device showed; observations without an address are told by the evidence on them."""
    own = {device.ip, *device.addresses} - {None}
    based = {e.observation for e in device.evidence}
    alone = len(report.devices) == 1
    return [o for o in report.observations if o.ip in own or (o.ip is None and (alone or o.id in based))]


def _observation(o: ObservationRecord) -> Observation:
    at = Endpoint(ip=ip_address(o.ip) if o.ip else None, port=o.port, transport=o.transport)
    return Observation(
        id=o.id, kind=o.kind, value=o.value, probe=o.probe, root=o.root, endpoint=at, seen_at=utc(),
    )  # fmt: skip


def _alone(report: Report, device: DeviceRecord, records: Sequence[ObservationRecord]) -> Report:
    """The report as if this had been the only device, without what the scan tells of the network."""
    scan = report.scan
    return Report(
        schema=SCHEMA,
        scan=ScanRecord(
            id="bundle", site=None, started_at=scan.started_at, ended_at=scan.ended_at, complete=scan.complete,
            scope=ScopeRecord(), versions=scan.versions, traffic=Traffic(), coverage=(),
        ),
        devices=(device,),
        observations=tuple(records),
        runs=tuple(r for r in report.runs if r.target in device.addresses),
    )  # fmt: skip


def _masked(report: Report, device: DeviceRecord, records: Sequence[ObservationRecord], mask: Mask) -> Report:
    observations = [_masked_observation(o, mask, spoken={e.observation for e in device.evidence}) for o in records]
    roots = {old.root: new.root for old, new in zip(records, observations, strict=True)}
    plain = msgspec.to_builtins(_alone(report, device, ()))
    walked = _walk(plain, mask, roots)
    made: Report = msgspec.convert(walked, Report)
    (shown,) = made.devices
    seen = [_observation(o) for o in observations]
    behind = tuple(replace(b, name=None) for b in shown.behind)
    mac = canonical_mac(shown.mac) if shown.mac else None
    id = device_id(None, shown.serial, mac, shown.mac_source, seen, shown.addresses, "bundle")
    shown = replace(shown, id=id, behind=behind)
    return replace(made, devices=(shown,), observations=tuple(observations))


def _masked_observation(o: ObservationRecord, mask: Mask, spoken: set[str]) -> ObservationRecord:
    value = mask.text(o.value, o.kind)
    if o.kind.rpartition(".")[2] in NAME_FIELDS and o.id not in spoken and value == o.value:
        value = "name"
    ip = mask.text(o.ip) if o.ip else None
    endpoint = Endpoint(ip=ip_address(ip) if ip else None, port=o.port, transport=o.transport)
    return replace(o, value=value, ip=ip, root=root_of(o.kind, value, endpoint))


def _walk(value: Any, mask: Mask, roots: dict[str, str], key: str = "") -> Any:
    """Built-in values with every text masked but those that are public."""
    if key in _PUBLIC:
        return value
    if isinstance(value, dict):
        return {k: _walk(v, mask, roots, k) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(v, mask, roots, key) for v in value]
    if isinstance(value, str):
        return roots.get(value, mask.text(value)) if key == "root" else mask.text(value, f"any.{key}")
    return value
