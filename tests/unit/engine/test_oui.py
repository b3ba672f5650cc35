"""Who registered a prefix; the three block sizes and what is nobody's."""

import json

import pytest

from netcam.engine.oui import dump_oui, load_oui, read_registry
from netcam.errors import ConfigError

BLOCKS = {"00005E": "Large, Inc.", "00005E1": "Medium", "00005E123": "Small", "AA0000": "Local"}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "oui.txt.gz"
    path.write_bytes(dump_oui(BLOCKS, date="2026-01-10", source="constructed"))
    return load_oui(path)


@pytest.mark.parametrize(
    ("mac", "found"),
    [
        ("00:00:5e:99:00:01", ("00005E", "Large, Inc.")),
        ("00:00:5e:19:00:01", ("00005E1", "Medium")),
        ("00:00:5e:12:30:01", ("00005E123", "Small")),
        ("00-00-5E-12-30-01", ("00005E123", "Small")),
        ("00005e", ("00005E", "Large, Inc.")),
        ("0000.5e1f", ("00005E1", "Medium")),
    ],
)
def test_the_longest_block_wins(table, mac, found):
    assert table.registrant(mac) == found


@pytest.mark.parametrize("mac", ["", "00:00", "00:00:5f:00:00:01", "00:00:5e:00:00:01:02", "xyz", "not a mac at all"])
def test_an_unknown_or_broken_address_is_nobody_s(table, mac):
    assert table.registrant(mac) is None


def test_a_locally_administered_address_is_nobody_s(table):
    assert table.registrant("aa:00:00:00:00:01") is None


def test_a_table_is_the_same_bytes_whatever_the_order(tmp_path):
    again = dict(reversed(BLOCKS.items()))
    assert dump_oui(BLOCKS, date="d", source="s") == dump_oui(again, date="d", source="s")


def test_the_table_keeps_its_date_and_source(table):
    assert (table.date, table.source, table.blocks) == ("2026-01-10", "constructed", BLOCKS)


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08\x00"])
def test_a_file_that_is_no_table_is_named(tmp_path, content):
    path = tmp_path / "oui.txt.gz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"oui\.txt\.gz"):
        load_oui(path)


def test_registries_are_read_as_csv_and_as_json(tmp_path):
    (tmp_path / "a.csv").write_text(
        "Registry,Assignment,Organization Name,Organization Address\nMA-L,00005e,A,x\n", "utf-8"
    )
    (tmp_path / "b.json").write_text(json.dumps({"00005E1": "B\nStreet"}), "utf-8")
    assert read_registry([tmp_path / "a.csv", tmp_path / "b.json"]) == {"00005E": "A", "00005E1": "B"}


@pytest.mark.parametrize("text", ["[]", "{", '{"xyz": "A"}', '{"0000": "A"}'])
def test_a_registry_that_is_none_is_named(tmp_path, text):
    (tmp_path / "b.json").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"b\.json"):
        read_registry([tmp_path / "b.json"])
