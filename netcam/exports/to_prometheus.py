"""What a report comes to as Prometheus metrics: text format 0.0.4, for the textfile collector or for `/metrics`.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/. Labels are sites, lists, outcomes and makers,
whose numbers are bounded; no device is a label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from netcam.exports.base import Export, Settings
from netcam.exports.cef import milliseconds
from netcam.model.report import Report
from netcam.report.summary import OUTCOMES, overall, summarize
from netcam.safetext import visible

MOST_MAKERS = 50  # for each site; the rest are counted together
MOST_LISTS = 100
LABEL_LIMIT = 100  # characters
OTHER = "other"
CCTV: Mapping[bool | None, str] = {True: "yes", False: "no", None: "undecided"}


@dataclass(slots=True)
class _Family:
    help: str
    samples: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict)

    def add(self, value: float, **labels: str) -> None:
        self.samples[tuple(labels.items())] = value


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """The form. Of several reports of one site the newest counts."""

    name: ClassVar[str] = "prometheus"
    suffix: ClassVar[str] = ".prom"

    def dump(self, reports: Sequence[Report]) -> bytes:
        """UTF-8 text; the same reports always give the same bytes."""
        return dump_metrics(reports)


def dump_metrics(reports: Sequence[Report], *, unread: int | None = None) -> bytes:
    """The metrics. `unread`: how many report files could not be read at the last look, where somebody looks again."""
    newest: dict[str | None, Report] = {}
    for report in sorted(reports, key=lambda r: (r.scan.started_at, r.scan.id)):
        newest[report.scan.site] = report
    families: dict[str, _Family] = {}

    def metric(name: str, help: str) -> _Family:
        return families.setdefault(f"netcam_{name}", _Family(help))

    for site, report in sorted(newest.items(), key=lambda pair: pair[0] or ""):
        _site(report, site or "", metric)
    if unread is not None:
        metric("reports_unread", "Report files that could not be read when they were looked at last.").add(unread)
    return "".join(_text(families)).encode("utf-8", "replace")


def _site(report: Report, site: str, metric: Callable[[str, str], _Family]) -> None:
    scan, summary = report.scan, summarize(report)
    for name, time in (("started", scan.started_at), ("ended", scan.ended_at)):
        if (moment := milliseconds(time)) is not None:
            when = metric(f"scan_{name}_timestamp_seconds", f"When the scan {name}, in Unix time.")
            when.add(moment / 1000, site=site)
    metric("scan_complete", "1 if the scope was covered as asked.").add(float(scan.complete), site=site)
    metric("scan_addresses", "Addresses in the scope.").add(scan.scope.addresses, site=site)
    metric("scan_packets_sent", "Packets that the scan sent.").add(scan.traffic.packets_sent, site=site)
    covered = Counter(part.status.value for part in scan.coverage)
    for status in ("covered", "partly", "not"):
        metric("coverage_parts", "Parts of the scope by how far they were seen.").add(
            covered[status], site=site, status=status
        )
    kinds = Counter(CCTV[device.is_cctv] for device in report.devices)
    for cctv in CCTV.values():
        metric("devices", "Devices that answered.").add(kinds[cctv], site=site, cctv=cctv)
    for outcome in OUTCOMES:
        metric("devices_by_outcome", "CCTV, undecided and listed devices by what lists say loudest of them.").add(
            summary.outcomes.get(outcome, 0), site=site, outcome=outcome.value
        )
    for one in summary.lists[:MOST_LISTS]:
        for outcome in OUTCOMES:
            metric("list_devices", "Devices by what one list says of them.").add(
                one.counts.get(outcome, 0), site=site, list=_label(one.id), outcome=outcome.value
            )
        if (moment := milliseconds(one.last_checked)) is not None:
            when = metric("list_checked_timestamp_seconds", "When a list was last compared with its source, Unix time.")
            when.add(moment / 1000, site=site, list=_label(one.id))
    makers = Counter(_label(d.manufacturer.id) if d.manufacturer else "" for d in report.devices if d.is_cctv)
    named = sorted(makers.items(), key=lambda pair: (-pair[1], pair[0]))
    counted = Counter(dict(named[:MOST_MAKERS]))
    if rest := sum(count for _, count in named[MOST_MAKERS:]):
        counted[OTHER] += rest
    for maker, count in sorted(counted.items()):
        metric("maker_devices", "CCTV devices by maker; the empty name is an undetermined one.").add(
            count, site=site, maker=maker
        )
    flaws = Counter(
        "yes" if any(a.known_exploited for a in affected) else "no"
        for device in report.devices
        if (affected := [a for a in device.advisories if a.status == "affected"])
    )
    for exploited in ("yes", "no"):
        metric("flawed_devices", "Devices in the published range of a flaw; by whether one of them is exploited.").add(
            flaws[exploited], site=site, known_exploited=exploited
        )
    listed = sum(overall(d) == OUTCOMES[0] for d in report.devices)
    metric("listed_devices", "Devices that some list names the maker of.").add(listed, site=site)


def _text(families: Mapping[str, _Family]) -> Iterable[str]:
    for name, family in families.items():
        yield f"# HELP {name} {family.help}\n# TYPE {name} gauge\n"
        for labels, value in family.samples.items():
            shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
            number = repr(int(value)) if float(value).is_integer() else repr(float(value))
            yield f"{name}{{{shown}}} {number}\n" if shown else f"{name} {number}\n"


def _label(text: str) -> str:
    return visible(text, LABEL_LIMIT)


def _escaped(text: str) -> str:
    return _label(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _make(settings: Settings) -> Prometheus:
    return Prometheus()


EXPORT = Export(
    name="prometheus", title="metrics for the textfile collector, or served with --listen", make=_make, options=()
)
