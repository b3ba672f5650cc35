"""`netcam export` into inventories: foretold, done, done again."""

import json
import zipfile

import pytest
from netbox_double import NetBoxDouble
from rough_server import serving
from snipeit_double import SnipeItDouble
from store_reports import key, report, store

from netcam.cli import main
from netcam.report.to_json import dump

DOUBLES = {"netbox": (NetBoxDouble, "secret-token"), "snipeit": (SnipeItDouble, "secret-key")}


@pytest.fixture
def netcam(monkeypatch, capsys, tmp_path):
    """Runs the command line: (exit code, standard output, standard error)."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "report.json").write_bytes(dump(store()))

    def run(*args):
        monkeypatch.setattr("sys.argv", ["netcam", "export", *map(str, args)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


@pytest.mark.parametrize("name", DOUBLES)
def test_an_inventory_is_foretold_filled_and_left_as_it_is(netcam, monkeypatch, tmp_path, name):
    make, secret = DOUBLES[name]
    if name == "netbox":
        pytest.importorskip("pynetbox")
    monkeypatch.setenv("INVENTORY_KEY", secret)
    app = make()
    with serving(app) as url:
        args = (tmp_path / "report.json", "--to", name, "--url", url, "--token-env", "INVENTORY_KEY")
        args = (*args, "--format", "jsonl")
        code, foretold, _ = netcam(*args, "--dry-run")
        assert (code, app.writes) == (0, [])
        code, told, err = netcam(*args)
        assert (code, secret in told + err) == (0, False)
        assert told == foretold
        assert {json.loads(line)["done"] for line in told.splitlines()} == {"created"}
        once, writes = app.inventory(), len(app.writes)
        code, told, _ = netcam(*args)
        assert (code, told) == (0, "")
        assert len(app.writes) == writes
        assert app.inventory() == once


@pytest.mark.parametrize("name", DOUBLES)
def test_an_inventory_that_refuses_the_key_fails_the_command_by_name(netcam, monkeypatch, tmp_path, name):
    if name == "netbox":
        pytest.importorskip("pynetbox")
    monkeypatch.setenv("INVENTORY_KEY", "another-key")
    with serving(DOUBLES[name][0]()) as url:
        args = (tmp_path / "report.json", "--to", name, "--url", url, "--token-env", "INVENTORY_KEY", "--tries", 1)
        code, _, err = netcam(*args)
    assert code == 1
    assert f"{name}: " in err
    assert "another-key" not in err


@pytest.mark.parametrize(
    ("name", "file"),
    [("servicenow", "cis.csv"), ("snipeit-csv", "assets.csv"), ("glpi", "glpi.zip"), ("cyclonedx", "store.cdx.json")],
)
def test_a_file_is_written_once_and_stays_as_it_is(netcam, tmp_path, name, file):
    args = (tmp_path / "report.json", "--to", name, "-O", "all=yes", "-O", "site=Store 12:Leeds", "-o", tmp_path / file)
    code, _, err = netcam(*args)
    assert (code, "created" in err) == (0, True)
    data = (tmp_path / file).read_bytes()
    code, _, err = netcam(*args)
    assert (code, "unchanged" in err) == (0, True)
    assert (tmp_path / file).read_bytes() == data
    text = data
    if name == "glpi":
        with zipfile.ZipFile(tmp_path / file) as archive:
            text = b"".join(archive.read(entry) for entry in archive.namelist())
    assert key(200).encode() in text
    assert b"Leeds" in text


def test_a_report_without_devices_still_makes_a_file(netcam, tmp_path):
    (tmp_path / "empty.json").write_bytes(dump(report()))
    assert netcam(tmp_path / "empty.json", "--to", "cyclonedx", "-o", tmp_path / "e.cdx.json")[0] == 0
    assert json.loads((tmp_path / "e.cdx.json").read_bytes())["components"] == []
