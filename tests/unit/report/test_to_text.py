"""The terminal table: what is shown, what is counted, and what a narrow terminal leaves out."""

from dataclasses import replace

import pytest
from rich.cells import cell_len
from sample import big_report, camera, hostile_report, sample_report

from netcam.report.to_text import render


def rows(text):
    return text.split("\n\n")[0].splitlines()[2:]


def test_cctv_and_undecided_devices_are_shown_listed_first_and_the_rest_counted():
    text = render(sample_report())
    assert [row.split()[0] for row in rows(text)] == [
        "192.0.2.9", "192.0.2.10", "192.0.2.30", "192.0.2.40", "192.0.2.77",
    ]  # fmt: skip
    assert "6 devices: 4 CCTV, 1 undecided" in text
    assert "1 device of other kinds not shown; --all shows them" in text


def test_all_shows_every_device_and_counts_none():
    text = render(sample_report(), all=True)
    assert rows(text)[-1].split()[:2] == ["192.0.2.200", "other"]
    assert "not shown" not in text


def test_a_listed_device_is_shown_whatever_it_is():
    device, seen = camera(1, "192.0.2.1", is_cctv=False, device_type="other")
    assert rows(render(sample_report([device], seen)))[0].split()[:2] == ["192.0.2.1", "other"]


def test_a_wide_terminal_has_every_column_and_names_the_lists():
    head, _, first, *_ = render(sample_report(), width=140).splitlines()
    assert head.split() == ["Address", "Type", "Brand", "Maker", "Model", "Firmware", "Conf.", "Lists"]
    assert first.endswith("listed: ex-export, ex-procurement")
    assert "99 %" in first


def test_a_narrow_terminal_keeps_address_maker_and_outcome():
    head, _, first, *_ = render(sample_report(), width=50).splitlines()
    assert head.split() == ["Address", "Maker", "Lists"]
    assert first.split()[0] == "192.0.2.9"
    assert first.endswith("listed (2)")


@pytest.mark.parametrize("width", [20, 33, 60, 80, 100, 119, 140, 200])
@pytest.mark.parametrize("report", [sample_report(), hostile_report()], ids=["sample", "hostile"])
def test_no_line_is_wider_than_the_terminal(report, width):
    assert max(cell_len(line) for line in render(report, all=True, width=width).splitlines()) <= width


@pytest.mark.parametrize("width", [60, 80, 140])
def test_addresses_and_outcomes_are_never_cut(width):
    device, seen = camera(1, "2001:db8:1111:2222:3333:4444:5555:6666")
    text = render(sample_report([device], seen), width=width)
    assert "2001:db8:1111:2222:3333:4444:5555:6666" in text
    assert "listed" in rows(text)[0]


@pytest.mark.parametrize("color", [False, True])
def test_device_text_can_neither_style_nor_steer_the_terminal(color):
    text = render(hostile_report(), all=True, width=200, color=color)
    assert "[bold red]x[/bold red]" in text
    assert ":bomb:" in text
    assert r"\x1b[2J" in text
    assert r"\u202e" in text
    for raw in ("\x1b]", "\x1b[2J", "\x07", "\u202e", "\u200b", "\x00"):
        assert raw not in text
    assert ("\x1b[" in text) is color


def test_the_summary_counts_outcomes_for_each_list():
    text = render(sample_report())
    assert "ex-export: 2 listed, 2 undetermined (export-control, last checked 2026-01-10)" in text
    assert "ex-procurement: 2 listed, 1 possible, 1 undetermined (procurement, last checked 2026-01-12)" in text


def test_what_was_not_covered_is_said_with_the_reason():
    text = render(sample_report())
    assert "192.0.2.0/24 ARP: not covered, needs the right to send raw frames" in text
    assert "192.0.2.0/24 multicast: covered in part, answers do not cross the router" in text
    assert "192.0.2.0/24 TCP" not in text


def test_an_incomplete_scan_says_so():
    report = sample_report()
    assert "ended before" not in render(report)
    assert "ended before" in render(replace(report, scan=replace(report.scan, complete=False)))


def test_a_report_without_devices_has_no_table_but_a_summary():
    text = render(sample_report([], []))
    assert "Address" not in text
    assert "0 devices: 0 CCTV" in text


def test_thousands_of_devices_are_one_line_each():
    assert len(rows(render(big_report(1000)))) == 600
