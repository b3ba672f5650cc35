"""A programme as text, CSV and JSON (`netcam.programme/1`); to_html.py has the page."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import PurePath
from typing import Any

from netcam.errors import ConfigError
from netcam.model.report import DeviceRecord, NamedClaim
from netcam.programme.count import Item, Programme, Replacement, SiteCount
from netcam.safetext import cell, visible

SCHEMA = "netcam.programme/1"
COLUMNS = (
    "site", "key", "standing", "ip", "addresses", "mac", "serial", "device_type", "brand", "manufacturer", "model",
    "firmware", "lists", "came", "came_why", "first_seen", "listed_at", "last_seen", "ended_at", "ended_why", "missed",
    "replaced_by", "replaced_how", "replaced_at", "replacement_ip", "replacement_brand", "replacement_manufacturer",
    "replacement_model", "replacement_listed", "site_remaining", "site_target", "site_due", "site_last_visit",
)  # fmt: skip


def document(p: Programme) -> dict[str, Any]:
    """The JSON document as dicts and lists."""
    return {
        "schema": SCHEMA, "name": p.name, "lists": list(p.lists), "now": p.now, "confirm": p.confirm,
        "stale_days": p.stale_days, "start": _iso(p.start), "due": _iso(p.due), "target": p.target,
        "planned": p.planned, "totals": totals(p),
        "forecast": {
            "why_not": p.forecast.why_not or None, "likely": _iso(p.forecast.likely), "early": _iso(p.forecast.early),
            "late": _iso(p.forecast.late), "weeks": p.forecast.weeks, "per_week": p.forecast.per_week,
        },
        "series": [{"from": at, "listed": count} for at, count in p.series],
        "weeks": [
            {
                "first": w.first.isoformat(), "remaining": w.remaining, "removed": w.removed, "appeared": w.appeared,
                "judged": w.judged, "unlisted": w.unlisted,
            }
            for w in p.weeks
        ],
        "sites": [_site(s) for s in p.sites],
        "sites_without_a_visit": list(p.unknown),
        "devices": [_item(item) for item in p.items],
    }  # fmt: skip


TOTALS = (
    "baseline", "appeared", "first_looked_at", "judged", "removed", "replaced", "unlisted", "remaining", "missing"
)  # fmt: skip


def totals(p: Programme) -> dict[str, int]:
    """The sums over all sites."""
    stale = sum(site.stale for site in p.sites)
    return {what: p.total(what) for what in TOTALS} | {"sites": len(p.sites), "stale_sites": stale}


def _site(s: SiteCount) -> dict[str, Any]:
    return {
        "site": s.site, "visits": s.visits, "last_visit": s.last_visit.started_at,
        "last_visit_complete": s.last_visit.complete, "days_ago": s.days_ago, "stale": s.stale,
        "counted_from": s.counted_from, **{what: getattr(s, what) for what in TOTALS},
        "target": s.target, "due": _iso(s.due), "planned": s.planned,
        "series": [{"from": at, "listed": count} for at, count in s.series],
    }  # fmt: skip


def _item(i: Item) -> dict[str, Any]:
    return {
        "site": i.site, "key": i.key, "standing": str(i.standing), **_record(i.record), "lists": list(i.lists),
        "came": str(i.came), "came_why": i.came_why or None, "first_seen": i.first_seen, "listed_at": i.listed_at,
        "last_seen": i.last_seen, "ended_at": i.ended_at, "ended_why": i.ended_why or None, "missed": i.missed,
        "replaced_by": _replacement(i.replaced_by) if i.replaced_by else None,
    }  # fmt: skip


def _replacement(r: Replacement) -> dict[str, Any]:
    return {"key": r.key, "how": str(r.place), "seen_at": r.seen_at, "listed": r.listed, **_record(r.record)}


def _record(r: DeviceRecord) -> dict[str, Any]:
    return {
        "ip": r.ip, "addresses": list(r.addresses), "mac": r.mac, "serial": r.serial, "device_type": r.device_type,
        "brand": _claim(r.brand), "manufacturer": _claim(r.manufacturer), "model": r.model, "firmware": r.firmware,
    }  # fmt: skip


def _claim(claim: NamedClaim | None) -> dict[str, str] | None:
    return {"id": claim.id, "name": claim.name} if claim else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def to_json(p: Programme) -> bytes:
    """`netcam.programme/1` as UTF-8, indented by 2; every key is always there."""
    return (json.dumps(document(p), indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def to_csv(p: Programme) -> bytes:
    """One row for each device while it was listed; no cell runs as a formula."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    sites = {s.site: s for s in p.sites}
    for i in p.items:
        new, site = i.replaced_by, sites[i.site]
        row: Sequence[object] = (
            i.site, i.key, i.standing, i.record.ip, "; ".join(i.record.addresses), i.record.mac, i.record.serial,
            i.record.device_type, _name(i.record.brand), _name(i.record.manufacturer), i.record.model,
            i.record.firmware, "; ".join(i.lists), i.came, i.came_why, i.first_seen, i.listed_at, i.last_seen,
            i.ended_at, i.ended_why, i.missed,
            *(
                (
                    new.key, new.place, new.seen_at, new.record.ip, _name(new.record.brand),
                    _name(new.record.manufacturer), new.record.model, "yes" if new.listed else "no",
                )
                if new
                else [None] * 8
            ),
            site.remaining, site.target, _iso(site.due), site.last_visit.started_at,
        )  # fmt: skip
        rows.writerow([v if isinstance(v, int) else "" if v is None else cell(str(v)) for v in row])
    return out.getvalue().encode("utf-8", "replace")


