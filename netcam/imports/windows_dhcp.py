"""Leases of a Windows DHCP server: `Get-DhcpServerv4Lease | Export-Csv`, the console's exported list, its audit log.

Layout: Microsoft's description of the class DhcpServerv4Lease (names of the first), and of the audit log
DhcpSrvLog-*.log (events 10, a new lease, and 11, a renewed one). Columns go by their English names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netcam.imports.base import Format, How, Sighting, by_row, column_facts, first_of, hardware, heading, needed

_KINDS = {
    "dhcp.hostname": ("hostname", "name", "host name"),
    "dhcp.vendorclass": ("vendorclass(ascii)",),
}
_COLUMNS = ("ipaddress", "client ip address", "ip address", "clientid", "unique id", "mac address")


def _looks(head: str) -> bool:
    return (
        heading(head, "ipaddress", "clientid")
        or heading(head, "client ip address", "unique id")
        or heading(head, "id", "date", "time", "ip address", "mac address")
    )


def _row(row: Mapping[str, str]) -> Iterable[Sighting]:
    if "time" in row and "id" in row and row["id"] not in ("10", "11"):
        return ()
    state = row.get("addressstate", "Active")
    if not state.startswith("Active"):
        return ()
    mac = hardware(first_of(row, ("clientid", "unique id", "mac address")))
    ip = needed(first_of(row, ("ipaddress", "client ip address", "ip address")), "the lease's address")
    if mac is None:
        return ()  # ids of dial-in clients and the like
    return (Sighting(How.LEASE, ip, mac, facts=tuple(column_facts(row, _KINDS))),)


FORMAT = Format(name="windows-dhcp", title="Windows DHCP leases", looks=_looks, read=by_row(_COLUMNS, _row))
