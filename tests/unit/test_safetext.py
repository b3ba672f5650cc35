"""Text from strangers is made harmless at the edge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netcam.safetext import bounded, cell, visible


@given(st.text(max_size=400))
def test_what_is_shown_is_printable_and_bounded(text):
    shown = visible(text, 50)
    assert shown.isprintable()
    assert shown.endswith("…") or len(text) <= 50


@pytest.mark.parametrize(
    "text", ["\x1b[31mred", "\x1b]0;title\x07", "a\rb", "a\u202eb", "a\u2066b", "\u200b", "\x9b31m", "a\nb"]
)
def test_escapes_direction_marks_and_line_ends_are_spelt_out(text):
    shown = visible(text)
    assert shown.isprintable()
    assert "\\" in shown


def test_a_tower_of_combining_marks_is_cut_down():
    assert visible("a" + "\u0301" * 10).count("\u0301") == 4


def test_ordinary_text_of_any_language_stays():
    assert visible("Kamera Eingang – 摄像机 é") == "Kamera Eingang – 摄像机 é"


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", " =1", "\t=1", "\u00a0=1", "\r=1", "\n=1"])
def test_no_spreadsheet_takes_a_cell_for_a_formula(text):
    assert cell(text).startswith("'")


def test_other_cells_are_not_touched():
    assert cell("DS-2CD2042WD-I") == "DS-2CD2042WD-I"


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_kept_text_is_bounded_and_can_be_written(raw):
    text = bounded(raw, 100)
    assert len(text) <= 100
    text.encode("utf-8")


def test_a_lone_surrogate_is_replaced():
    assert bounded("a\ud800b") == "a?b"
