"""Events as CEF lines, the Common Event Format of ArcSight, version 0.

Format: Micro Focus Security ArcSight Common Event Format, "Implementing ArcSight CEF": header fields escape backslash
and pipe, extension values backslash, equals sign and line ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from netcam import __version__
from netcam.exports.events import sentence

SEVERITY: Mapping[str, int] = {"device.listed": 7, "device.possible": 4, "device.new": 2}
NAME_LIMIT, VALUE_LIMIT, MESSAGE_LIMIT = 512, 1023, 1023  # characters, from the dictionary of extensions


def header(text: str) -> str:
    """One header field: pipes and backslashes escaped, no line end."""
    return _flat(text).replace("\\", "\\\\").replace("|", "\\|")


def value(text: str) -> str:
    """One extension value: backslashes and equals signs escaped, line ends as \\n and \\r."""
    text = text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")
    return _flat(text)


def encode_cef(told: Mapping[str, Any]) -> str:
    """One event as one line, without a line end."""
    device, verdict = told["device"], told["verdict"] or {}
    custom = (
        ("cs1", "maker", device["maker"]), ("cs2", "brand", device["brand"]), ("cs3", "model", device["model"]),
        ("cs4", "firmware", device["firmware"]), ("cs5", "list", verdict.get("list")), ("cs6", "site", told["site"]),
    )  # fmt: skip
    address = device["ip"] or ""
    pairs: list[tuple[str, Any]] = [
        ("rt", milliseconds(told["time"])),
        ("externalId", told["id"]),
        ("cat", device["device_type"]),
        ("outcome", verdict.get("outcome")),
        ("reason", verdict.get("basis")),
        ("dst" if ":" not in address else "c6a3", address),
        ("c6a3Label", "Destination IPv6 Address" if ":" in address else None),
        ("dmac", device["mac"]),
        ("dhost", device["hostname"]),
        ("request", (verdict.get("citation") or {}).get("url")),
        *(pair for key, label, text in custom if text for pair in ((key, text), (f"{key}Label", label))),
        ("flexString1", device["serial"]),
        ("flexString1Label", "serial" if device["serial"] else None),
        ("flexString2", device["id"]),
        ("flexString2Label", "netcam id"),
        ("msg", sentence(told)[:MESSAGE_LIMIT]),
    ]
    said = " ".join(f"{name}={value(str(found)[:VALUE_LIMIT])}" for name, found in pairs if found not in (None, ""))
    head = ("netcam", "netcam", __version__, told["type"], told["title"], str(SEVERITY[told["type"]]))
    return f"CEF:0|{'|'.join(header(text[:NAME_LIMIT]) for text in head)}|{said}"


def milliseconds(time: str) -> int | None:
    """A UTC text of the report as milliseconds since 1970; None where it can't be read."""
    try:
        moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _flat(text: str) -> str:
    """Nothing in it that ends a line or a message; device text is made visible before, this holds for the rest."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
