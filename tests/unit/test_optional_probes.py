"""Probes that run only when they are asked for by name."""

import pytest
from click.testing import CliRunner

from netcam.cli import cli, main
from netcam.errors import ConfigError
from netcam.pipeline import Settings, optional_names, plan
from netcam.probes import all_probes


def planned(**settings):
    made = plan(Settings(targets=("127.77.0.10",), **settings))
    return {probe.spec.name for probe in made.probes}


def test_an_optional_probe_is_planned_only_when_it_is_named():
    assert not planned() & set(optional_names())
    assert planned(with_probes=frozenset({"snmp"})) - planned() == {"snmp"}


def test_without_wins_over_with():
    assert "snmp" not in planned(with_probes=frozenset({"snmp"}), without=frozenset({"snmp"}))


def test_all_other_probes_are_planned():
    assert planned() | set(optional_names()) == {probe.spec.name for probe in all_probes()}


@pytest.mark.parametrize("name", ["sadp", "nothing"])
def test_a_name_that_is_no_optional_probe_is_refused_with_those_there_are(name):
    with pytest.raises(ConfigError, match=rf"--with {name!r}.*snmp"):
        planned(with_probes=frozenset({name}))


def test_a_wrong_word_on_the_command_line_is_wrong_usage(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["netcam", "scan", "127.77.0.10", "--with", "nothing"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert "--with 'nothing'" in capsys.readouterr().err


def test_the_right_words_can_be_listed():
    listed = CliRunner().invoke(cli, ["scan", "--with", "list"])
    assert listed.output.split() == list(optional_names())
