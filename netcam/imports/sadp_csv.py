"""The device table of the SADP tool, exported as CSV: what devices answered to its search question.

Columns go by the names of the tool's table (Device Type, Status, IPv4 Address, Port, Software Version, HTTP Port,
Device Serial No., MAC Address, DSP Version). The MAC stands in the device's answer, so it is a claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netcam.imports.base import Format, How, Sighting, by_row, column_facts, hardware, heading, needed

_KINDS = {
    "sadp.model": ("device type", "device model"),
    "sadp.serial": ("device serial no.", "device serial no", "serial no."),
    "sadp.firmware": ("software version",),
    "sadp.dsp": ("dsp version",),
    "sadp.sdkport": ("port",),
    "sadp.httpport": ("http port", "http"),
}


def _looks(head: str) -> bool:
    return heading(head, "device type", "software version", "device serial no.")


def _row(row: Mapping[str, str]) -> Iterable[Sighting]:
    ip = needed(row.get("ipv4 address") or row.get("ip address"), "the address")
    facts = column_facts(row, _KINDS)
    if mac := hardware(row.get("mac address")):
        facts.append(("sadp.mac", mac))
    activated = {"active": "true", "inactive": "false"}.get((row.get("status") or row.get("security") or "").lower())
    if activated:
        facts.append(("sadp.activated", activated))
    return (Sighting(How.ASKED, ip, facts=tuple(facts)),) if facts else ()


FORMAT = Format(
    name="sadp-csv", title="table of the SADP tool", looks=_looks, read=by_row(("device serial no.",), _row)
)
