"""NetBox 4.x over its REST API, through pynetbox.

What is missing is created, what netcam wrote is kept true, and what others wrote stays: nothing is ever deleted, and a
field that both may write changes only while it is empty or still says what netcam put there (kept in the custom field
`netcam_wrote`). A device is looked up by the custom field `netcam_id`, then by serial, then by MAC, within its site.
API: https://netboxlabs.com/docs/netbox/integrations/rest-api/; docs/inventory/netbox.md has the fields and permissions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from ssl import SSLCertVerificationError
from typing import Any, ClassVar

from netcam.errors import ConfigError, ExportError
from netcam.model.report import Outcome, Report
from netcam.safetext import visible

from .base import Done, Export, Item, Option, Settings
from .facts import ADDRESS_LIMIT, ALL, Facts, device_facts, digest, kind, name, outcome, short, slug, texts
from .http import Session, checked_url, retry_after

log = logging.getLogger(__name__)

NAME, LABEL, SERIAL = 64, 100, 50  # characters that NetBox takes for a device's name, other names, a serial
UNKNOWN = "Unknown"  # NetBox wants a manufacturer and a model for every device
NO_SITE = "Unassigned"
INTERFACE = "LAN"
COLOUR = {"netcam": "607d8b", "netcam-listed": "f44336", "netcam-possible": "ff9800"}
TAGS = {"netcam": "netcam", "netcam-listed": "netcam listed", "netcam-possible": "netcam possible"}
NUMBERS = ("maker_confidence", "brand_confidence", "confidence")
LONG = ("statement", "advisories", "capabilities")
FIELDS: Mapping[str, str] = {
    "id": "text", "type": "text", "maker": "text", "maker_confidence": "decimal", "brand": "text",
    "brand_confidence": "decimal", "firmware": "text", "firmware_date": "text", "mac_source": "text",
    "confidence": "decimal", "verdict": "text", "lists": "text", "statement": "longtext", "advisories": "longtext",
    "capabilities": "longtext", "first_seen": "text", "last_seen": "text", "first_report": "text",
    "last_report": "text", "wrote": "json",
}  # fmt: skip
SHARED = ("device_type", "role", "serial", "primary_ip4", "primary_ip6")
AGAIN = (408, 409, 425, 429, 500, 502, 503, 504)  # the same request may be taken later

Object = dict[str, Any]


class NetBox:
    """One NetBox. Not safe for several threads."""

    name: ClassVar[str] = "netbox"

    def __init__(
        self,
        url: str,
        token: str,
        *,
        all: bool = False,
        sites: Mapping[str, str] | None = None,
        vrfs: Mapping[str, str] | None = None,
        ca_file: str | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        """
        Args:
            url: of NetBox itself, without `/api`.
            all: devices that are no CCTV too.
            sites: site in the report -> slug or name of a site that NetBox has; others are created by their own name.
            vrfs: site in the report -> name of a VRF that NetBox has, for stores that reuse address ranges.
            ca_file: certificates to trust instead of the usual ones.
        Raises:
            ConfigError: a URL that isn't one, or the library is missing.
        """
        url = checked_url(self.name, url)
        try:
            import pynetbox
        except ImportError as error:
            raise ConfigError("netbox: the library pynetbox is missing; pip install 'netcam[netbox]'") from error
        self._session = Session(ca_file=ca_file, total_s=timeout_s)
        self._session.hooks["response"].append(self._no_redirect)
        self._api = pynetbox.api(url.removesuffix("/api"), token=token)
        self._api.http_session = self._session
        self._all, self._sites, self._vrfs = all, dict(sites or {}), dict(vrfs or {})
        self._known: dict[tuple[str, str], Object] = {}  # what was looked up in this run and doesn't change
        self._keys: frozenset[str] = frozenset()  # all devices of this export, delivered in an earlier run or not
        self._held: dict[tuple[str | None, str], str] = {}  # VRF and address -> the first device that has it
        self._mac_objects: bool | None = None
        self._changed = False

    def items(self, reports: Sequence[Report]) -> Iterator[Item]:
        """Custom fields, tags, sites, manufacturers, roles and device types first, then the devices."""
        devices = [self._device_item(facts) for facts in device_facts(reports, all=self._all)]
        self._keys = frozenset(item.fields["custom_fields"]["netcam_id"] for item in devices)
        self._held = {}
        for item in devices:
            for address in item.fields["addresses"]:
                self._held.setdefault((item.fields["vrf"], address), item.key)
        for field, type in FIELDS.items():
            yield Item(key=f"custom-field:netcam_{field}", kind="custom-field", fields=_custom_field(field, type))
        for tag, label in TAGS.items():
            yield Item(key=f"tag:{tag}", kind="tag", fields={"name": label, "slug": tag, "color": COLOUR[tag]})
        seen: set[tuple[str, str]] = set()
        for part in ("site", "manufacturer", "role", "device_type"):
            for item in devices:
                fields = item.fields[part]
                key = (part, f"{fields.get('manufacturer', {}).get('slug', '')}/{fields['name']}")
                if key not in seen:
                    seen.add(key)
                    yield Item(key=":".join(key), kind=part, fields=fields)
        yield from devices

    def compare(self, item: Item) -> Done:
        """What `put` would do, by reading alone.

        Raises:
            ExportError: NetBox can't be read.
        """
        return self._sync(item, write=False)

    def put(self, item: Item) -> Done:
        """Make NetBox say what the item says.

        Raises:
            ExportError: NetBox did not take it.
        """
        return self._sync(item, write=True)

    def close(self) -> None:
        self._session.close()

    # --- what is sent ---

    def _device_item(self, facts: Facts) -> Item:
        d, known = facts.device, texts(facts, 255)
        maker = {"name": UNKNOWN, "slug": slug(UNKNOWN)}
        if d.manufacturer:
            maker = {"name": short(d.manufacturer.name, LABEL) or UNKNOWN, "slug": slug(d.manufacturer.id)}
        model = short(d.model, LABEL)
        site = facts.site or NO_SITE
        own: dict[str, Any] = {}
        long = texts(facts, 1000)
        for field in FIELDS:
            if field == "wrote":
                continue
            text = long[field] if field in LONG else known[field]
            own[f"netcam_{field}"] = (float(text) if field in NUMBERS else text) if text else None
        tags = ["netcam"]
        if (found := outcome(d)) in (Outcome.LISTED, Outcome.POSSIBLE):
            tags.append(f"netcam-{found}")
        return Item(
            key=facts.key,
            kind="device",
            fields={
                "name": name(facts, NAME),
                "site": {"name": short(self._sites.get(site, site), LABEL), "mapped": site in self._sites},
                "vrf": self._vrfs.get(site),
                "manufacturer": maker,
                "role": {"name": kind(d), "known": d.device_type is not None},
                "device_type": {"name": model or f"{UNKNOWN} model", "known": bool(model), "manufacturer": maker},
                "serial": short(d.serial, SERIAL),
                "mac": (d.mac or "").lower(),
                "addresses": [str(address) for address in _addresses(d.ip, d.addresses)],
                "tags": tags,
                "custom_fields": own,
            },
        )

    # --- how it gets there ---

    def _sync(self, item: Item, *, write: bool) -> Done:
        fields = item.fields
        self._changed = False
        match item.kind:
            case "device":
                return self._device(item, write)
            case "custom-field":
                return self._custom_field(fields, write)
            case "tag":
                return self._tag(fields, write)[1]
            case "site":
                return self._site(fields, write)[1]
            case "manufacturer":
                return self._manufacturer(fields, write)[1]
            case "role":
                return self._role(fields, write)[1]
            case "device_type":
                return self._device_type(fields, write)[1]
        raise ExportError(self.name, f"{visible(item.kind)}: not a kind of item that NetBox takes", retry=False)

    def _custom_field(self, fields: Mapping[str, Any], write: bool) -> Done:
        endpoint = self._api.extras.custom_fields
        found = self._first(endpoint, "name", fields["name"])
        if found is None:
            self._create(endpoint, fields, lambda: self._first(endpoint, "name", fields["name"]), write)
            return Done.CREATED
        if _value(found["type"]) != fields["type"]:
            reason = f"custom field {fields['name']} has the type {_value(found['type'])}, not {fields['type']}"
            raise ExportError(self.name, reason, retry=False)
        if "dcim.device" in found["object_types"]:
            return Done.UNCHANGED
        if write:
            self._update(endpoint, found, {"object_types": [*found["object_types"], "dcim.device"]})
        return Done.UPDATED

    def _tag(self, fields: Mapping[str, Any], write: bool) -> tuple[Object | None, Done]:
        return self._named(self._api.extras.tags, fields["name"], fields["slug"], {"color": fields["color"]}, write)

    def _site(self, fields: Mapping[str, Any], write: bool) -> tuple[Object | None, Done]:
        endpoint, label = self._api.dcim.sites, fields["name"]
        if not fields["mapped"]:
            return self._named(endpoint, label, slug(label), {"status": "active"}, write)
        found = self._first(endpoint, "slug", label) or self._first(endpoint, "name", label)
        if found is None:
            raise ExportError(self.name, f"site {visible(label)}: NetBox has none of that slug or name", retry=False)
        return found, Done.UNCHANGED

    def _manufacturer(self, fields: Mapping[str, Any], write: bool) -> tuple[Object | None, Done]:
        return self._named(self._api.dcim.manufacturers, fields["name"], fields["slug"], {}, write)

    def _role(self, fields: Mapping[str, Any], write: bool) -> tuple[Object | None, Done]:
        label = fields["name"]
        return self._named(self._api.dcim.device_roles, label, slug(label), {"color": "607d8b"}, write)

    def _device_type(self, fields: Mapping[str, Any], write: bool) -> tuple[Object | None, Done]:
        maker, _ = self._manufacturer(fields["manufacturer"], write)
        if maker is None:
            return None, Done.CREATED
        endpoint, model, of = self._api.dcim.device_types, fields["name"], maker["id"]
        cached = (f"device-type:{of}", model)
        if cached in self._known:
            return self._known[cached], Done.UNCHANGED

        def find() -> Object | None:
            same = [t for t in self._list(endpoint, manufacturer_id=of, model__ie=model) if _same(t["model"], model)]
            return next((t for t in same if t["model"] == model), same[0] if same else None)

        found, was = find(), Done.UNCHANGED
        if found is None:
            short_name = slug(model)
            if self._list(endpoint, manufacturer_id=of, slug=short_name):  # another model, spelt alike
                short_name = f"{short_name[:90]}-{digest(model)}"
            new = {"manufacturer": of, "model": model, "slug": short_name, "u_height": 0, "is_full_depth": False}
            found, was = self._create(endpoint, new, find, write), Done.CREATED
        if found is not None:
            self._known[cached] = found
        return found, was

    def _named(
        self, endpoint: Any, label: str, short_name: str, more: Mapping[str, Any], write: bool
    ) -> tuple[Object | None, Done]:
        """An object of a list that has names and slugs, by slug or else by name."""
        cached = (endpoint.url, label)
        if cached in self._known:
            return self._known[cached], Done.UNCHANGED

        def find() -> Object | None:
            return self._first(endpoint, "slug", short_name) or self._first(endpoint, "name", label)

        found, was = find(), Done.UNCHANGED
        if found is None:
            found = self._create(endpoint, {"name": label, "slug": short_name, **more}, find, write)
            was = Done.CREATED
        if found is not None:
            self._known[cached] = found
        return found, was

    # --- a device ---

    def _device(self, item: Item, write: bool) -> Done:
        fields = item.fields
        site, _ = self._site(fields["site"], write)
        role, _ = self._role(fields["role"], write)
        type, _ = self._device_type(fields["device_type"], write)
        if site is None:
            return Done.CREATED
        found = self._find_device(item, site["id"])
        if found is None:
            if not write or role is None or type is None:
                return Done.CREATED
            wanted = {"device_type": type["id"], "role": role["id"], "serial": fields["serial"]}
            found = self._create(
                self._api.dcim.devices,
                {
                    "name": fields["name"],
                    "site": site["id"],
                    "status": "active",
                    **wanted,
                    "tags": [{"slug": tag} for tag in fields["tags"]],
                    "custom_fields": {**fields["custom_fields"], "netcam_wrote": wanted},
                },
                lambda: self._find_device(item, site["id"]),
                write,
            )
            done = Done.CREATED
        else:
            done = Done.UNCHANGED
            if self._newer(found, fields):
                return self._older_report(found, fields, write)
        assert found is not None
        primary = self._network(item, found, write)
        self._settle(item, found, role, type, primary, write)
        return Done.UPDATED if done is Done.UNCHANGED and self._changed else done

    def _find_device(self, item: Item, site: int) -> Object | None:
        """The device in NetBox that the item speaks of: by netcam_id, by serial, by MAC.

        A device that bears another netcam_id is somebody else's, with two exceptions: one known by its MAC alone, whose
        serial the item brings; and one with a serial, met again in an item that has only its MAC.

        Raises:
            ExportError: several devices fit, so that a person has to say which one.
        """
        endpoint, fields = self._api.dcim.devices, item.fields
        key = fields["custom_fields"]["netcam_id"]
        own = [d for d in self._list(endpoint, cf_netcam_id=key) if _own_id(d) == key]
        if own:
            return self._only(own, f"netcam_id {key}")
        if serial := fields["serial"]:
            same = self._list(endpoint, serial=serial, site_id=site)
            same = [d for d in same if _same(d["serial"], serial) and not _own_id(d) and _at(d, site)]
            if same:
                return self._only(same, f"serial {serial}")
        if mac := fields["mac"]:
            at = [d for d in self._list(endpoint, mac_address=mac, site_id=site) if _at(d, site)]
            at = [d for d in at if _own_id(d) not in self._keys]  # that one is in the report itself
            at = [d for d in at if not (serial and d["serial"]) or (_same(serial, d["serial"]) and not _own_id(d))]
            at = [d for d in at if not _own_id(d) or bool(serial) != bool(d["serial"])]
            if at:
                return self._only(at, f"MAC {mac}")
        return None

    def _only(self, found: Sequence[Object], what: str) -> Object:
        if len(found) > 1:
            ids = ", ".join(str(d["id"]) for d in found[:5])
            reason = f"{visible(what)}: devices {ids} all have it; say which by clearing it on the others"
            raise ExportError(self.name, reason, retry=False)
        return found[0]

    @staticmethod
    def _newer(found: Object, fields: Mapping[str, Any]) -> bool:
        """Whether NetBox already has what a later report said; an older one then changes nothing that is current."""
        before = found["custom_fields"].get("netcam_last_seen") or ""
        return bool(before > fields["custom_fields"]["netcam_last_seen"])

    def _older_report(self, found: Object, fields: Mapping[str, Any], write: bool) -> Done:
        first = _first_seen(found, fields["custom_fields"])
        if first == {key: found["custom_fields"].get(key) for key in first}:
            return Done.UNCHANGED
        if write:
            self._update(self._api.dcim.devices, found, {"custom_fields": first})
        return Done.UPDATED

    def _settle(
        self,
        item: Item,
        found: Object,
        role: Object | None,
        type: Object | None,
        primary: Mapping[str, int],
        write: bool,
    ) -> None:
        """One request for all that has to change on the device itself, and none where nothing has."""
        fields, before = item.fields, found["custom_fields"]
        own = {**fields["custom_fields"], **_first_seen(found, fields["custom_fields"])}
        if _own_id(found) and not fields["serial"]:
            own["netcam_id"] = _own_id(found)  # the better name of the two
        wrote = dict(before.get("netcam_wrote") or {})
        wanted: dict[str, Any] = {"serial": fields["serial"], **primary}
        if type is not None and fields["device_type"]["known"]:
            wanted["device_type"] = type["id"]
        if role is not None and fields["role"]["known"]:
            wanted["role"] = role["id"]
        changes: dict[str, Any] = {}
        for field in SHARED:
            now, new = _id(found.get(field)), wanted.get(field)
            if new and now != new and (not now or now == wrote.get(field)):
                changes[field] = wrote[field] = new
        if wrote != (before.get("netcam_wrote") or {}):
            own["netcam_wrote"] = wrote
        if different := {key: value for key, value in own.items() if before.get(key) != value}:
            changes["custom_fields"] = different
        tags = [tag["slug"] for tag in found["tags"]]
        if {tag for tag in tags if tag in TAGS} != set(fields["tags"]):
            kept = [tag for tag in tags if tag not in TAGS]
            changes["tags"] = [{"slug": tag} for tag in (*kept, *fields["tags"])]
        if changes:
            self._changed = True
            if write:
                self._update(self._api.dcim.devices, found, changes)

    # --- its interface and addresses ---

    def _network(self, item: Item, device: Object, write: bool) -> dict[str, int]:
        """Interface, MAC and addresses of the device; what its primary addresses should be."""
        fields = item.fields
        if not fields["mac"] and not fields["addresses"]:
            return {}
        interfaces = self._list(self._api.dcim.interfaces, device_id=device["id"])
        interfaces = [i for i in interfaces if _id(i["device"]) == device["id"]]
        interface = next((i for i in interfaces if fields["mac"] and _same(i.get("mac_address"), fields["mac"])), None)
        interface = interface or next((i for i in interfaces if i["name"] == INTERFACE), None)
        if interface is None:
            endpoint = self._api.dcim.interfaces
            self._changed = True
            interface = self._create(
                endpoint,
                {"device": device["id"], "name": INTERFACE, "type": "other"},
                lambda: next(
                    (i for i in self._list(endpoint, device_id=device["id"], name=INTERFACE) if i["name"] == INTERFACE),
                    None,
                ),
                write,
            )
            if interface is None:
                return {}
        if fields["mac"]:
            self._mac(fields["mac"], interface, {i["id"] for i in (*interfaces, interface)}, write)
        return self._ips(item, device, interface, write)

    def _mac(self, mac: str, interface: Object, siblings: set[int], write: bool) -> None:
        if _same(interface.get("mac_address"), mac):
            return
        if not self._has_mac_objects():
            if not interface.get("mac_address"):
                self._changed = True
                if write:
                    self._update(self._api.dcim.interfaces, interface, {"mac_address": mac})
            return
        endpoint = self._api.dcim.mac_addresses
        same = [m for m in self._list(endpoint, mac_address=mac) if _same(m["mac_address"], mac)]
        held = [m for m in same if _assigned(m) in siblings]
        free = [m for m in same if m.get("assigned_object_id") is None]
        at = {"assigned_object_type": "dcim.interface", "assigned_object_id": interface["id"]}
        found = held[0] if held else None
        if found is None:
            self._changed = True
            if not write:
                return
            if free:
                found = free[0]
                self._update(endpoint, found, at)
            else:
                found = self._create(endpoint, {"mac_address": mac, **at}, lambda: None, write)
            assert found is not None
        if interface.get("primary_mac_address") is None and (not held or _assigned(found) == interface["id"]):
            self._changed = True
            if write:
                self._update(self._api.dcim.interfaces, interface, {"primary_mac_address": found["id"]})

    def _ips(self, item: Item, device: Object, interface: Object, write: bool) -> dict[str, int]:
        endpoint, vrf = self._api.ipam.ip_addresses, self._vrf(item.fields["vrf"])
        have = [i for i in self._list(endpoint, interface_id=interface["id"]) if _assigned(i) == interface["id"]]
        primary: dict[str, int] = {}
        for text in item.fields["addresses"]:
            address = ip_address(text)
            if self._held.get((item.fields["vrf"], text), item.key) != item.key:
                log.info("netbox: %s belongs to two devices of the report; it stays with the first", text)
                continue
            found = next((i for i in have if _host(i) == address), None)
            if found is None:
                found = self._assign(address, vrf, device, interface, write)
            if found is not None:
                primary.setdefault(f"primary_ip{address.version}", found["id"])
        return primary

    def _assign(
        self, address: IPv4Address | IPv6Address, vrf: int | None, device: Object, interface: Object, write: bool
    ) -> Object | None:
        """The object of an address, on the interface; None where it is somebody else's, or only to be compared."""
        endpoint = self._api.ipam.ip_addresses
        at = {"assigned_object_type": "dcim.interface", "assigned_object_id": interface["id"]}

        def same() -> list[Object]:
            known = self._list(endpoint, address=str(address), vrf_id="null" if vrf is None else vrf)
            return [i for i in known if _host(i) == address and _id(i.get("vrf")) == vrf]

        known = same()
        if any(self._out_of_band(i) for i in known):
            log.warning("netbox: %s is an out-of-band address; it stays where it is", address)
            return None
        mine = [i for i in known if _assigned(i) is not None and self._on(i, device["id"])]
        if mine:
            return mine[0]
        free = [i for i in known if i.get("assigned_object_id") is None]
        moved = [i for i in known if _assigned(i) is not None and "netcam" in [t["slug"] for t in i["tags"]]]
        if known and not free and not moved:
            log.warning("netbox: %s is assigned to something else, by somebody else; it stays there", address)
            return None
        self._changed = True
        if not write:
            return None
        if free:
            self._update(endpoint, free[0], at)
            return free[0]
        if moved:
            self._release(moved[0])
            self._update(endpoint, moved[0], at)
            return moved[0]
        new = {"address": f"{address}/{self._length(address, vrf)}", "status": "active", **at}
        new |= {"tags": [{"slug": "netcam"}], **({"vrf": vrf} if vrf is not None else {})}
        return self._create(endpoint, new, lambda: next((i for i in same() if self._on(i, device["id"])), None), write)

    def _release(self, address: Object) -> None:
        """NetBox moves no address that is the primary one of its device: take that away, where netcam gave it."""
        holder = _id((address.get("assigned_object") or {}).get("device"))
        for device in self._list(self._api.dcim.devices, id=holder) if holder else []:
            for field in ("primary_ip4", "primary_ip6"):
                if device["id"] == holder and _id(device.get(field)) == address["id"]:
                    self._update(self._api.dcim.devices, device, {field: None})

    def _out_of_band(self, address: Object) -> bool:
        """Whether people made it the out-of-band address of its device: then NetBox moves it nowhere."""
        holder = _id((address.get("assigned_object") or {}).get("device"))
        held = self._list(self._api.dcim.devices, id=holder) if holder else []
        return any(d["id"] == holder and _id(d.get("oob_ip")) == address["id"] for d in held)

    def _on(self, address: Object, device: int) -> bool:
        return bool(_id((address.get("assigned_object") or {}).get("device")) == device)

    def _length(self, address: IPv4Address | IPv6Address, vrf: int | None) -> int:
        """The length of the narrowest prefix in NetBox that has the address; that of a host where none has.

        NetBox puts the first and the last address of a network on no interface, so they get the length of a host.
        """
        known = self._list(self._api.ipam.prefixes, contains=str(address), vrf_id="null" if vrf is None else vrf)
        lengths = [int(str(p["prefix"]).rpartition("/")[2]) for p in known if _id(p.get("vrf")) == vrf]
        length = max(lengths, default=address.max_prefixlen)
        network = ip_network(f"{address}/{length}", strict=False)
        ends = (network.network_address, network.broadcast_address if address.version == 4 else None)
        return address.max_prefixlen if length < address.max_prefixlen - 1 and address in ends else length

    def _vrf(self, label: str | None) -> int | None:
        if label is None:
            return None
        cached = ("vrf", label)
        if cached not in self._known:
            found = self._first(self._api.ipam.vrfs, "name", label)
            if found is None:
                raise ExportError(self.name, f"VRF {visible(label)}: NetBox has none of that name", retry=False)
            self._known[cached] = found
        return int(self._known[cached]["id"])

    def _has_mac_objects(self) -> bool:
        """MAC addresses are objects of their own since NetBox 4.2."""
        if self._mac_objects is None:
            with self._asking("the version"):
                text = str(self._api.version)
            numbers = [int(part) for part in text.split(".")[:2] if part.isdigit()]
            if numbers and numbers[0] < 4:
                raise ExportError(self.name, f"NetBox {visible(text)}: 4.0 or later is needed", retry=False)
            self._mac_objects = not numbers or numbers >= [4, 2]
        return self._mac_objects

    # --- the API ---

    def _list(self, endpoint: Any, **filters: Any) -> list[Object]:
        with self._asking(endpoint.name):
            return [dict(record) for record in endpoint.filter(**filters)]

    def _first(self, endpoint: Any, key: str, value: str) -> Object | None:
        """The one object whose `key` is `value`; NetBox ignores a filter that it doesn't know, so it is checked."""
        asked = {key: value} if key != "name" else {"name__ie": value}
        found = [o for o in self._list(endpoint, **asked) if _same(o.get(key), value)]
        return next((o for o in found if o.get(key) == value), found[0] if found else None)

    def _create(self, endpoint: Any, new: Mapping[str, Any], again: Any, write: bool) -> Object | None:
        """Create an object; None where it is only to be compared.

        A refusal is looked into: somebody else, or a request whose answer was lost, may have created it meanwhile.
        """
        if not write:
            return None
        self._changed = True
        try:
            with self._asking(endpoint.name):
                return dict(endpoint.create(**new))
        except ExportError as error:
            if not error.retry and (found := again()) is not None:
                return dict(found)
            raise

    def _update(self, endpoint: Any, found: Object, changes: Mapping[str, Any]) -> None:
        with self._asking(f"{endpoint.name} {found['id']}"):
            endpoint.update([{"id": found["id"], **changes}])
        self._changed = True

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Whatever goes wrong between here and NetBox, as an ExportError that says whether to try again."""
        import pynetbox

        try:
            yield
        except pynetbox.RequestError as error:
            answer = error.req
            told = visible(" ".join(str(error.error).split()), 300)
            raise ExportError(
                self.name,
                f"{what}: answered {answer.status_code}: {told}",
                retry=answer.status_code in AGAIN,
                after_s=retry_after(answer.headers.get("retry-after")),
            ) from error
        except pynetbox.AllocationError as error:
            raise ExportError(self.name, f"{what}: answered 409", retry=True) from error
        except pynetbox.ContentError as error:
            raise ExportError(self.name, f"{what}: the answer is no JSON, or half of one", retry=True) from error
        except OSError as error:  # all errors of requests are
            if (reason := _untrusted(error)) is not None:
                raise ExportError(self.name, f"its certificate is not trusted: {reason}", retry=False) from error
            late = "Timeout" in type(error).__name__
            reason = "no whole answer in time" if late else "the connection failed or broke"
            raise ExportError(self.name, f"{what}: {reason}", retry=True) from error
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            reason = f"{what}: an answer of another form than NetBox's ({type(error).__name__})"
            raise ExportError(self.name, reason, retry=False) from error

    def _no_redirect(self, answer: Any, *_: Any, **__: Any) -> None:
        """Follow nothing: a redirected POST would be a GET, and the token is for this server."""
        if answer.is_redirect:
            where = visible(answer.headers.get("location", ""))
            raise ExportError(self.name, f"redirects to {where}: give that as URL", retry=False)


def _untrusted(error: BaseException) -> str | None:
    """Why the server's certificate was refused; None where the trouble is another."""
    todo: list[object] = [error]
    for one in todo:
        if isinstance(one, SSLCertVerificationError):
            return visible(one.verify_message or "not verified")
        if isinstance(one, BaseException) and len(todo) < 30:
            todo += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return None


