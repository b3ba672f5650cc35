"""The part of Snipe-IT's JSON API that netcam uses, with its habits: 200 for every refusal, HTML in texts, small pages.

Written after Snipe-IT's API reference, its models' rules and its transformers (snipe/snipe-it).
"""

import html
import re
from urllib.parse import unquote

from rough_server import Refused, Rough

LISTS = ("fields", "fieldsets", "statuslabels", "locations", "manufacturers", "categories", "models", "hardware")
NEEDS = {
    "models": {"category_id": "categories"},
    "hardware": {"model_id": "models", "status_id": "statuslabels"},
}
MAY = {
    "fields": {"name", "element", "format"},
    "fieldsets": {"name"},
    "statuslabels": {"name", "type"},
    "locations": {"name"},
    "manufacturers": {"name"},
    "categories": {"name", "category_type"},
    "models": {"name", "model_number", "category_id", "manufacturer_id", "fieldset_id"},
    "hardware": {"asset_tag", "name", "model_id", "status_id", "serial", "rtd_location_id"},
}
OPTIONAL = {"models": {"manufacturer_id": "manufacturers", "fieldset_id": "fieldsets"}, "hardware": {}}
OPTIONAL["hardware"]["rtd_location_id"] = "locations"


class SnipeItDouble(Rough):
    PAGE = 3  # MAX_RESULTS: whatever limit is asked for

    def __init__(self):
        super().__init__()
        self.tables = {name: {} for name in LISTS}
        self.next = 1
        self.set_of = {}  # fieldset -> its fields
        self.archived = set()  # assets that lists leave out

    def allowed(self, headers):
        if headers.get("Authorization") != "Bearer secret-key":
            raise Refused(401, {"error": "Unauthorized or unauthenticated."})
        return headers.get("Accept") == "application/json"

    def answer(self, method, path, query, body):
        assert path.startswith("/api/v1/"), path
        parts = path.removeprefix("/api/v1/").split("/")
        assert parts[0] in LISTS, path
        rows = self.tables[parts[0]]
        if method == "GET":
            if parts[1:2] == ["bytag"]:
                found = [r for r in rows.values() if r["asset_tag"] == unquote(parts[2])]
                return 200, self.shown("hardware", found[0]) if found else self.error("Asset not found")
            if parts[1:2] == ["byserial"]:
                found = [r for r in rows.values() if (r.get("serial") or "").lower() == unquote(parts[2]).lower()]
                told = [self.shown("hardware", r) for r in found]
                return 200, {"total": len(told), "rows": told} if told else self.error("Asset does not exist.")
            return 200, self.page(parts[0], query)
        if parts[2:] == ["associate"]:
            assert set(body) == {"fieldset_id"}
            held = self.set_of[body["fieldset_id"]]
            assert int(parts[1]) not in held, "twice in one set"
            held.append(int(parts[1]))
            return 200, {"status": "success", "messages": "associated", "payload": None}
        row = None
        if method == "PATCH":
            row = rows.get(int(parts[1]))
            if row is None:
                return 200, self.error("Asset does not exist.")
        else:
            assert (method, parts[1:]) == ("POST", []), path
        if wrong := self.wrong(parts[0], {**(row or {}), **body}, row, body):
            return 200, self.error(wrong)
        if row is None:
            row = {"id": self.next}
            self.next += 1
            rows[row["id"]] = row
            if parts[0] == "fields":
                plain = re.sub(r"[^a-z0-9]+", "_", body["name"].lower())
                row["column"] = f"_snipeit_{plain}_{row['id']}"
            if parts[0] == "fieldsets":
                self.set_of[row["id"]] = []
        row.update(body)
        return 200, {"status": "success", "messages": "Done.", "payload": dict(row)}

    def error(self, messages):
        return {"status": "error", "messages": messages, "payload": None}

    def wrong(self, name, whole, row, body):
        wrong = {}
        columns = {f["column"] for f in self.tables["fields"].values()} if name == "hardware" else set()
        for key in body:
            assert key in MAY[name] | columns, key
        for key, value in body.items():
            assert value is None or isinstance(value, int) or (value == value.strip() and value.isprintable()), key
            if isinstance(value, str) and len(value) > 255:
                wrong[key] = [f"The {key} may not be greater than 255 characters."]
        if name != "hardware" and not whole.get("name"):
            wrong["name"] = ["The name field is required."]
        if name == "hardware" and not whole.get("asset_tag"):
            wrong["asset_tag"] = ["The asset tag field is required."]
        for key, other in NEEDS.get(name, {}).items():
            if whole.get(key) not in self.tables[other]:
                wrong[key] = [f"The selected {key} is invalid."]
        for key, other in OPTIONAL.get(name, {}).items():
            if whole.get(key) is not None and whole[key] not in self.tables[other]:
                wrong[key] = [f"The selected {key} is invalid."]
        if name == "categories" and whole.get("category_type") != "asset":
            wrong["category_type"] = ["The category type is invalid."]
        if name == "statuslabels" and whole.get("type") not in ("deployable", "pending", "archived", "undeployable"):
            wrong["type"] = ["The type is invalid."]
        if name == "fields" and (whole.get("element") != "text" or whole.get("format") != "ANY"):
            wrong["format"] = ["The format is invalid."]
        unique = {"hardware": ("asset_tag",), "models": ("name", "model_number")}.get(name, ("name",))
        for other in self.tables[name].values():
            same = all(str(other.get(k)).lower() == str(whole.get(k)).lower() for k in unique)
            if other is not row and same and not other.get("deleted_at"):
                wrong[unique[0]] = [f"The {unique[0]} must be unique."]
        return wrong

    def page(self, name, query):
        rows = sorted(self.tables[name].values(), key=lambda r: r["id"])
        if name == "hardware":
            rows = [r for r in rows if not r.get("deleted_at") and r["id"] not in self.archived]
        if search := query.get("search", [""])[0]:
            words = [w.lower() for w in search.split(" OR ")]
            rows = [r for r in rows if any(w in str(v).lower() for v in r.values() for w in words)]
        total = len(rows)
        if name not in ("fields", "fieldsets"):  # those two know no pages
            limit = min(int(query["limit"][0]), self.PAGE)
            offset = min(int(query["offset"][0]), total)
            rows = rows[offset : offset + limit]
        return {"total": total, "rows": [self.shown(name, row) for row in rows]}

    def shown(self, name, row):
        def brief(table, id):
            other = self.tables[table].get(id)
            return other and {"id": id, "name": html.escape(other["name"])}

        out = {"id": row["id"], "name": html.escape(row.get("name") or "")}
        if name == "fields":
            return out | {"db_column_name": row["column"], "format": "ANY"}
        if name == "fieldsets":
            held = [self.shown("fields", self.tables["fields"][id]) for id in self.set_of[row["id"]]]
            return out | {"fields": {"total": len(held), "rows": held}}
        if name == "categories":
            return out | {"category_type": row["category_type"].title()}
        if name == "models":
            return out | {
                "manufacturer": brief("manufacturers", row.get("manufacturer_id")),
                "category": brief("categories", row["category_id"]),
                "model_number": html.escape(row.get("model_number") or ""),
            }
        if name == "hardware":
            model = self.tables["models"][row["model_id"]]
            fields = {}
            for id in self.set_of.get(model.get("fieldset_id"), ()):
                field = self.tables["fields"][id]
                value = row.get(field["column"])
                shown = None if value is None else html.escape(value)
                fields[field["name"]] = {"field": field["column"], "value": shown, "field_format": "ANY"}
            return out | {
                "asset_tag": html.escape(row["asset_tag"]),
                "serial": html.escape(row.get("serial") or ""),
                "model": brief("models", row["model_id"]),
                "status_label": brief("statuslabels", row["status_id"]),
                "rtd_location": brief("locations", row.get("rtd_location_id")),
                "deleted_at": row.get("deleted_at"),
                "custom_fields": fields or [],
            }
        return out

    def inventory(self):
        """All there is, by names instead of ids, so that two inventories can be compared."""
        named = {
            name: {id: row.get("name") for id, row in self.tables[name].items()}
            for name in LISTS
            if name not in ("hardware", "models")
        }
        names = {row["column"]: row["name"] for row in self.tables["fields"].values()}
        out = {name: sorted(rows.values()) for name, rows in named.items()}
        out["set"] = sorted(
            (named["fieldsets"][set], named["fields"][field]) for set, held in self.set_of.items() for field in held
        )
        out["models"] = sorted(
            [
                *(m["name"], str(m.get("model_number")), str(named["manufacturers"].get(m.get("manufacturer_id")))),
                *(named["categories"][m["category_id"]], str(named["fieldsets"].get(m.get("fieldset_id")))),
            ]
            for m in self.tables["models"].values()
        )
        out["hardware"] = sorted(
            sorted(
                (
                    names.get(key, key),
                    {
                        "model_id": lambda v: self.tables["models"][v]["name"],
                        "status_id": named["statuslabels"].get,
                        "rtd_location_id": named["locations"].get,
                    }.get(key, str)(value),
                )
                for key, value in row.items()
                if key != "id" and value is not None
            )
            for row in self.tables["hardware"].values()
        )
        return out
