"""The part of the NetBox API that netcam uses, and its checks: what is required, slugs, lengths, keys, what is unique.

Written after NetBox's documentation and models (dcim/models, ipam/models of netbox-community/netbox).
"""

import re
from ipaddress import ip_interface, ip_network

from rough_server import Refused, Rough

SLUG = re.compile(r"^[-a-zA-Z0-9_]+$")
CUSTOM_NAME = re.compile(r"^[a-z0-9_]+$", re.I)
COLOUR = re.compile(r"^[0-9a-f]{6}$")
MAC = re.compile(r"^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$")
# field -> (longest, required); then what is unique together
MODELS = {
    "dcim/sites": ({"name": (100, True), "slug": (100, True), "status": (50, False)}, [("name",), ("slug",)]),
    "dcim/manufacturers": ({"name": (100, True), "slug": (100, True)}, [("name",), ("slug",)]),
    "dcim/device-roles": ({"name": (100, True), "slug": (100, True), "color": (6, False)}, [("name",), ("slug",)]),
    "dcim/device-types": (
        {"model": (100, True), "slug": (100, True)},
        [("manufacturer", "model"), ("manufacturer", "slug")],
    ),
    "dcim/devices": ({"name": (64, False), "serial": (50, False)}, [("site", "name")]),
    "dcim/interfaces": ({"name": (64, True), "type": (50, True)}, [("device", "name")]),
    "dcim/mac-addresses": ({"mac_address": (17, True)}, []),
    "ipam/ip-addresses": ({"address": (50, True)}, []),
    "ipam/prefixes": ({"prefix": (50, True)}, []),
    "ipam/vrfs": ({"name": (100, True)}, []),
    "extras/tags": ({"name": (100, True), "slug": (100, True), "color": (6, False)}, [("name",), ("slug",)]),
    "extras/custom-fields": ({"name": (50, True), "label": (50, False), "type": (50, True)}, [("name",)]),
}
KEYS = {
    "dcim/device-types": {"manufacturer": ("dcim/manufacturers", True)},
    "dcim/devices": {
        "device_type": ("dcim/device-types", True),
        "role": ("dcim/device-roles", True),
        "site": ("dcim/sites", True),
        "primary_ip4": ("ipam/ip-addresses", False),
        "primary_ip6": ("ipam/ip-addresses", False),
        "oob_ip": ("ipam/ip-addresses", False),
    },
    "dcim/interfaces": {
        "device": ("dcim/devices", True),
        "primary_mac_address": ("dcim/mac-addresses", False),
    },
    "ipam/ip-addresses": {"vrf": ("ipam/vrfs", False)},
    "ipam/prefixes": {"vrf": ("ipam/vrfs", False)},
}
WRITABLE = {
    "dcim/device-types": {"u_height", "is_full_depth"},
    "dcim/devices": {"status", "tags", "custom_fields", "comments"},
    "dcim/mac-addresses": {"assigned_object_type", "assigned_object_id"},
    "ipam/ip-addresses": {"assigned_object_type", "assigned_object_id", "status", "tags"},
    "extras/custom-fields": {"object_types", "filter_logic", "group_name", "description"},
}


