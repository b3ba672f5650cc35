"""`netcam lists` at a fixed day: how old a check is, and from when on it is pointed out."""

from datetime import date

import pytest
from click.testing import CliRunner

from netcam.cli import knowing

OWN = """schema = 1
[list]
own = true
id = "ours"
title = "Our policy"
jurisdiction = "own estate"
authority = "us"
effect = "private-policy"
binds = "all our stores"
says = "No Northlight."
last_checked = 2020-01-01
citation = [{title = "Our policy", url = ""}]
[[entry]]
capability = "anpr"
"""


@pytest.fixture
def run(monkeypatch, tmp_path):
    own = tmp_path / "ours.toml"
    own.write_text(OWN)

    def at(day, *args):
        monkeypatch.setattr(knowing, "_today", lambda: date.fromisoformat(day))
        done = CliRunner().invoke(knowing.lists, [*args, "--list-file", str(own)])
        assert done.exit_code == 0, done.output
        return done.output

    return at


@pytest.mark.parametrize("command", [("list",), ("check",), ("show", "us-ndaa-889")], ids=" ".join)
def test_a_check_is_old_from_the_ninety_first_day_on_and_an_own_list_s_never(run, command):
    # The official lists were read on 2026-11-22 and later.
    assert "warning" not in run("2027-02-20", *command)
    shown = run("2027-02-21", *command)
    assert "warning: us-ndaa-889 was last checked on 2026-11-22, 91 days ago" in shown
    assert "warning: ours" not in shown


def test_the_age_of_a_check_is_counted_in_days(run):
    assert "checked 2026-11-22 (1 day ago)  NDAA" in run("2026-11-23", "list")
    assert "last checked: 2026-11-22 (8 days ago)" in run("2026-11-30", "show", "us-ndaa-889")
