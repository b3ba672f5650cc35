"""Inventories that take files: ServiceNow, Snipe-IT CSV, GLPI, CycloneDX; held against their formats and golden files.

A golden file that should change is written anew by running this module with `NETCAM_GOLDEN=write`.
"""

import csv
import io
import json
import os
import re
import zipfile
from pathlib import Path

import pytest
from store_reports import HOSTILE, advisory, camera, hostile, key, report, store, verdict

from netcam import __version__
from netcam.exports import find
from netcam.exports.base import Settings
from netcam.exports.to_servicenow import COLUMNS as SERVICENOW
from netcam.exports.to_snipeit_csv import COLUMNS as SNIPEIT
from netcam.model.report import Outcome

GOLDEN = Path(__file__).parent / "golden"
FORMS = ("servicenow", "snipeit-csv", "glpi", "cyclonedx")


def form(name, **options):
    return find(name).make(Settings(options={key: tuple(values) for key, values in options.items()}))


def dump(name, *reports, **options):
    return form(name, **options).dump(reports)


def rows(name, *reports, **options):
    return list(csv.DictReader(io.StringIO(dump(name, *reports, **options).decode("utf-8"), newline="")))


def documents(*reports, **options):
    with zipfile.ZipFile(io.BytesIO(dump("glpi", *reports, **options))) as archive:
        assert archive.testzip() is None
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def bill(*reports, **options):
    return json.loads(dump("cyclonedx", *reports, **options))


def as_text(name, data):
    """What a golden file holds: the bytes, or of an archive its documents."""
    if name == "glpi":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            told = {entry: json.loads(archive.read(entry)) for entry in sorted(archive.namelist())}
        text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    elif name == "cyclonedx":
        text = json.dumps(json.loads(data), indent=1, ensure_ascii=False) + "\n"
    else:
        text = data.decode("utf-8").replace("\r\n", "\n")
    return text.replace(__version__, "VERSION")


@pytest.mark.parametrize("name", FORMS)
def test_the_form_is_that_of_the_golden_file(name):
    path = GOLDEN / f"{name}.{'csv' if name in ('servicenow', 'snipeit-csv') else 'json'}"
    text = as_text(name, dump(name, store(), all=["yes"], site=["Store 12:Leeds"]))
    if os.environ.get("NETCAM_GOLDEN") == "write":
        path.write_text(text, "utf-8", newline="\n")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("name", FORMS)
def test_the_same_reports_in_any_order_give_the_same_bytes_and_each_device_once(name):
    first, second = store(), report(camera(10, firmware="5.0"), id="scan-2", at="2026-02-15T10:00:00Z")
    assert dump(name, first, second) == dump(name, second, first)
    both, one = (as_text(name, dump(name, *reports)) for reports in ([first, second], [first]))
    assert both.count("NL000010") == one.count("NL000010") == 1


@pytest.mark.parametrize("name", FORMS)
def test_only_cctv_is_exported_unless_all_is_asked_for(name):
    assert key(200) not in as_text(name, dump(name, store()))
    assert key(200) in as_text(name, dump(name, store(), all=["yes"]))


@pytest.mark.parametrize("name", FORMS)
def test_a_report_without_devices_is_an_empty_inventory(name):
    assert dump(name, report())


# --- CSV ---


@pytest.mark.parametrize(("name", "columns"), [("servicenow", SERVICENOW), ("snipeit-csv", SNIPEIT)])
def test_no_cell_is_a_formula_or_breaks_its_row(name, columns):
    table = list(csv.reader(io.StringIO(dump(name, hostile()).decode("utf-8"), newline="")))
    assert len(table) == 1 + len(HOSTILE)
    assert {len(row) for row in table} == {len(columns)}
    for row in table:
        for cell in row:
            assert cell.isprintable()
            assert not cell.lstrip().startswith(("=", "+", "-", "@"))
            assert len(cell) <= 1002


def test_servicenow_times_are_in_its_own_form_and_unknown_cells_are_empty():
    table = {row["correlation_id"]: row for row in rows("servicenow", store())}
    assert table[key(10)]["last_discovered"] == "2026-01-15 10:00:00"
    assert table[key(10)]["sys_class_name"] == "cmdb_ci_ip_camera"
    unknown = table[key(12)]
    names = ("serial_number", "manufacturer", "model_id", "u_netcam_brand", "u_netcam_firmware")
    assert {unknown[name] for name in names} == {""}
    (broken,) = rows("servicenow", report(camera(10), at="yesterday"))
    assert (broken["first_discovered"], broken["last_discovered"]) == ("", "")


def test_lists_that_name_the_device_stand_before_those_that_may_and_what_does_not_fit_is_counted():
    lists = [verdict(Outcome.POSSIBLE, f"a-possible-{n:02}") for n in range(20)] + [verdict(list_id="z-listed")]
    (row,) = rows("servicenow", report(camera(10, verdicts=tuple(lists))))
    told = row["u_netcam_lists"]
    assert told.startswith("z-listed: listed; a-possible-00: possible; ")
    assert len(told) <= 255
    shown = told.split("; ")
    assert shown[-1] == f"+{21 - len(shown) + 1}"


def test_a_device_that_says_null_clears_no_field_in_servicenow():
    (row,) = rows("servicenow", report(camera(10, model="NULL", serial="NULL")))
    assert {row["model_id"], row["serial_number"]} == {"'NULL"}