def _name(claim: NamedClaim | None) -> str | None:
    return claim.name if claim else None


def replacements(p: Programme) -> tuple[tuple[str, str, bool, int], ...]:
    """What removed devices were replaced by: (maker, model, listed itself, how many), most first."""
    found = Counter(
        (_name(new.record.manufacturer) or "maker undetermined", new.record.model or "", new.listed)
        for i in p.items
        if (new := i.replaced_by) is not None
    )
    return tuple((*key, count) for key, count in sorted(found.items(), key=lambda item: (-item[1], item[0])))


def to_text(p: Programme) -> str:
    """A table of the sites, then what it comes to."""
    heads = (
        "Site", "Last scan", "At start", "Came", "Removed", "Replaced", "Unlisted", "Left", "Target", "Due", "By plan"
    )  # fmt: skip
    rows = [heads, *(_row(s) for s in p.sites)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(heads))]
    lines = ["  ".join(_fit(text, widths[n], n) for n, text in enumerate(row)) for row in rows]
    lines.insert(1, "-" * min(120, sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join([line.rstrip() for line in lines] + ["", *sentences(p), *remarks(p)]) + "\n"


def _row(s: SiteCount) -> tuple[str, ...]:
    late = f" ({s.days_ago} days ago)" if s.stale else ""
    return (
        visible(s.site or "(none)", 40), f"{s.last_visit.started_at[:10]}{late}", str(s.baseline),
        str(s.appeared + s.first_looked_at + s.judged), str(s.removed), str(s.replaced), str(s.unlisted),
        str(s.remaining),
        "" if s.target is None else str(s.target), _iso(s.due) or "", "" if s.planned is None else f"{s.planned:g}",
    )  # fmt: skip


def _fit(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column in (0, 1, 9) else text.rjust(width)


def sentences(p: Programme) -> tuple[str, ...]:
    """The whole in a few sentences."""
    t = totals(p)
    return tuple(_sentences(p, t))


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _sentences(p: Programme, t: Mapping[str, int]) -> Iterator[str]:
    which = f"of {', '.join(visible(id, 60) for id in p.lists)}" if p.lists else "of any list"
    yield (
        f"{_counted(t['remaining'], 'listed device')} {which} {'is' if t['remaining'] == 1 else 'are'} left at "
        f"{_counted(t['sites'], 'site')}: {t['baseline']} at the start, "
        f"{t['removed']} removed since ({t['replaced']} of them replaced), "
        f"{t['appeared'] + t['first_looked_at']} found since, {t['judged']} listed since, "
        f"{t['unlisted']} no longer listed."
    )
    if t["missing"]:
        yield f"{t['missing']} of those left were not found lately; {p.confirm} scans have to say so before they count."
    if p.due is not None:
        yield f"The plan: {p.target} left by {p.due}" + (
            f"; {p.planned:g} today, and {_off(p)}." if p.planned is not None else "."
        )
    yield forecast_words(p)


def remarks(p: Programme) -> Iterator[str]:
    """What the figures can't say: sites that nobody has looked at, lately or ever."""
    stale = [s for s in p.sites if s.stale]
    if stale:
        some = ", ".join(visible(s.site or "(none)", 40) for s in stale[:8])
        more = f" and {len(stale) - 8} more" if len(stale) > 8 else ""
        yield f"Not scanned for more than {p.stale_days} days: {some}{more}."
    if p.unknown:
        yield f"In the targets, and never scanned: {', '.join(visible(id, 40) for id in p.unknown[:8])}."


def _off(p: Programme) -> str:
    behind = round(p.total("remaining") - (p.planned or 0), 1)
    if behind > 0:
        return f"{behind:g} more are left than planned"
    return f"{-behind:g} fewer are left than planned" if behind < 0 else "as many are left as planned"


def forecast_words(p: Programme) -> str:
    """The forecast in a sentence."""
    f = p.forecast
    if p.total("remaining") <= p.target:
        return "The target is reached."
    if f.why_not:
        return f"No forecast: {f.why_not}."
    ends = f"between {f.early} and {f.late}" if f.late else f"from {f.early} on, and not within ten years at the latest"
    return (
        f"At the pace of the last {f.weeks} weeks (net {f.per_week:g} a week) the target is reached about {f.likely}; "
        f"8 in 10 drawn futures end {ends}."
    )


def _html(p: Programme) -> bytes:
    from netcam.programme import to_html

    return to_html.dump(p)


# Imported when asked for: who writes no page needn't load a template engine.
FORMS: Mapping[str, Callable[[Programme], bytes]] = {".html": _html, ".csv": to_csv, ".json": to_json}


def form_of(path: str) -> str:
    """The key of FORMS that a path asks for; "-" is JSON.

    Raises:
        ConfigError: no form goes by its suffix.
    """
    suffix = ".json" if path == "-" else PurePath(path).suffix.lower()
    if suffix not in FORMS:
        raise ConfigError(f"-o {visible(path)}: the suffix picks the form, one of {', '.join(FORMS)}")
    return suffix
