"""The workbook, read back by another library: every sheet, and text that stays text."""

import io
import zipfile
from dataclasses import replace

import openpyxl
import pytest
import xlsxwriter
from sample import HOSTILE, hostile_report, sample_report

from netcam.errors import StoreError
from netcam.model.report import ChangesRecord, DeviceRecord
from netcam.report import to_xlsx
from netcam.report.columns import COLUMNS
from netcam.report.to_xlsx import TEXT_LIMIT, dump


def opened(report):
    return openpyxl.load_workbook(io.BytesIO(dump(report)))


def table(book, name):
    first, *rest = book[name].iter_rows(values_only=True)
    return [dict(zip(first, row, strict=True)) for row in rest]


def test_there_is_a_sheet_each_for_devices_verdicts_evidence_and_the_rest():
    names = ["devices", "verdicts", "evidence", "advisories", "coverage", "about"]
    report = sample_report()
    assert opened(report).sheetnames == names
    judged = replace(report, changes=ChangesRecord(before=report.scan.versions))
    assert opened(judged).sheetnames == [*names[:4], "changes", *names[4:]]


def test_devices_are_the_rows_of_the_csv_with_numbers_as_numbers():
    rows = table(opened(sample_report()), "devices")
    assert list(rows[0]) == [*COLUMNS, "list:ex-export", "list:ex-procurement", "due", "changes"]
    assert [row["ip"] for row in rows[:3]] == ["192.0.2.9", "192.0.2.10", "192.0.2.30"]
    assert (rows[0]["confidence"], rows[0]["outcome"], rows[0]["model"]) == (0.996, "listed", "NL-R16")
    assert rows[-2]["is_cctv"] is None  # undecided is an empty cell
    assert rows[-1]["is_cctv"] == "no"


def test_each_verdict_has_its_sentence_citation_and_evidence_beside_the_device():
    row = next(r for r in table(opened(sample_report()), "verdicts") if r["ip"] == "192.0.2.10")
    assert (row["list"], row["outcome"], row["basis"]) == ("ex-export", "listed", "oem")
    assert row["statement"].startswith("made by a company named on the Exampleland export list")
    assert (row["url"], row["section"], row["because"]) == ("https://law.example/ex-export", "annex 2", "e1; e2")


def test_each_piece_of_evidence_stands_beside_what_was_observed():
    row = next(r for r in table(opened(sample_report()), "evidence") if r["ip"] == "192.0.2.10")
    assert (row["evidence"], row["signature"], row["strength"]) == ("e1", "northlight.http.server", "strong")
    assert (row["kind"], row["value"], row["where"]) == ("http.server", "NLO-Web/4.2.1", "192.0.2.10 tcp/80")
    assert row["says"] == "manufacturer: northlight; device_type: camera; firmware: 4.2.1"


def test_an_observation_that_is_not_in_the_report_leaves_its_cells_empty():
    report = replace(sample_report(), observations=())
    assert {row["value"] for row in table(opened(report), "evidence")} == {None}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_is_a_formula_a_link_or_invisible(name):
    book = opened(hostile_report())
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n"), (sheet.title, cell.coordinate)
                assert cell.hyperlink is None
                if cell.data_type == "s":
                    assert cell.value.isprintable()
                    assert not cell.value.lstrip().startswith(("=", "+", "-", "@"))
                    assert len(cell.value.encode("utf-16-le")) // 2 <= 32_767
    seen = {cell for row in book["devices"].iter_rows(values_only=True) for cell in row}
    assert "'" + HOSTILE["formula"] in seen
    assert HOSTILE["wide"] in seen


@pytest.mark.parametrize("text", ["007", "1e5", "TRUE", "2026-01-02", "https://evil.example/", "{=1+1}"])
def test_a_model_that_looks_like_something_else_is_kept_as_text(text):
    (row,) = table(opened(sample_report([DeviceRecord(id="x", model=text)], [])), "devices")
    assert row["model"] == text


def test_a_model_that_looks_like_an_escape_of_the_format_is_escaped_itself():
    data = dump(sample_report([DeviceRecord(id="x", model="_x0041_")], []))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert "<t>_x005F_x0041_</t>" in packed.read("xl/worksheets/sheet1.xml").decode("utf-8")


def test_a_text_that_no_cell_can_take_is_cut():
    device = DeviceRecord(id="x", hostnames=("\U0001f600" * 20_000,))
    (row,) = table(opened(sample_report([device], [])), "devices")
    assert len(row["hostnames"]) == TEXT_LIMIT
    assert len(row["hostnames"].encode("utf-16-le")) // 2 <= 32_767


def test_headers_stay_in_view_and_filter_the_rows():
    sheet = opened(sample_report())["verdicts"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:S{sheet.max_row}"
    assert sheet.column_dimensions["L"].width > 60  # the sentence can be read


def test_rows_beyond_what_a_sheet_takes_go_on_in_another_one_below_the_same_header():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        to_xlsx._write(book, "rows", ("n",), ([n] for n in range(7)), limit=4)
    read = openpyxl.load_workbook(out)
    assert {s.title: [v for (v,) in s.iter_rows(values_only=True)] for s in read} == {
        "rows": ["n", 0, 1, 2], "rows 2": ["n", 3, 4, 5], "rows 3": ["n", 6],
    }  # fmt: skip


def test_no_room_for_temporary_files_is_told(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("xlsxwriter.Workbook.close", full)
    with pytest.raises(StoreError, match="No space left on device"):
        dump(sample_report())