def _custom_field(field: str, type: str) -> dict[str, Any]:
    return {
        "name": f"netcam_{field}",
        "label": f"netcam {field.replace('_', ' ')}",
        "group_name": "netcam",
        "type": type,
        "object_types": ["dcim.device"],
        "filter_logic": "exact" if field == "id" else "loose",
        "description": "Written by netcam; changes made here are overwritten.",
    }


def _addresses(first: str | None, texts: Iterable[str]) -> list[IPv4Address | IPv6Address]:
    """Addresses that mean something beyond one link, the device's main one first."""
    found: dict[IPv4Address | IPv6Address, None] = {}
    for text in ([first] if first else []) + list(texts):
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            continue
        if not (address.is_link_local or address.is_unspecified or address.is_multicast or address.is_loopback):
            found[address] = None
    return list(found)[:ADDRESS_LIMIT]


def _first_seen(found: Object, own: Mapping[str, Any]) -> dict[str, Any]:
    """The earlier of what NetBox and the report have for the first sighting."""
    before = found["custom_fields"]
    earlier = before.get("netcam_first_seen")
    source = before if earlier and earlier <= own["netcam_first_seen"] else own
    return {key: source.get(key) for key in ("netcam_first_seen", "netcam_first_report")}


def _id(value: Any) -> Any:
    """The id of what may come as a nested object, an id, or a plain value."""
    return value.get("id") if isinstance(value, Mapping) else value


