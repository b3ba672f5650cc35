"""The spreadsheet: one row a device and nothing that runs."""

import csv
import io
from dataclasses import replace

import pytest
from sample import HOSTILE, hostile_report, sample_report

from netcam.model.report import ChangeRecord, ChangesRecord
from netcam.report.columns import COLUMNS
from netcam.report.to_csv import dump


def read(report):
    return list(csv.DictReader(io.StringIO(dump(report).decode("utf-8"), newline="")))


def test_there_is_one_row_a_device_with_every_column_and_one_for_each_list():
    rows = read(sample_report())
    assert len(rows) == 6
    assert list(rows[0]) == [*COLUMNS, "list:ex-export", "list:ex-procurement", "due", "changes"]


def test_listed_devices_come_first_with_statement_and_citation():
    row = read(sample_report())[0]
    assert (row["ip"], row["site"], row["manufacturer_id"], row["outcome"]) == (
        "192.0.2.9", "Store 12", "northlight", "listed",
    )  # fmt: skip
    assert "made by a company named on the Exampleland procurement act" in row["statements"]
    assert "section 7 (a) https://law.example/ex-procurement" in row["citations"]
    assert row["confidence"] == "1.00"
    assert row["addresses"] == "192.0.2.9; 192.0.2.109; 2001:db8::9"
    assert row["services"] == "tcp/80 http; tcp/554 rtsp"


def test_unknown_is_an_empty_cell_and_undecided_is_not_no():
    rows = {row["ip"]: row for row in read(sample_report())}
    assert rows["192.0.2.77"]["is_cctv"] == ""
    assert rows["192.0.2.77"]["manufacturer"] == ""
    assert rows["192.0.2.200"]["is_cctv"] == "no"
    assert rows["192.0.2.200"]["list:ex-export"] == ""


def test_due_days_and_what_judging_again_changed_stand_in_the_last_columns():
    report = sample_report()
    own = replace(report.devices[2].verdicts[0], list="own", due="2026-06-30")
    device = replace(report.devices[2], verdicts=(*report.devices[2].verdicts, own))
    change = ChangeRecord(
        device=device.id, ip=device.ip, field="verdict", list="own", old=None, new="listed", cause="the list changed"
    )
    changes = ChangesRecord(before=report.scan.versions, changed=(change,))
    row, other = read(replace(report, devices=(device, report.devices[1]), changes=changes))
    assert row["due"] == "2026-06-30 own"
    assert row["changes"] == "own: (none) -> listed because the list changed"
    assert row["list:own"] == "listed"
    assert (other["due"], other["changes"], other["list:own"]) == ("", "", "")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_is_a_formula_or_breaks_its_row(name):
    rows = list(csv.reader(io.StringIO(dump(hostile_report()).decode("utf-8"), newline="")))
    assert len(rows) == 1 + len(HOSTILE)
    assert {len(row) for row in rows} == {len(rows[0])}
    for row in rows:
        for cell in row:
            assert cell.isprintable()
            assert not cell.lstrip().startswith(("=", "+", "-", "@"))
            assert len(cell) < 25_000