class NetBoxDouble(Rough):
    PAGE = 3  # the largest page it gives: real ones have 1000, and then nobody sees the second

    def __init__(self, version="4.4"):
        super().__init__()
        self.version = version
        self.tables = {name: {} for name in MODELS}
        self.next = 1
        self.forbidden = set()

    def allowed(self, headers):
        return headers.get("authorization") == "Token secret-token"

    def extra_headers(self):
        return {"API-Version": self.version}

    @property
    def mac_objects(self):
        return [int(n) for n in self.version.split(".")] >= [4, 2]

    # --- requests ---

    def answer(self, method, path, query, body):
        assert path.startswith("/api/"), path
        name = path.removeprefix("/api/").strip("/")
        if not name:
            return 200, {}
        if name == "dcim/mac-addresses" and not self.mac_objects:
            raise Refused(404, {"detail": "Not found."})
        if name not in MODELS:
            raise Refused(404, {"detail": "Not found."})
        if method != "GET" and name in self.forbidden:
            raise Refused(403, {"detail": "You do not have permission to perform this action."})
        if method == "GET":
            return 200, self.page(name, path, query)
        if method == "POST":
            return 201, self.shown(name, self.store(name, dict(body)))
        assert method == "PATCH", method
        changed = []
        for one in body:
            row = self.tables[name].get(one.pop("id"))
            if row is None:
                raise Refused(404, {"detail": "Not found."})
            changed.append(self.shown(name, self.store(name, one, row)))
        return 200, changed

    def page(self, name, path, query):
        rows = [row for row in self.tables[name].values() if self.fits(name, row, query)]
        limit = min(int(query.get("limit", ["0"])[0]) or self.PAGE, self.PAGE)
        offset = int(query.get("offset", ["0"])[0])
        rest = "&".join(f"{k}={v}" for k, vs in query.items() for v in vs if k not in ("limit", "offset"))
        more = offset + limit < len(rows)
        return {
            "count": len(rows),
            "next": f"{self.base}{path}?{rest}&limit={limit}&offset={offset + limit}" if more else None,
            "previous": None,
            "results": [self.shown(name, row) for row in rows[offset : offset + limit]],
        }

    def fits(self, name, row, query):
        """Filters are alternatives by value and all have to hold; one that isn't known is ignored, as NetBox does."""
        for key, values in query.items():
            if key in ("limit", "offset"):
                continue
            if key.startswith("cf_"):
                field = self.by("extras/custom-fields", name=key[3:])
                if field is None:
                    continue
                has = str((row.get("custom_fields") or {}).get(key[3:]) or "").lower()
                exact = field.get("filter_logic") == "exact"
                if not any(v.lower() == has if exact else v.lower() in has for v in values):
                    return False
            elif key.endswith("__ie"):
                if str(row.get(key[:-4])).lower() not in [v.lower() for v in values]:
                    return False
            elif key in ("manufacturer_id", "site_id", "device_id", "vrf_id"):
                wanted = [None if v == "null" else int(v) for v in values]
                if row.get(key[:-3]) not in wanted:
                    return False
            elif key == "id":
                if str(row["id"]) not in values:
                    return False
            elif key == "interface_id":
                at = row.get("assigned_object_type") == "dcim.interface" and str(row["assigned_object_id"])
                if at not in values:
                    return False
            elif key == "address":
                if str(ip_interface(row["address"]).ip) not in values:
                    return False
            elif key == "contains":
                if not any(ip_interface(v).ip in ip_network(row["prefix"]) for v in values):
                    return False
            elif key == "mac_address" and name == "dcim/devices":
                macs = {m.lower() for m in self.macs_of(row)}
                if not macs & {v.lower() for v in values}:
                    return False
            elif key in MODELS[name][0] and str(row.get(key)).lower() not in [v.lower() for v in values]:
                return False
        return True

    def macs_of(self, device):
        for interface in self.tables["dcim/interfaces"].values():
            if interface["device"] == device["id"]:
                yield from filter(None, [interface.get("mac_address")])
                for mac in self.tables["dcim/mac-addresses"].values():
                    if mac.get("assigned_object_id") == interface["id"]:
                        yield mac["mac_address"]

    def by(self, name, /, **wanted):
        rows = self.tables[name].values()
        return next((row for row in rows if all(row.get(k) == v for k, v in wanted.items())), None)

    # --- what is stored ---

    def store(self, name, data, row=None):
        texts, unique = MODELS[name]
        keys = KEYS.get(name, {})
        known = {*texts, *keys, *WRITABLE.get(name, ())}
        if name == "dcim/interfaces" and not self.mac_objects:
            known.add("mac_address")
        wrong = {key: ["This field is not known."] for key in data if key not in known}
        whole = {**(row or {}), **data}
        if row is not None and "custom_fields" in data:
            whole["custom_fields"] = {**row["custom_fields"], **data["custom_fields"]}
        for key, (longest, required) in texts.items():
            value = whole.get(key)
            if required and not value:
                wrong[key] = ["This field is required."]
            elif value and len(value) > longest:
                wrong[key] = [f"Ensure this field has no more than {longest} characters."]
            elif value and (value != value.strip() or not value.isprintable()):
                wrong[key] = ["Not a valid string."]
        if "slug" in texts and not SLUG.match(whole.get("slug") or "-"):
            wrong["slug"] = ["Enter a valid slug."]
        if "color" in texts and "color" in whole and not COLOUR.match(whole["color"]):
            wrong["color"] = ["Enter a valid color."]
        for key, (other, required) in keys.items():
            value = whole.get(key)
            if value is None and required:
                wrong[key] = ["This field is required."]
            elif value is not None and value not in self.tables[other]:
                wrong[key] = [f"Related object not found using the provided numeric ID: {value}"]
        self.check(name, whole, row, wrong)
        for together in unique:
            mark = [str(whole.get(key)).lower() for key in together]
            for other in self.tables[name].values():
                if other is not row and mark == [str(other.get(key)).lower() for key in together]:
                    wrong["__all__"] = [f"The fields {', '.join(together)} must make a unique set."]
        if wrong:
            raise Refused(400, wrong)
        if row is None:
            whole["id"] = self.next
            self.next += 1
            whole.setdefault("tags", [])
            whole.setdefault("custom_fields", {})
            self.tables[name][whole["id"]] = row = {}
        if "tags" in whole:
            whole["tags"] = [t["slug"] if isinstance(t, dict) else t for t in whole["tags"]]
        if whole.get("mac_address"):
            whole["mac_address"] = whole["mac_address"].upper()
        row.clear()
        row.update(whole)
        return row

    def check(self, name, whole, row, wrong):
        for tag in whole.get("tags") or []:
            slug = tag["slug"] if isinstance(tag, dict) else tag
            if self.by("extras/tags", slug=slug) is None:
                wrong["tags"] = [f"Related object not found using the provided attributes: {tag}"]
        if name == "extras/custom-fields":
            if not CUSTOM_NAME.match(whole.get("name") or "") or "__" in whole["name"]:
                wrong["name"] = ["Only alphanumeric characters and underscores are allowed."]
            if whole.get("type") not in ("text", "longtext", "decimal", "json"):
                wrong["type"] = ["not a valid choice."]
            if not whole.get("object_types"):
                wrong["object_types"] = ["This field is required."]
        if name == "dcim/devices":
            for key, value in (whole.get("custom_fields") or {}).items():
                field = self.by("extras/custom-fields", name=key)
                if field is None or "dcim.device" not in field["object_types"]:
                    wrong["custom_fields"] = [f"Unknown field name '{key}' in custom field data."]
                elif value is not None and not isinstance(
                    value, {"text": str, "longtext": str, "decimal": (int, float), "json": (dict, list)}[field["type"]]
                ):
                    wrong["custom_fields"] = [f"Invalid value for custom field '{key}'."]
            for key, version in (("primary_ip4", 4), ("primary_ip6", 6)):
                ip = self.tables["ipam/ip-addresses"].get(whole.get(key))
                if ip and ip_interface(ip["address"]).version != version:
                    wrong[key] = [f"{ip['address']} is not an IPv{version} address."]
                elif ip and self.device_of(ip) != whole.get("id"):
                    wrong[key] = [f"The specified IP address ({ip['address']}) is not assigned to this device."]
        if name == "dcim/interfaces" and whole.get("primary_mac_address"):
            mac = self.tables["dcim/mac-addresses"].get(whole["primary_mac_address"], {})
            if mac.get("assigned_object_id") != whole.get("id"):
                wrong["primary_mac_address"] = ["MAC address is not assigned to this interface."]
        if name == "dcim/mac-addresses" and not MAC.match(whole.get("mac_address") or ""):
            wrong["mac_address"] = ["Invalid MAC address format."]
        at = whole.get("assigned_object_id")
        fits = whole.get("assigned_object_type") == "dcim.interface" and at in self.tables["dcim/interfaces"]
        if name in ("dcim/mac-addresses", "ipam/ip-addresses") and at is not None and not fits:
            wrong["assigned_object_id"] = ["Invalid object."]
        if name == "ipam/ip-addresses":
            self.check_ip(whole, row, wrong)

    def check_ip(self, whole, row, wrong):
        try:
            address = ip_interface(whole["address"])
        except ValueError:
            wrong["address"] = ["Enter a valid IPv4 or IPv6 address."]
            return
        net = address.network
        ends = (net.network_address, net.broadcast_address) if net.prefixlen < net.max_prefixlen - 1 else ()
        if whole.get("assigned_object_id") is not None and address.ip in ends and address.version == 4:
            wrong["address"] = [f"{address.ip} is a network ID, which may not be assigned to an interface."]
        for other in self.tables["ipam/ip-addresses"].values():
            same = ip_interface(other["address"]).ip == address.ip and other.get("vrf") == whole.get("vrf")
            if other is not row and same:
                wrong["address"] = [f"Duplicate IP address found in global table: {other['address']}"]
        if row is not None and row.get("assigned_object_id") != whole.get("assigned_object_id"):
            for device in self.tables["dcim/devices"].values():
                if row["id"] in [device.get(key) for key in ("primary_ip4", "primary_ip6", "oob_ip")]:
                    wrong["__all__"] = [
                        "Cannot reassign IP address while it is designated as the primary IP for the parent object"
                    ]

    def device_of(self, thing):
        interface = self.tables["dcim/interfaces"].get(thing.get("assigned_object_id"))
        return interface["device"] if interface else None

    # --- what is shown ---

    def shown(self, name, row):
        out = {"url": f"{self.base}/api/{name}/{row['id']}/", "display": "x", **row}
        for key, (other, _) in KEYS.get(name, {}).items():
            out[key] = self.brief(other, row.get(key))
        if "tags" in row:
            url = f"{self.base}/api/extras/tags/0/"
            out["tags"] = [{"id": 0, "name": tag, "slug": tag, "url": url} for tag in row["tags"]]
        if name == "dcim/devices":
            fields = [f["name"] for f in self.tables["extras/custom-fields"].values()]
            out["custom_fields"] = {f: row["custom_fields"].get(f) for f in fields}
            out["status"] = {"value": row.get("status", "active"), "label": "Active"}
            out.setdefault("serial", "")
        if name == "extras/custom-fields":
            out["type"] = {"value": row["type"], "label": row["type"].title()}
        if name == "dcim/interfaces":
            mac = self.tables["dcim/mac-addresses"].get(row.get("primary_mac_address"))
            out["mac_address"] = mac["mac_address"] if mac else row.get("mac_address")
        if name in ("dcim/mac-addresses", "ipam/ip-addresses"):
            out.setdefault("assigned_object_type", None)
            out.setdefault("assigned_object_id", None)
            interface = self.tables["dcim/interfaces"].get(row.get("assigned_object_id"))
            out["assigned_object"] = interface and {
                "id": interface["id"],
                "url": f"{self.base}/api/dcim/interfaces/{interface['id']}/",
                "name": interface["name"],
                "device": self.brief("dcim/devices", interface["device"]),
            }
        return out

    def brief(self, name, id):
        if id is None:
            return None
        row = self.tables[name][id]
        return {
            "id": id,
            "url": f"{self.base}/api/{name}/{id}/",
            "display": "x",
            **{key: row.get(key) for key in ("name", "slug", "model", "address") if key in row},
        }

    def inventory(self):
        """All there is, by names instead of ids, so that two inventories can be compared."""
        table = self.tables

        def ip(id):
            return table["ipam/ip-addresses"][id]["address"] if id else None

        def at(thing):
            interface = table["dcim/interfaces"].get(thing.get("assigned_object_id"))
            return (table["dcim/devices"][interface["device"]]["name"], interface["name"]) if interface else None

        def wrote(row):
            value = dict((row["custom_fields"].get("netcam_wrote")) or {})
            return tuple(
                sorted(
                    {
                        "type": value.get("device_type") and table["dcim/device-types"][value["device_type"]]["model"],
                        "role": value.get("role") and table["dcim/device-roles"][value["role"]]["name"],
                        "serial": value.get("serial"),
                        "ip4": ip(value.get("primary_ip4")),
                        "ip6": ip(value.get("primary_ip6")),
                    }.items()
                )
            )

        out = {
            name: sorted(str(row.get("slug") or row.get("name")) for row in table[name].values())
            for name in ("dcim/sites", "dcim/manufacturers", "dcim/device-roles", "extras/tags", "extras/custom-fields")
        }
        out["types"] = sorted(
            (table["dcim/manufacturers"][t["manufacturer"]]["name"], t["model"], t["slug"])
            for t in table["dcim/device-types"].values()
        )
        out["devices"] = sorted(
            (
                d["name"],
                table["dcim/sites"][d["site"]]["name"],
                table["dcim/device-types"][d["device_type"]]["model"],
                table["dcim/device-roles"][d["role"]]["name"],
                d.get("serial"),
                ip(d.get("primary_ip4")),
                ip(d.get("primary_ip6")),
                tuple(sorted(d["tags"])),
                tuple(sorted((k, v) for k, v in d["custom_fields"].items() if k != "netcam_wrote")),
                wrote(d),
            )
            for d in table["dcim/devices"].values()
        )
        out["interfaces"] = sorted(
            (table["dcim/devices"][i["device"]]["name"], i["name"], bool(i.get("primary_mac_address")))
            for i in table["dcim/interfaces"].values()
        )
        out["macs"] = sorted((m["mac_address"], at(m)) for m in table["dcim/mac-addresses"].values())
        out["ips"] = sorted((i["address"], i.get("vrf"), at(i)) for i in table["ipam/ip-addresses"].values())
        return out