def _value(choice: Any) -> Any:
    return choice.get("value") if isinstance(choice, Mapping) else choice


def _same(one: str | None, other: str) -> bool:
    return (one or "").casefold() == other.casefold()


def _own_id(device: Object) -> str:
    return str(device["custom_fields"].get("netcam_id") or "")


def _at(device: Object, site: int) -> bool:
    return bool(_id(device["site"]) == site)


def _assigned(thing: Object) -> int | None:
    """The interface that an address or a MAC is on; None where it is on something else, or nothing."""
    return thing["assigned_object_id"] if thing.get("assigned_object_type") == "dcim.interface" else None


def _host(thing: Object) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(str(thing["address"]).partition("/")[0])
    except ValueError:
        return None


def _make(settings: Settings) -> NetBox:
    return NetBox(
        settings.url,
        settings.token,
        all=settings.flag("all"),
        sites=settings.pairs("site"),
        vrfs=settings.pairs("vrf"),
        ca_file=settings.ca_file,
        timeout_s=settings.timeout_s,
    )


EXPORT = Export(
    name="netbox",
    title="NetBox: devices with maker, model, interface, MAC, addresses and verdict",
    make=_make,
    options=(
        ALL,
        Option(name="site", help="SITE:NAME; the site in NetBox (slug or name) for a site of the report", many=True),
        Option(name="vrf", help="SITE:NAME; the VRF in NetBox for the addresses of a site", many=True),
    ),
    needs=frozenset({"url", "token"}),
    takes=frozenset({"ca"}),
    secret="an API token that may read and write (docs/inventory/netbox.md)",  # noqa: S106 - says what it is
    url="https://netbox.example",
)
