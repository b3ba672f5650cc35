"""What inventories are told of a device, the same for all of them: one set of facts a device, whatever reports say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from netcam.model.report import DeviceRecord, Outcome, Report
from netcam.report.summary import overall
from netcam.safetext import visible

from .base import Option

ADDRESS_LIMIT = 16  # a device that claims a thousand addresses fills no inventory
JOIN_LIMIT = 50  # values in one joined text, for the same reason
_LOST = "…"

ALL = Option(name="all", help="yes: devices that are no CCTV too", default="no")
SITE = Option(name="site", help="SITE:NAME; how a site of the report is called there", many=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One device as inventories see it: the newest record, and what of earlier reports stays true.

    `first_*` and `last_*` speak of the reports at hand; times are the report's UTC texts.
    """

    key: str  # the device's id in the report
    site: str | None
    device: DeviceRecord
    first_report: str
    first_seen: str
    last_report: str
    last_seen: str


def device_facts(reports: Sequence[Report], *, all: bool = False) -> tuple[Facts, ...]:
    """Each device once, by site and key; only CCTV unless `all`. Devices with a serial come first.

    Those are sure of who they are, so that at a destination a device known by its MAC alone finds them taken.
    """
    found: dict[str, Facts] = {}
    for report in sorted(reports, key=lambda r: (r.scan.started_at, r.scan.id)):
        scan = report.scan
        for device in report.devices:
            before = found.get(device.id)
            found[device.id] = Facts(
                key=device.id,
                site=scan.site,
                device=device,
                first_report=before.first_report if before else scan.id,
                first_seen=before.first_seen if before else scan.started_at,
                last_report=scan.id,
                last_seen=scan.ended_at or scan.started_at,
            )
    wanted = [f for f in found.values() if all or f.device.is_cctv]
    return tuple(sorted(wanted, key=lambda f: (f.device.serial is None, f.site or "", f.key)))


def short(value: str | None, limit: int) -> str:
    """Text from a device made visible, on one line, at most `limit` characters; "" where nothing is known."""
    if not value:
        return ""
    shown = " ".join(visible(value.strip(), limit).split())  # escapes may have made it longer
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + _LOST


def joined(values: Iterable[str], limit: int) -> str:
    """Several values as "a; b", each whole: those that don't fit are counted at the end."""
    texts = list(dict.fromkeys(v for value in values if (v := short(value, limit))))
    kept = texts[:JOIN_LIMIT]
    while kept:
        left = len(texts) - len(kept)
        text = "; ".join(kept) + (f"; +{left}" if left else "")
        if len(text) <= limit:
            return text
        kept.pop()
    return short(texts[0], limit) if texts else ""


def slug(text: str, limit: int = 100) -> str:
    """`text` as lower-case letters, digits and hyphens, never empty; what that can't say is told by a digest."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if made and len(made) <= limit and plain == text.lower():
        return made
    return f"{made[: limit - 9].strip('-')}-{digest(text)}".strip("-")


def digest(text: str) -> str:
    """Eight hexadecimal digits that stay the same for the same text."""
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


def name(facts: Facts, limit: int) -> str:
    """A name for people that no other device has: brand or maker, model or type, and what begins the key."""
    device = facts.device
    who = device.brand.name if device.brand else device.manufacturer.name if device.manufacturer else ""
    what = device.model or device.device_type or "device"
    tail = f" {facts.key[:8] if re.fullmatch('[0-9a-f]{16}', facts.key) else digest(facts.key)}"
    return short(" ".join(filter(None, (who, what))), limit - len(tail)) + tail


def outcome(device: DeviceRecord) -> str:
    """What the lists come to; "" where no list was asked."""
    return found.value if (found := overall(device)) else ""


KINDS: Mapping[str, str] = {
    "camera": "IP camera",
    "nvr": "Network video recorder",
    "dvr": "Digital video recorder",
    "encoder": "Video encoder",
    "doorbell": "Video doorbell",
    "intercom": "Intercom",
    "access-terminal": "Access terminal",
    "body-camera-dock": "Body camera dock",
    "vms": "Video management system",
}


def kind(device: DeviceRecord) -> str:
    """What people call this sort of device: a role, a category."""
    return KINDS.get(device.device_type or "") or ("CCTV device" if device.is_cctv else "Network device")


NO_MODEL = ", model unknown"


def model_name(device: DeviceRecord, limit: int) -> str:
    """The model; where it is unknown, maker and sort, because inventories want one for everything."""
    who = short(device.manufacturer.name if device.manufacturer else "Unknown", limit - 60)
    return short(device.model, limit) or f"{who} {kind(device)}{NO_MODEL}"


def texts(facts: Facts, limit: int = 255) -> Mapping[str, str]:
    """All facts as texts of at most `limit` characters, by plain names; unknown is "".

    The names are the columns and custom fields of every inventory; docs/inventory/README.md explains them.
    """
    d = facts.device
    hit = [v for sort in (Outcome.LISTED, Outcome.POSSIBLE) for v in d.verdicts if v.outcome is sort]
    return {
        "id": short(facts.key, limit),
        "type": short(d.device_type, limit),
        "maker": short(d.manufacturer.name if d.manufacturer else None, limit),
        "maker_confidence": f"{d.manufacturer.confidence:.2f}" if d.manufacturer else "",
        "brand": short(d.brand.name if d.brand else None, limit),
        "brand_confidence": f"{d.brand.confidence:.2f}" if d.brand else "",
        "model": short(d.model, limit),
        "firmware": short(d.firmware, limit),
        "firmware_date": short(d.firmware_date, limit),
        "ip": short(d.ip, limit),
        "mac": short(d.mac, limit),
        "mac_source": d.mac_source.value if d.mac and d.mac_source else "",
        "confidence": f"{d.confidence:.2f}" if d.confidence else "",
        "verdict": outcome(d),
        "lists": joined((f"{v.list}: {v.outcome.value}" for v in hit), limit),
        "statement": joined((v.statement for v in hit), limit),
        "advisories": joined((a.id for a in d.advisories if a.status == "affected"), limit),
        "capabilities": joined((c.id for c in d.capabilities), limit),
        "site": short(facts.site, limit),
        "first_seen": short(facts.first_seen, limit),
        "last_seen": short(facts.last_seen, limit),
        "first_report": short(facts.first_report, limit),
        "last_report": short(facts.last_report, limit),
    }
