"""Kea's lease files (memfile, `kea-leases4.csv` and `kea-leases6.csv`), and what `kea-admin lease-dump` writes.

Layout: Kea's `src/lib/dhcpsrv/csv_lease_file4.cc` and `csv_lease_file6.cc`. State 0 is a lease in use. Kea writes
commas inside a value as `&#x2c`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netcam.imports.base import Format, How, Sighting, by_row, hardware, heading, needed


def _looks(head: str) -> bool:
    return heading(head, "address", "hwaddr", "valid_lifetime")


def _row(row: Mapping[str, str]) -> Iterable[Sighting]:
    if row.get("state", "0") not in ("0", "default"):
        return ()
    ip, mac = needed(row.get("address"), "`address`"), hardware(row.get("hwaddr"))
    if mac is None:
        return ()
    name = row.get("hostname", "").replace("&#x2c", ",").rstrip(".")
    return (Sighting(How.LEASE, ip, mac, facts=(("dhcp.hostname", name),) if name else ()),)


FORMAT = Format(name="kea", title="Kea leases", looks=_looks, read=by_row(("hwaddr", "valid_lifetime"), _row))
