"""Published flaws from observations to every form of the report; constructed in the documented form."""

import csv
import io
import json

import pytest
from store_lan import netcam


def sadp(model, firmware, oem="", serial="1"):
    more = f"<OEMInfo>{oem}</OEMInfo>" if oem else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ProbeMatch><Uuid>u</Uuid><Types>inquiry</Types>'
        f"<DeviceDescription>{model}</DeviceDescription>{more}<DeviceSN>{model}20210101AAWRF0000000{serial}</DeviceSN>"
        f"<SoftwareVersion>{firmware}</SoftwareVersion><MAC>44-19-b6-00-00-0{serial}</MAC></ProbeMatch>"
    )


SEEN = {
    "old": sadp("DS-2CD2342WD-I", "V5.5.82build 190909"),
    "new": sadp("DS-2CD2387G2-LSU/SL", "V5.7.14build 231028", serial="2"),
    "badge": sadp("C800", "V5.5.82build 190909", "ANNKE", serial="3"),
    "badge with the maker's number": sadp("DS-2CD2046G2-IU", "V5.5.120build 200101", "ANNKE", serial="4"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("advisories")
    lines = [{"device": key, "kind": "sadp", "value": value} for key, value in SEEN.items()]
    lines.append({"device": "other maker", "kind": "mac", "value": "AC-CC-8E-00-00-01"})
    outputs = [folder / f"r.{form}" for form in ("json", "html", "csv")]
    done = netcam(
        "identify", "-", "--format", "jsonl", *(a for o in outputs for a in ("-o", o)),
        input="".join(json.dumps(line) + "\n" for line in lines),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {d["device"]: d for d in map(json.loads, done.stdout.splitlines())}, *outputs


def status(device, id="CVE-2021-36260"):
    return {a["id"]: a["status"] for a in device["advisories"]}.get(id)


def test_old_fixed_and_badged_devices_are_told_apart(told):
    devices = told[0]
    assert status(devices["old"]) == "affected"
    assert status(devices["new"]) == "not-affected"
    assert status(devices["badge"]) == "unknown"
    assert status(devices["badge with the maker's number"]) == "affected"
    assert devices["badge with the maker's number"]["brand"]["id"] == "annke"
    assert devices["other maker"]["advisories"] == []


def test_an_advisory_has_its_keys_and_the_firmware_its_age(told):
    flaw = told[0]["old"]["advisories"][0]
    assert {"id", "known_exploited", "status", "why", "url"} <= set(flaw)
    assert flaw["known_exploited"] is True
    assert flaw["url"].startswith("https://")
    assert told[0]["old"]["firmware_age_days"] > 2000
    assert told[0]["other maker"]["firmware_age_days"] is None


def test_explain_tells_status_reason_and_source(told):
    done = netcam("explain", told[1], "44:19:b6:00:00:01")
    assert "CVE-2021-36260: affected, known to be exploited" in done.stdout
    assert "older than build 210625" in done.stdout
    assert "days old" in done.stdout


def test_the_page_and_the_spreadsheet_tell_it_too(told):
    page = told[2].read_text("utf-8")
    assert "Published flaws" in page
    assert "CVE-2021-36260" in page
    rows = list(csv.DictReader(io.StringIO(told[3].read_text("utf-8"))))
    affected = {row["model"]: row["advisories_affected"] for row in rows}
    assert affected["DS-2CD2342WD-I"] == "CVE-2021-36260"
    assert affected["C800"] == ""
    assert next(r for r in rows if r["model"] == "C800")["advisories_exploited"] == "CVE-2021-36260 unknown"
    assert next(r for r in rows if r["model"] == "C800")["firmware_age_days"].isdigit()


def test_the_table_counts_the_affected_devices(told):
    done = netcam("identify", told[1])
    assert "CVE-2021-36260: 2 devices affected, known to be exploited" in done.stdout


def test_judged_again_the_age_stays_that_of_the_scan(told, tmp_path):
    report = json.loads(told[1].read_text("utf-8"))
    report["scan"]["started_at"] = "2020-09-08T00:00:00.000Z"
    old = tmp_path / "old.json"
    old.write_text(json.dumps(report), "utf-8")
    netcam("identify", old, "-o", tmp_path / "again.json")
    again = json.loads((tmp_path / "again.json").read_text("utf-8"))
    ages = {d["model"]: d["firmware_age_days"] for d in again["devices"]}
    assert ages["DS-2CD2342WD-I"] == 365
    assert ages["DS-2CD2387G2-LSU/SL"] is None


def test_one_advisory_is_shown_with_its_ranges_and_sources():
    done = netcam("signatures", "show", "CVE-2023-28810")
    assert done.returncode == 0
    assert "CVE-2023-28809, CVE-2023-28810" in done.stdout
    assert "icsa-23-285-14" in done.stdout
