"""`netcam report`: a saved report in any form, from a file, a bundle or standard input."""

import csv
import gzip
import io
import json
import os
import subprocess

import openpyxl
import pytest
from store_lan import NETCAM, PLAIN, netcam

LINES = [
    {"device": "a", "kind": "http.server", "value": "App-webs/", "port": "tcp/80", "ip": "192.0.2.7"},
    {"device": "b", "kind": "mac", "value": "AC-CC-8E-00-00-01", "ip": "192.0.2.8"},
    {"device": "c", "kind": "ftp", "value": "220 printer ready", "port": "tcp/21", "ip": "192.0.2.9"},
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "report.json"
    done = netcam("identify", "-", "-o", path, input="".join(json.dumps(line) + "\n" for line in LINES))
    assert done.returncode == 0, done.stderr
    return path


def test_without_a_form_the_table_is_printed(saved):
    done = netcam("report", saved)
    assert (done.returncode, done.stderr) == (0, "")
    assert "192.0.2.7" in done.stdout
    assert "3 devices" in done.stdout
    assert "192.0.2.9" in netcam("report", saved, "--all").stdout


def test_files_in_every_form_are_written_at_once_and_nothing_is_printed(saved, tmp_path):
    paths = [tmp_path / f"r.{form}" for form in ("json", "html", "csv", "jsonl", "xlsx", "md")]
    done = netcam("report", saved, *(part for path in paths for part in ("--to", path)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    again, page, table, lines, book, summary = (path.read_bytes() for path in paths)
    assert again == saved.read_bytes()  # rendered, not judged again
    assert page.startswith(b"<!doctype html>")
    assert [row["ip"] for row in csv.DictReader(io.StringIO(table.decode()))] == ["192.0.2.7", "192.0.2.8", "192.0.2.9"]
    assert len(lines.splitlines()) == 3
    assert openpyxl.load_workbook(io.BytesIO(book))["devices"].max_row == 4
    assert summary.startswith(b"# CCTV devices")


@pytest.mark.parametrize(("form", "start"), [("md", "# CCTV"), (".csv", "id,site"), ("JSONL", "{"), ("-", "{\n")])
def test_the_bare_name_of_a_form_goes_to_standard_output(saved, form, start):
    done = netcam("report", saved, "-o", form)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(start)


def test_a_file_and_standard_output_can_be_asked_for_together(saved, tmp_path):
    done = netcam("report", saved, "--to", "md", "--to", tmp_path / "md.csv")
    assert done.stdout.startswith("# CCTV")
    assert (tmp_path / "md.csv").read_text().startswith("id,site")


def test_a_report_is_read_from_standard_input_and_from_a_bundle(saved, tmp_path):
    assert netcam("report", "-", "--to", "json", input=saved.read_text()).stdout == saved.read_text()
    packed = tmp_path / "one.zip"
    assert netcam("explain", saved, "192.0.2.7", "--bundle", packed).returncode == 0
    assert len(netcam("report", packed, "--to", "jsonl").stdout.splitlines()) == 1


def test_a_workbook_is_piped_but_not_shown_on_a_terminal(saved):
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [*NETCAM, "report", str(saved), "--to", "xlsx"],
            stdout=theirs, stderr=subprocess.PIPE, text=True, env=PLAIN, timeout=100, check=False,
        )  # fmt: skip
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.returncode == 2
    assert done.stderr == "netcam: --to xlsx: no text for a terminal; name a file, such as report.xlsx\n"
    piped = subprocess.run([*NETCAM, "report", str(saved), "--to", "xlsx"], capture_output=True, env=PLAIN, check=True)
    assert openpyxl.load_workbook(io.BytesIO(piped.stdout)).sheetnames[0] == "devices"


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--to", "r.pdf"], 2, ".xlsx, .md"),
        (["--to", "report"], 2, ".xlsx, .md"),
        (["--to", "md", "--to", "csv"], 2, "standard output can take one"),
        (["--to", "-", "--to", "json"], 2, "standard output can take one"),
        (["--to", "absent/r.md"], 2, "absent"),
        (["--to", "/dev/full.d/r.md"], 2, "/dev/full.d"),
    ],
    ids=["suffix", "none", "two", "same", "folder", "root"],
)
def test_what_can_not_be_written_is_refused_before_anything_is(saved, tmp_path, arguments, code, word):
    done = netcam("report", saved, "--to", tmp_path / "first.md", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "first.md").exists()


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b'{"schema":"netcam.report/9"}', b"\0" * 100, b"PK\3\4" + b"x" * 50, gzip.compress(b"{}")],
    ids=["empty", "bare", "later", "zeros", "zip", "gzip"],
)
def test_what_is_no_report_fails_in_one_line(tmp_path, data):
    (tmp_path / "x.json").write_bytes(data)
    done = netcam("report", tmp_path / "x.json", "--to", tmp_path / "r.html")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "x.json" in done.stderr
    assert not (tmp_path / "r.html").exists()


def test_a_full_disk_fails_and_what_goes_to_standard_output_still_does(saved, tmp_path):
    (tmp_path / "r.csv").symlink_to("/dev/full")
    done = netcam("report", saved, "--to", tmp_path / "r.csv", "--to", "md")
    assert done.returncode == 1
    assert "r.csv: can't be written: No space left on device" in done.stderr
    assert done.stdout.startswith("# CCTV")


def test_other_commands_write_the_new_forms_too(tmp_path):
    text = json.dumps(LINES[0]) + "\n"
    done = netcam("identify", "-", "-o", tmp_path / "r.xlsx", "-o", tmp_path / "r.md", input=text)
    assert done.returncode == 0, done.stderr
    assert openpyxl.load_workbook(tmp_path / "r.xlsx")["evidence"]["C2"].value == "192.0.2.7"
    assert "Hikvision" in (tmp_path / "r.md").read_text()
