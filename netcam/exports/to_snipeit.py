"""Snipe-IT over its JSON API: an asset a device, with its model, manufacturer, category, location and custom fields.

What is missing is created; of an asset that is there only netcam's own custom fields are kept true, and its other
fields are filled while they are empty. Nothing is deleted. An asset is looked up by its tag (the device's id), by the
custom field `netcam id`, by serial and by MAC. API: https://snipe-it.readme.io/reference; it answers 200 to what it
refuses, and shows texts escaped for HTML. docs/inventory/snipeit.md has the fields and permissions.
"""

from __future__ import annotations

import html
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from netcam.errors import ExportError
from netcam.model.report import Report
from netcam.safetext import visible

from .base import Done, Export, Item, Option, Settings
from .facts import ALL, NO_MODEL, Facts, device_facts, kind, model_name, name, short, texts
from .http import Http
from .to_snipeit_csv import OWN, custom_field

log = logging.getLogger(__name__)

PAGE = 500  # the most that Snipe-IT gives by default
STATUS = "Found by netcam"
FIELDSET = "netcam"
NAME, TEXT = 191, 255
_ABSENT = ("not found", "does not exist", "no asset")

Object = dict[str, Any]


class SnipeIt:
    """One Snipe-IT. Not safe for several threads."""

    name: ClassVar[str] = "snipeit"

    def __init__(
        self,
        url: str,
        token: str,
        *,
        all: bool = False,
        sites: Mapping[str, str] | None = None,
        status: str = STATUS,
        ca_file: str | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        """
        Args:
            url: of Snipe-IT itself, without `/api/v1`.
            all: devices that are no CCTV too.
            sites: site in the report -> name of a location that Snipe-IT has; others are created by their own name.
            status: label of new assets; created as deployable where it is missing.
        Raises:
            ConfigError: a URL that isn't one.
        """
        url = url.rstrip("/").removesuffix("/api/v1")
        self._http = Http(self.name, url, ca_file=ca_file, total_s=timeout_s, secrets=(token,))
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        self._all, self._sites, self._status = all, dict(sites or {}), status
        self._known: dict[tuple[str, ...], Object] = {}
        self._columns: dict[str, str] = {}  # name of a custom field -> its column
        self._keys: frozenset[str] = frozenset()  # all devices of this export, delivered in an earlier run or not
        self._warned = False

    def items(self, reports: Sequence[Report]) -> Iterator[Item]:
        """Custom fields, their set, the status label, locations, manufacturers, categories, models; then devices."""
        devices = [self._device_item(facts) for facts in device_facts(reports, all=self._all)]
        self._keys = frozenset(item.fields["own"]["id"] for item in devices)
        for key in OWN:
            yield Item(key=f"field:{key}", kind="field", fields={"name": custom_field(key)})
        yield Item(key="fieldset", kind="fieldset", fields={"name": FIELDSET})
        yield Item(key="status", kind="status", fields={"name": self._status})
        seen: set[str] = set()
        for part in ("location", "manufacturer", "category", "model"):
            for item in devices:
                fields = item.fields[part]
                if fields is None:
                    continue
                key = f"{part}:{(fields.get('manufacturer') or {}).get('name', '')}/{fields['name']}"
                if key not in seen:
                    seen.add(key)
                    yield Item(key=key, kind=part, fields=fields)
        yield from devices

    def compare(self, item: Item) -> Done:
        """What `put` would do, by reading alone.

        Raises:
            ExportError: Snipe-IT can't be read.
        """
        return self._sync(item, write=False)

    def put(self, item: Item) -> Done:
        """Make Snipe-IT say what the item says.

        Raises:
            ExportError: Snipe-IT did not take it.
        """
        return self._sync(item, write=True)

    def close(self) -> None:
        self._http.close()

    def _device_item(self, facts: Facts) -> Item:
        d, known = facts.device, texts(facts, TEXT)
        maker = {"name": known["maker"]} if known["maker"] else None
        category = {"name": kind(d)}
        site = short(self._sites.get(facts.site or "", facts.site), TEXT)
        return Item(
            key=facts.key,
            kind="device",
            fields={
                "name": name(facts, NAME),
                "serial": short(d.serial, TEXT),
                "location": {"name": site, "mapped": (facts.site or "") in self._sites} if site else None,
                "manufacturer": maker,
                "category": category,
                "model": {
                    "name": model_name(d, TEXT),
                    "number": known["model"],
                    "manufacturer": maker,
                    "category": category,
                },
                "own": {key: known[key] for key in OWN},
            },
        )

    # --- what a device refers to ---

    def _sync(self, item: Item, *, write: bool) -> Done:
        fields = item.fields
        match item.kind:
            case "device":
                return self._device(item, write)
            case "field":
                return self._field(fields["name"], write)
            case "fieldset":
                return self._fieldset(write)[1]
            case "status":
                return self._status_label(write)[1]
            case "location":
                return self._location(fields, write)[1]
            case "manufacturer":
                return self._named("manufacturers", fields["name"], {}, write)[1]
            case "category":
                return self._category(fields, write)[1]
            case "model":
                return self._model(fields, write)[1]
        raise ExportError(self.name, f"{visible(item.kind)}: not a kind of item that Snipe-IT takes", retry=False)

    def _field(self, label: str, write: bool) -> Done:
        if not self._columns:
            self._read_columns()
        if label in self._columns:
            return Done.UNCHANGED
        if write:
            try:
                self._ask("POST", "fields", {"name": label, "element": "text", "format": "ANY"})
            except ExportError as error:
                self._read_columns()
                if error.retry or label not in self._columns:
                    raise
            self._columns.clear()  # Snipe-IT makes up the column's name
        return Done.CREATED

    def _read_columns(self) -> None:
        for field in self._rows("fields"):
            self._columns[_text(field["name"])] = str(field["db_column_name"])

    def _fieldset(self, write: bool) -> tuple[Object | None, Done]:
        """The set of netcam's fields, with all of them in it."""
        cached = ("whole fieldset",)
        if cached in self._known:
            return self._known[cached], Done.UNCHANGED
        found, was = self._named("fieldsets", FIELDSET, {}, write)
        if found is None:
            return None, was
        self._known.pop(("fieldsets", FIELDSET, ""), None)  # what it holds is about to change
        held = found.get("fields") or {}
        names = {_text(field["name"]) for field in (held.get("rows") if isinstance(held, Mapping) else None) or ()}
        wanted = set(map(custom_field, OWN)) - names
        missing = [field for field in self._rows("fields") if _text(field["name"]) in wanted]
        for field in missing:
            if write:
                self._ask("POST", f"fields/{field['id']}/associate", {"fieldset_id": found["id"]})
        if missing and was is Done.UNCHANGED:
            was = Done.UPDATED
        if write:
            self._known[cached] = found
        return found, was

    def _status_label(self, write: bool) -> tuple[Object | None, Done]:
        return self._named("statuslabels", self._status, {"type": "deployable"}, write)

    def _location(self, fields: Mapping[str, Any], write: bool) -> tuple[Object | None, Done]:
        if not fields["mapped"]:
            return self._named("locations", fields["name"], {}, write)
        found, was = self._named("locations", fields["name"], {}, write=False)
        if found is None:
            reason = f"location {visible(fields['name'])}: Snipe-IT has none of that name"
            raise ExportError(self.name, reason, retry=False)
        return found, was

    def _category(self, fields: Mapping[str, Any], write: bool) -> tuple[Object | None, Done]:
        def fits(row: Object) -> bool:
            return _text(row.get("category_type") or "asset").casefold() == "asset"

        return self._named("categories", fields["name"], {"category_type": "asset"}, write, fits)

    def _model(self, fields: Mapping[str, Any], write: bool) -> tuple[Object | None, Done]:
        category, _ = self._category(fields["category"], write)
        maker: Object | None = None
        if fields["manufacturer"] is not None:
            maker, _ = self._named("manufacturers", fields["manufacturer"]["name"], {}, write)
            if maker is None:
                return None, Done.CREATED
        of = maker["id"] if maker else None

        def fits(row: Object) -> bool:
            return (row.get("manufacturer") or {}).get("id") == of

        new: Object = {"model_number": fields["number"] or None, "manufacturer_id": of}
        if category is not None:
            new["category_id"] = category["id"]
        fieldset, _ = self._fieldset(write)
        if fieldset is not None:
            new["fieldset_id"] = fieldset["id"]
        found, was = self._named("models", fields["name"], new, write and category is not None, fits, str(of))
        return found, was

    def _named(
        self,
        path: str,
        label: str,
        more: Mapping[str, Any],
        write: bool,
        fits: Callable[[Object], bool] = lambda row: True,
        apart: str = "",
    ) -> tuple[Object | None, Done]:
        """An object by its name; created where it is missing, unless it is only to be compared."""
        cached = (path, label, apart)
        if cached in self._known:
            return self._known[cached], Done.UNCHANGED

        def find() -> Object | None:
            rows = self._rows(path, search=label)
            return next((row for row in rows if _same(row["name"], label) and fits(row)), None)

        found, was = find(), Done.UNCHANGED
        if found is None:
            if not write:
                return None, Done.CREATED
            found, was = self._create(path, {"name": label, **more}, find), Done.CREATED
        self._known[cached] = found
        return found, was

    # --- a device ---

    def _device(self, item: Item, write: bool) -> Done:
        fields = item.fields
        model, _ = self._model(fields["model"], write)
        location = self._location(fields["location"], write)[0] if fields["location"] else None
        if not self._columns:
            self._read_columns()
        found = self._find(item)
        if found is None:
            if not write or model is None:
                return Done.CREATED
            status, _ = self._status_label(write)
            columns = {key: self._columns.get(custom_field(key)) for key in OWN}
            new: Object = {
                "asset_tag": fields["own"]["id"],
                "name": fields["name"],
                "model_id": model["id"],
                "status_id": status["id"] if status else None,
                "serial": fields["serial"] or None,
                "rtd_location_id": location["id"] if location else None,
                **{column: fields["own"][key] for key, column in columns.items() if column},
            }
            new = {key: value for key, value in new.items() if value not in (None, "")}
            self._create("hardware", new, lambda: self._find(item))
            return Done.CREATED
        changes = self._changes(item, found, model, location)
        if not changes:
            return Done.UNCHANGED
        if write:
            self._ask("PATCH", f"hardware/{found['id']}", changes)
        return Done.UPDATED

    def _find(self, item: Item) -> Object | None:
        """The asset that the item speaks of: by tag, by netcam's id on it, by serial, by MAC.

        An asset that bears another netcam id is somebody else's, except one known by its MAC alone, whose serial the
        item brings, and one with a serial, met again in an item that has only its MAC.

        Raises:
            ExportError: several assets have the serial or MAC, so that a person has to say which one.
        """
        key, serial, mac = item.fields["own"]["id"], item.fields["serial"], item.fields["own"]["mac"]
        tagged = None if "/" in key else self._asset(f"hardware/bytag/{quote(key)}")
        if tagged is not None and not tagged.get("deleted_at") and _same(tagged["asset_tag"], key):
            return tagged
        seen = self._rows("hardware", search=key)
        by_id = [row for row in seen if _same(row["asset_tag"], key) or _own(row, "id") == key]
        if by_id:
            return by_id[0]
        if serial:
            if "/" in serial:  # web servers refuse an encoded slash in a path
                rows = self._rows("hardware", search=serial)
            else:
                rows = self._rows(f"hardware/byserial/{quote(serial)}")
            same = [r for r in rows if _same(r["serial"], serial) and not r.get("deleted_at") and not _own(r, "id")]
            if same:
                return self._only(same, f"serial {serial}")
        if mac:
            rows = [r for r in self._rows("hardware", search=mac) if _own(r, "mac") == mac]
            rows = [r for r in rows if _own(r, "id") not in self._keys]  # that one is in the report itself
            rows = [r for r in rows if bool(serial) != bool(r.get("serial"))]
            if rows:
                return self._only(rows, f"MAC {mac}")
        return None

    def _asset(self, path: str) -> Object | None:
        try:
            found = self._ask("GET", path)
        except ExportError as error:
            if not error.retry and any(word in error.reason.lower() for word in _ABSENT):
                return None
            raise
        return found if found.get("id") else None

    def _only(self, found: Sequence[Object], what: str) -> Object:
        if len(found) > 1:
            tags = ", ".join(visible(_text(row["asset_tag"]), 40) for row in found[:5])
            reason = f"{visible(what)}: the assets {tags} all have it; say which by clearing it on the others"
            raise ExportError(self.name, reason, retry=False)
        return found[0]

    def _changes(self, item: Item, found: Object, model: Object | None, location: Object | None) -> Object:
        fields, own = item.fields, dict(item.fields["own"])
        if _own(found, "last_seen") > own["last_seen"]:  # a later report was here before
            own = {key: _own(found, key) for key in own}
        if earlier := _own(found, "first_seen"):
            if earlier <= fields["own"]["first_seen"]:
                own |= {key: _own(found, key) for key in ("first_seen", "first_report")}
            else:
                own |= {key: fields["own"][key] for key in ("first_seen", "first_report")}
        if _own(found, "id") and not fields["serial"]:
            own["id"] = _own(found, "id")  # the better name of the two
        changes: Object = {}
        there = _custom(found)
        for key, value in own.items():
            field = there.get(custom_field(key))
            if field is None:
                self._warn(found)
            elif _text(field.get("value")) != value:
                changes[str(field["field"])] = value or None
        if not found.get("name"):
            changes["name"] = fields["name"]
        if not found.get("serial") and fields["serial"]:
            changes["serial"] = fields["serial"]
        if not found.get("rtd_location") and location is not None:
            changes["rtd_location_id"] = location["id"]
        now = _text((found.get("model") or {}).get("name"))
        if model is not None and now.endswith(NO_MODEL) and not fields["model"]["name"].endswith(NO_MODEL):
            changes["model_id"] = model["id"]
        return changes

    def _warn(self, found: Object) -> None:
        if not self._warned:
            self._warned = True
            label = visible(_text((found.get("model") or {}).get("name")))
            log.warning("snipeit: the model %s has a fieldset without netcam's fields; they are left out there", label)

    # --- the API ---

    def _create(self, path: str, new: Mapping[str, Any], again: Callable[[], Object | None]) -> Object:
        """Create an object. A refusal is looked into: a request whose answer was lost may have created it meanwhile."""
        try:
            made = self._ask("POST", path, new)
        except ExportError as error:
            if not error.retry and (found := again()) is not None:
                return found
            raise
        payload = made.get("payload")
        if not isinstance(payload, dict) or not payload.get("id"):
            raise ExportError(self.name, f"{path}: created, but the answer doesn't say what", retry=True)
        return payload

    def _rows(self, path: str, **query: str) -> list[Object]:
        """All rows of a list, page by page."""
        found: dict[Any, Object] = {}
        offset = 0
        while True:
            asked = urlencode({**query, "limit": PAGE, "offset": offset, "sort": "id", "order": "asc"})
            page = self._ask("GET", f"{path}?{asked}", absent={"total": 0, "rows": []})
            rows = page.get("rows")
            if not isinstance(rows, list) or not all(isinstance(row, dict) and "id" in row for row in rows):
                raise self._odd(path)
            before = len(found)
            found.update((row["id"], row) for row in rows)
            offset += len(rows)
            if len(found) == before or offset >= int(page.get("total") or 0):
                return list(found.values())

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, absent: Object | None = None
    ) -> Object:
        """One request; what Snipe-IT answers, if it is no error. `absent` is what "not found" stands for."""
        raw = None if body is None else json.dumps(body).encode()
        where = path.partition("?")[0]
        answer = self._http.request(method, f"/api/v1/{path}", body=raw, headers=self._headers)
        try:
            said = json.loads(answer.body)
        except ValueError:
            raise ExportError(self.name, f"{where}: the answer is no JSON", retry=True) from None
        if not isinstance(said, dict):
            raise self._odd(where)
        if said.get("status") == "error" or (said.get("error") and "id" not in said):
            told = said.get("messages") or said.get("error") or said.get("message")
            reason = visible(_text(told if isinstance(told, str) else json.dumps(told)), 300)
            if absent is not None and any(word in reason.lower() for word in _ABSENT):
                return absent
            raise ExportError(self.name, f"{visible(where)}: {reason}", retry=False)
        return said

    def _odd(self, path: str) -> ExportError:
        return ExportError(self.name, f"{visible(path)}: an answer of another form than Snipe-IT's", retry=False)


