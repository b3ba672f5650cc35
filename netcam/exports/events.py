"""What alerts and logs are told: a device that a list names, one that it may name, a device that is new here.

An event is news once. What may change without being news (addresses, firmware, times) stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netcam.errors import ConfigError
from netcam.exports.base import Item, Option, Settings
from netcam.exports.run import event_id
from netcam.model.report import DeviceRecord, Report, VerdictRecord
from netcam.report.summary import in_order
from netcam.safetext import visible

SCHEMA = "netcam.event/1"
TYPES: Mapping[str, str] = {
    "listed": "device.listed",
    "possible": "device.possible",
    "new": "device.new",
}
TITLES: Mapping[str, str] = {
    "device.listed": "Device by a listed maker",
    "device.possible": "Device that may be by a listed maker",
    "device.new": "CCTV device found",
}
ADDRESS_LIMIT = 16  # a device that claims a thousand addresses fills no log
TEXT_LIMIT = 255  # characters of one text from a device

EVENTS = Option(
    name="events", help="which are told: listed, possible, new; repeatable", default="listed,possible,new", many=True
)
LISTS = Option(name="list", help="only what this list says; repeatable; all by default", many=True)
OPTIONS = (EVENTS, LISTS)


def wanted(settings: Settings) -> frozenset[str]:
    """The event types that are asked for.

    Raises:
        ConfigError: a word that is none.
    """
    asked = settings.many("events") or tuple((EVENTS.default or "").split(","))
    for word in asked:
        if word not in TYPES:
            raise ConfigError(f"-O events: {visible(word)}: one of {', '.join(TYPES)}")
    return frozenset(TYPES[word] for word in asked)


def events(reports: Sequence[Report], types: frozenset[str], lists: Sequence[str] = ()) -> Iterator[Item]:
    """The events of the newest record of each device, reports oldest first; listed devices come first in each.

    An item's `fields` say what is news; `beside` has the rest of the event's JSON.
    """
    ordered = sorted(reports, key=lambda r: (r.scan.started_at, r.scan.id))
    newest = {(r.scan.site, d.id): n for n, r in enumerate(ordered) for d in r.devices}
    for number, report in enumerate(ordered):
        for device in in_order(report):
            if newest[report.scan.site, device.id] == number:
                yield from _of_device(report, device, types, lists)


def _of_device(report: Report, device: DeviceRecord, types: frozenset[str], lists: Sequence[str]) -> Iterator[Item]:
    place = f"{report.scan.site or ''}/{device.id}"
    for verdict in device.verdicts:
        type = TYPES.get(verdict.outcome.value)
        if type is not None and type in types and (not lists or verdict.list in lists):
            # Whoever judges it the other way round tomorrow makes news; who words it differently doesn't.
            fields = {
                "type": type, "site": report.scan.site, "device": device.id, "list": verdict.list,
                "outcome": verdict.outcome.value, "basis": verdict.basis.value if verdict.basis else None,
                "entity": verdict.entity,
            }  # fmt: skip
            yield Item(
                key=f"verdict/{place}/{verdict.list}", kind="event", fields=fields,
                beside=_beside(report, device, verdict),
            )  # fmt: skip
    if TYPES["new"] in types and device.is_cctv:
        fields = {"type": TYPES["new"], "site": report.scan.site, "device": device.id}
        yield Item(key=f"device/{place}", kind="event", fields=fields, beside=_beside(report, device, None))


def _beside(report: Report, d: DeviceRecord, verdict: VerdictRecord | None) -> dict[str, Any]:
    return {
        "time": report.scan.ended_at or report.scan.started_at,
        "scan": report.scan.id,
        "device": {
            "id": d.id, "ip": text(d.ip), "addresses": [text(a) for a in d.addresses[:ADDRESS_LIMIT]],
            "mac": text(d.mac), "mac_source": d.mac_source.value if d.mac_source else None,
            "hostname": text(d.hostnames[0]) if d.hostnames else None,
            "is_cctv": d.is_cctv, "device_type": text(d.device_type), "confidence": d.confidence,
            "maker": text(d.manufacturer.name) if d.manufacturer else None,
            "maker_id": text(d.manufacturer.id) if d.manufacturer else None,
            "brand": text(d.brand.name) if d.brand else None,
            "model": text(d.model), "firmware": text(d.firmware), "serial": text(d.serial),
        },
        "verdict": None if verdict is None else {
            "list": text(verdict.list), "title": text(verdict.title or verdict.citation.title),
            "outcome": verdict.outcome.value, "basis": verdict.basis.value if verdict.basis else None,
            "entity": text(verdict.entity), "statement": text(verdict.statement, 1000), "effect": text(verdict.effect),
            "citation": {"title": text(verdict.citation.title), "url": text(verdict.citation.url, 1000),
                         "section": text(verdict.citation.section)},
            "last_checked": text(verdict.last_checked),
        },
    }  # fmt: skip


def text(value: str | None, limit: int = TEXT_LIMIT) -> str | None:
    """A text of a report, bounded; control and direction characters are escaped."""
    return None if value is None else visible(value, limit)


def event(item: Item) -> dict[str, Any]:
    """The event as JSON has it: docs/inventory/webhook.md has the table."""
    type = str(item.fields["type"])
    return {
        "schema": SCHEMA, "id": event_id(item), "type": type, "title": TITLES[type], "time": item.beside["time"],
        "site": text(item.fields["site"]), "scan": text(item.beside["scan"]), "device": item.beside["device"],
        "verdict": item.beside["verdict"],
    }  # fmt: skip


def who(device: Mapping[str, Any]) -> str:
    """A device in a few words: badge or maker, model or type, address."""
    name = device["brand"] or device["maker"] or "unknown maker"
    what = device["model"] or device["device_type"] or "device"
    return f"{name} {what} at {device['ip'] or device['mac'] or device['id']}"


def sentence(told: Mapping[str, Any]) -> str:
    """An event in one line for people."""
    place = f" ({told['site']})" if told["site"] else ""
    verdict = told["verdict"]
    if verdict is None:
        return f"{told['title']}: {who(told['device'])}{place}"
    return f"{told['title']}: {who(told['device'])}{place}: {verdict['list']}: {verdict['statement']}"


