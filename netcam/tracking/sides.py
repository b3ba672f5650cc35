"""Two visits, from files or a history, as the two sides of one comparison: the same device under the same key."""

from __future__ import annotations

from dataclasses import replace

from netcam.model.report import Report
from netcam.tracking.diff import Scan
from netcam.tracking.model import Sighted
from netcam.tracking.reports import free_key, visit_of
from netcam.tracking.sameness import marked, pair


def scan_of(report: Report) -> Scan:
    """A report as one side; keys are the ids of its devices."""
    devices: dict[str, Sighted] = {}
    for record, marks in marked(report):
        key = free_key(record.id, devices)
        devices[key] = Sighted(key=key, record=record, marks=marks)
    return Scan(visit=visit_of(report), devices=tuple(devices.values()))


def aligned(old: Scan, new: Scan) -> Scan:
    """`new` with the keys that `old` has for the same devices, in its own order."""
    found = pair(old.devices, [(d.record, d.marks) for d in new.devices])
    taken = {d.key for d in old.devices}
    devices: list[Sighted] = []
    for device, known in zip(new.devices, found, strict=True):
        key = known if known is not None else free_key(device.key, taken)
        taken.add(key)
        devices.append(replace(device, key=key))
    return replace(new, devices=tuple(devices))