def _text(value: Any) -> str:
    """A text as it was before Snipe-IT escaped it for HTML."""
    return "" if value is None else html.unescape(str(value))


def _same(one: Any, other: str) -> bool:
    return _text(one).casefold() == other.casefold()


def _custom(asset: Object) -> Mapping[str, Object]:
    """Custom fields by name; where there are none, PHP writes a list."""
    fields = asset.get("custom_fields")
    return {_text(key): value for key, value in fields.items()} if isinstance(fields, Mapping) else {}


def _own(asset: Object, key: str) -> str:
    return _text((_custom(asset).get(custom_field(key)) or {}).get("value"))


def _make(settings: Settings) -> SnipeIt:
    return SnipeIt(
        settings.url,
        settings.token,
        all=settings.flag("all"),
        sites=settings.pairs("site"),
        status=settings.one("status", STATUS),
        ca_file=settings.ca_file,
        timeout_s=settings.timeout_s,
    )


EXPORT = Export(
    name="snipeit",
    title="Snipe-IT: assets with model, manufacturer, category, location and custom fields",
    make=_make,
    options=(
        ALL,
        Option(name="site", help="SITE:NAME; the location in Snipe-IT for a site of the report", many=True),
        Option(name="status", help="status label of new assets", default=STATUS),
    ),
    needs=frozenset({"url", "token"}),
    takes=frozenset({"ca"}),
    secret="a personal API key (docs/inventory/snipeit.md)",  # noqa: S106 - says what it is
    url="https://snipeit.example",
)