def test_snipeits_csv_has_a_tag_and_a_model_for_every_device():
    table = rows("snipeit-csv", store(), site=["Store 12:Leeds"])
    assert all(row["Asset Tag"] and row["Model Name"] and row["Category"] for row in table)
    assert {row["Location"] for row in table} == {"Leeds"}
    assert "Status" not in table[0]


# --- GLPI ---

# The fields of the published schema that netcam writes: name -> type or pattern.
GLPI_TOP = {"action": str, "itemtype": r"Unmanaged|NetworkEquipment", "deviceid": str, "tag": str, "content": dict}
GLPI_CONTENT = {"versionclient": str, "network_device": dict, "network_ports": list, "firmwares": list}
GLPI_DEVICE = {
    "type": r"Unmanaged|Computer|Networking|Printer|Storage|Power|Phone|Video|KVM", "name": str, "manufacturer": str,
    "model": str, "serial": str, "firmware": str, "mac": r"([0-9a-f]{2}:){5}[0-9a-f]{2}", "ips": list, "location": str,
    "description": str,
}  # fmt: skip
GLPI_PORT = {"ifnumber": int, "ifname": str, "iftype": int, "mac": GLPI_DEVICE["mac"], "ips": list}
GLPI_FIRMWARE = {"name": str, "type": str, "version": str, "manufacturer": str, "date": r"\d{4}-\d{2}-\d{2}"}


def fits(thing, fields, required):
    assert set(required) <= set(thing) <= set(fields)
    for name, value in thing.items():
        wanted = fields[name]
        if isinstance(wanted, str):
            assert re.fullmatch(wanted, value), (name, value)
        else:
            assert type(value) is wanted, (name, value)
            assert value not in ("", []), name
        if isinstance(value, str):
            assert value.isprintable(), name
            assert len(value) <= 255, name


@pytest.mark.parametrize("told", [store(), hostile()], ids=["store", "hostile"])
def test_every_glpi_document_fits_the_published_schema(told):
    found = documents(told, all=["yes"])
    assert len(found) == len(told.devices)
    for name, document in found.items():
        assert re.fullmatch(r"netcam-[0-9a-z-]+\.json", name)
        fits(document, GLPI_TOP, ["deviceid", "content"])
        fits(document["content"], GLPI_CONTENT, ["versionclient"])
        fits(document["content"]["network_device"], GLPI_DEVICE, ["type"])
        for port in document["content"].get("network_ports", ()):
            fits(port, GLPI_PORT, [])
        for firmware in document["content"].get("firmwares", ()):
            fits(firmware, GLPI_FIRMWARE, [])


def test_glpi_gets_an_identity_of_its_own_for_each_device_and_a_hostile_id_leads_out_of_no_folder():
    odd = [camera(n, id=id) for n, id in enumerate(("../../etc/passwd", "..\\x", "a/b", "a-b", "", "é" * 500))]
    found = documents(report(*odd))
    assert len({document["deviceid"] for document in found.values()}) == len(found) == len(odd)
    assert all(re.fullmatch(r"netcam-[0-9a-z-]+\.json", name) for name in found)


# --- CycloneDX ---


@pytest.mark.parametrize("told", [store(), hostile(), report()], ids=["store", "hostile", "empty"])
def test_the_bill_is_valid_by_the_official_schema(told):
    validation = pytest.importorskip("cyclonedx.validation.json")
    from cyclonedx.schema import SchemaVersion

    text = dump("cyclonedx", told, all=["yes"]).decode("utf-8")
    fault = validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert fault is None, str(fault)[:1000]


def test_every_reference_of_a_bill_leads_somewhere_and_none_is_used_twice():
    told = bill(store(), hostile(), all=["yes"])
    parts = [*told["components"], *(inner for part in told["components"] for inner in part.get("components", ()))]
    names = [part["bom-ref"] for part in [*parts, *told["vulnerabilities"]]]
    assert len(names) == len(set(names))
    affected = {one["ref"] for flaw in told["vulnerabilities"] for one in flaw["affects"]}
    assert affected <= {part["bom-ref"] for part in parts}


def test_a_flaw_says_by_status_what_it_means_for_whom():
    flaws = {flaw["bom-ref"]: flaw for flaw in bill(store())["vulnerabilities"]}
    assert {name: flaw["analysis"]["state"] for name, flaw in flaws.items()} == {
        "netcam:CVE-0000-0001#affected": "exploitable",
        "netcam:CVE-0000-0001#unknown": "in_triage",
        "netcam:CVE-0000-0002#not-affected": "not_affected",
    }
    hit = flaws["netcam:CVE-0000-0001#affected"]
    assert hit["affects"] == [
        {"ref": f"netcam:{key(11)}#firmware", "versions": [{"version": "4.2.1", "status": "affected"}]}
    ]
    assert hit["properties"] == [{"name": "netcam:known-exploited", "value": "true"}]


def test_a_device_of_unknown_firmware_is_affected_itself():
    told = bill(report(camera(10, firmware=None, advisories=(advisory("unknown"),))))
    assert told["vulnerabilities"][0]["affects"] == [{"ref": f"netcam:{key(10)}"}]


def test_the_serial_number_of_a_bill_names_the_scans_and_nothing_else():
    one = bill(store())["serialNumber"]
    assert one == bill(store())["serialNumber"]
    assert one == bill(report(camera(10)))["serialNumber"]  # judged again: the same scan
    assert one != bill(report(camera(10), id="scan-2"))["serialNumber"]
    assert one != bill(store(), all=["yes"])["serialNumber"]
