"""The devices as JSON Lines: one device record a line, as in the report's `devices`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from netcam.model.report import DeviceRecord, Report

from .to_json import encode_plain


def dump(report: Report) -> bytes:
    """One line for each device, in the report's order."""
    return b"".join(map(line, report.devices))


def line(device: DeviceRecord, first: Mapping[str, object] | None = None) -> bytes:
    """One device record as a line of JSON with its newline; the keys of `first` stand before the record's own."""
    return encode_plain({**(first or {}), **msgspec.to_builtins(device, order="deterministic")}) + b"\n"


def observation_lines(report: Report) -> bytes:
    """The observations as `netcam identify` takes them, one a line; those of one device share its id."""
    owner = {ip: device.id for device in report.devices for ip in device.addresses}
    return b"".join(
        encode_plain(
            {
                "device": owner.get(o.ip or ""),
                "id": o.id,
                "kind": o.kind,
                "value": o.value,
                "port": f"{o.transport}/{o.port}" if o.transport and o.port else None,
                "ip": o.ip,
                "seen_at": o.seen_at,
            }
        )
        + b"\n"
        for o in report.observations
    )
