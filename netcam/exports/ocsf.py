"""OCSF 1.3 events: Device Inventory Info (5001) for each device, Detection Finding (2004) for what a list says.

Schema: https://schema.ocsf.io/1.3.0/classes/inventory_info and .../detection_finding. What OCSF has no attribute for
stands in `unmapped`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netcam import __version__
from netcam.exports.cef import milliseconds
from netcam.exports.events import sentence

VERSION = "1.3.0"
INVENTORY, FINDING = 5001, 2004
COLLECT, CREATE = 2, 1  # activity_id
IOT = 7  # device.type_id
# severity_id: 1 informational, 2 "the user decides if action is needed", 3 "action is required but not serious now"
SEVERITY: Mapping[str, tuple[int, str]] = {
    "device.listed": (3, "Medium"),
    "device.possible": (2, "Low"),
    "device.new": (1, "Informational"),
}


def encode_ocsf(told: Mapping[str, Any]) -> dict[str, Any]:
    """One event as OCSF: a finding where a list speaks, else the device's inventory record."""
    device, verdict = told["device"], told["verdict"]
    time = milliseconds(told["time"])
    severity_id, severity = SEVERITY[told["type"]]
    finding = verdict is not None
    class_uid, activity_id = (FINDING, CREATE) if finding else (INVENTORY, COLLECT)
    made: dict[str, Any] = {
        "activity_id": activity_id, "activity_name": "Create" if finding else "Collect",
        "category_uid": class_uid // 1000, "category_name": "Findings" if finding else "Discovery",
        "class_uid": class_uid, "class_name": "Detection Finding" if finding else "Device Inventory Info",
        "type_uid": class_uid * 100 + activity_id, "severity_id": severity_id, "severity": severity,
        "time": time if time is not None else 0, "message": sentence(told),
        "metadata": {
            "version": VERSION, "uid": told["id"], "log_name": told["type"], "correlation_uid": told["scan"],
            "product": {"name": "netcam", "vendor_name": "netcam", "version": __version__},
            "profiles": ["host"],
        },
        "device": _device(device, time),
    }  # fmt: skip
    if finding:
        made["status_id"], made["status"] = 1, "New"
        made["finding_info"] = {
            "uid": told["id"], "title": told["title"], "desc": verdict["statement"], "created_time": made["time"],
            "types": [f"list:{verdict['list']}"], "src_url": verdict["citation"]["url"],
        }  # fmt: skip
        made["resources"] = [{"uid": device["id"], "name": device["ip"] or device["mac"] or device["id"],
                              "type": device["device_type"] or "device"}]  # fmt: skip
        confidence = round(100 * device["confidence"])
        made["confidence_score"] = max(0, min(100, confidence))
    unmapped = {
        "site": told["site"], "maker": device["maker"], "maker_id": device["maker_id"], "brand": device["brand"],
        "model": device["model"], "firmware": device["firmware"], "is_cctv": device["is_cctv"],
        "mac_source": device["mac_source"], **({"verdict": verdict} if finding else {}),
    }  # fmt: skip
    made["unmapped"] = {name: found for name, found in unmapped.items() if found is not None}
    return made


def _device(device: Mapping[str, Any], time: int | None) -> dict[str, Any]:
    made = {
        "uid": device["id"], "type_id": IOT, "type": "IOT", "ip": device["ip"], "mac": device["mac"],
        "hostname": device["hostname"], "desc": device["device_type"], "last_seen_time": time,
        "hw_info": {"serial_number": device["serial"]} if device["serial"] else None,
    }  # fmt: skip
    return {name: found for name, found in made.items() if found is not None}
