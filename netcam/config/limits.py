"""What a scan of configured places may never do: which sites a scan touches, what they forbid, and when it must end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from netcam.errors import ScopeError
from netcam.model.scope import AddressRange, subtracted
from netcam.safetext import visible

from .hours import Hours, parse_hours, zone
from .tables import Site
from .words import addresses

MARGIN = timedelta(seconds=5)  # before forbidden hours begin a scan ends, so that nothing is still under way by then


def ranges(site: Site) -> tuple[AddressRange, ...]:
    """The networks of a site."""
    return tuple(addresses(word) for word in site.targets)


def touched(sites: Sequence[Site], asked: Sequence[AddressRange], named: Site | None) -> tuple[Site, ...]:
    """The sites whose limits hold for a scan of `asked`: the named one, and every site that the rest lies in.

    Stores reuse address ranges: what lies in the named site's own networks is that site's, and nobody else's.
    """
    rest = subtracted(asked, ranges(named)) if named is not None else tuple(asked)
    others = tuple(s for s in sites if s is not named and _overlap(rest, ranges(s)))
    return (named, *others) if named is not None else others


def _overlap(some: Sequence[AddressRange], others: Sequence[AddressRange]) -> bool:
    return any(
        a.version == b.version and a.first <= b.last and b.first <= a.last for a in some for b in others
    )


def forbidden(sites: Sequence[Site], named: Site | None) -> tuple[str, ...]:
    """The words for addresses that no packet may go to: every touched site's `never`, the named one's `exclude` too."""
    words = [never.address for site in sites for never in site.never]
    return tuple(dict.fromkeys([*words, *(named.exclude if named is not None else ())]))


def hours_of(site: Site) -> Hours | None:
    """When the site may be scanned; None for always."""
    if site.timezone is None or site.scan == "any" or not (site.opening_hours or site.scan_hours):
        return None
    lines, allowing = (site.scan_hours, True) if site.scan_hours else (site.opening_hours, site.scan == "inside")
    what = "scan_hours" if site.scan_hours else f"scan = {site.scan or 'outside'} of opening_hours"
    said = f"{what} {'; '.join(lines)} ({site.timezone})"
    return Hours(zone=zone(site.timezone), spans=parse_hours(lines), allowing=allowing, said=said)


def refuse_now(sites: Sequence[Site], at: datetime) -> None:
    """Nothing, where every site may be scanned at `at`, and for long enough to begin.

    Raises:
        ScopeError: naming the site, its hours, and when it may be scanned again.
    """
    for site in sites:
        hours = hours_of(site)
        if hours is None or (hours.allowed(at) and hours.allowed(at + MARGIN)):
            continue
        again = hours.next_allowed(at + MARGIN)
        when = f"; the next time is {_local(again, hours)}" if again is not None else "; they leave no time for it"
        raise ScopeError(
            f"site {visible(site.title)!r} may not be scanned now, {_local(at, hours)}: {visible(hours.said)}{when}"
        )


def next_start(site: Site, at: datetime) -> datetime | None:
    """The first moment from `at` on at which a scan of the site may begin; None when its hours leave none."""
    hours = hours_of(site)
    if hours is None:
        return at
    start = hours.next_allowed(at)
    while start is not None and not hours.allowed(start + MARGIN):
        end = hours.changes_at(start)
        start = hours.next_allowed(end) if end is not None else None
    return start


def stopper(sites: Sequence[Site], wall: Callable[[], datetime], clock: Callable[[], float]) -> Callable[[], str]:
    """Says why the scan has to end now, or "".

    By the wall clock, and by the seconds that were left when the scan began, so that a clock set back in the middle
    gives no extra time.
    """
    begun, start = wall(), clock()
    kept = [(site, hours) for site in sites if (hours := hours_of(site)) is not None]
    left = [
        ((end - MARGIN - begun).total_seconds() if (end := hours.changes_at(begun)) is not None else None)
        for _, hours in kept
    ]

    def why() -> str:
        now, gone = wall(), clock() - start
        for (site, hours), left_s in zip(kept, left, strict=True):
            # Between the beginning and the end that was worked out then there is nothing to ask.
            in_time = left_s is None or 0 <= (now - begun).total_seconds() < left_s
            if (left_s is not None and gone >= left_s) or not (in_time or hours.allowed(now + MARGIN)):
                return f"ended before site {visible(site.title)!r} may no longer be scanned: {visible(hours.said)}"
        return ""

    return why


def _local(at: datetime, hours: Hours) -> str:
    return at.astimezone(hours.zone).strftime("%Y-%m-%d %H:%M %Z")
