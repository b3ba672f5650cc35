"""The suffix picks the form."""

import json
import subprocess
import sys

import pytest
from sample import hostile_report, sample_report

from netcam.errors import ConfigError
from netcam.model.report import DeviceRecord
from netcam.report.forms import FORMS, form_of, render
from netcam.report.to_jsonl import dump, line


@pytest.mark.parametrize(("asked", "form"), [
    ("-", ".json"), ("a/b.json", ".json"), ("B.HTML", ".html"), ("x.tar.csv", ".csv"), ("json", ".json"),
    (".jsonl", ".jsonl"), ("jsonl", ".jsonl"), ("2026.01/r.jsonl", ".jsonl"), ("a.XLSX", ".xlsx"), ("md", ".md"),
])  # fmt: skip
def test_paths_suffixes_and_names_pick_a_form(asked, form):
    assert form_of(asked) == form


@pytest.mark.parametrize("asked", ["report", "r.pdf", "r.json.gz", "", ".", "r.json/", "html.d/report", "a\x1b.pdf"])
def test_another_suffix_names_the_accepted_ones(asked):
    if asked == "r.json/":
        assert form_of(asked) == ".json"
        return
    with pytest.raises(ConfigError) as caught:
        form_of(asked)
    assert ".json, .html, .csv, .jsonl, .xlsx, .md" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("form", "start"), [
    (".json", b'{\n  "schema"'), (".html", b"<!doctype html>"), (".csv", b"id,site,ip"), (".jsonl", b'{"id":"ip:'),
    (".xlsx", b"PK"), (".md", b"# CCTV devices: Store 12\n"),
])  # fmt: skip
def test_each_form_renders(form, start):
    assert render(sample_report(), f"r{form}").startswith(start)


def test_every_form_renders_the_hostile_the_empty_and_the_odd_report():
    for report in (hostile_report(), sample_report([], []), sample_report([DeviceRecord(id="")], [])):
        for form in FORMS:
            assert render(report, form) == render(report, form)
            assert bool(render(report, form)) == bool(report.devices or form != ".jsonl")


def test_json_lines_are_the_device_records_of_the_report_in_its_order():
    report = sample_report()
    devices = json.loads(render(report, "-"))["devices"]
    assert [json.loads(text) for text in dump(report).splitlines()] == devices
    assert dump(report).endswith(b"}\n")


def test_extra_keys_stand_before_the_record_and_its_own_keys_keep_their_order():
    device = sample_report().devices[2]
    record = json.loads(line(device, {"device": "a\ud800", "ids": [1, 2]}))
    assert list(record)[:4] == ["device", "ids", "id", "ip"]
    assert record["device"] == "a\ufffd"


def test_picking_a_form_loads_no_template_engine():
    heavy = "{'jinja2', 'xlsxwriter'} & set(sys.modules)"
    script = f"import sys, netcam.report.forms as f; f.form_of('x.html'); print({heavy})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
