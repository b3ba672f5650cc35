"""What is kept between runs changes how long a start takes, and nothing else."""

import os

import pytest

from netcam import kept
from netcam.engine.load import load_signatures
from netcam.errors import SignatureError
from netcam.kept import Kept, remembered

KEY, OTHER = bytes(32), b"\1" * 32


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "netcam" / "parsed"


def filled(path):
    with remembered(path) as store:
        store.put(KEY, b"value")
    return path


def test_what_was_kept_is_found_again(path):
    assert Kept(filled(path)).get(KEY) == b"value"
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.stat(path.parent).st_mode & 0o777 == 0o700
    assert os.listdir(path.parent) == ["parsed"]


def test_what_a_run_does_not_use_is_forgotten_once_there_is_something_new(path):
    filled(path)
    with remembered(path) as store:
        store.put(OTHER, b"new")
    assert (Kept(path).get(KEY), Kept(path).get(OTHER)) == (None, b"new")


def test_a_failed_load_keeps_nothing(path):
    def load():
        with remembered(path) as store:
            store.put(KEY, b"value")
            raise KeyError

    with pytest.raises(KeyError):
        load()
    assert not path.exists()
    assert kept.current() is None


@pytest.mark.parametrize("at", [0, 14, 50, -1])
def test_a_file_with_a_changed_byte_is_not_taken(path, at):
    data = bytearray(filled(path).read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert Kept(path).get(KEY) is None


def test_a_file_cut_short_is_not_taken(path):
    data = filled(path).read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        assert Kept(path).get(KEY) is None


def test_a_file_or_folder_that_others_may_write_is_not_taken(path):
    filled(path).chmod(0o666)
    assert Kept(path).get(KEY) is None
    path.chmod(0o600)
    path.parent.chmod(0o777)
    assert Kept(path).get(KEY) is None
    with remembered(path) as store:
        store.put(OTHER, b"new")  # and nothing is written there
    path.parent.chmod(0o700)
    assert Kept(path).get(OTHER) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_somebody_else_s_file_is_not_taken(path):
    os.chown(filled(path), 12345, 12345)
    assert Kept(path).get(KEY) is None


def test_a_link_or_a_pipe_is_not_taken(path, tmp_path):
    filled(path).rename(tmp_path / "real")
    path.symlink_to(tmp_path / "real")
    assert Kept(path).get(KEY) is None
    path.unlink()
    os.mkfifo(path)
    assert Kept(path).get(KEY) is None


def test_a_place_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    with remembered(tmp_path / "file" / "netcam" / "parsed") as store:
        store.put(KEY, b"value")


def test_the_cache_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kept.cache_path() == tmp_path / "netcam" / "parsed"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kept.cache_path() == tmp_path / ".cache" / "netcam" / "parsed"


OUI = """
[[oui]]
registrant = "Northlight Optics"
says = { manufacturer = "northlight" }
references = ["constructed"]
checked = 2026-01-10
"""
FILE = """
schema = 1
[vendor]
id = "northlight"
name = "Northlight Optics"
builds = true
references = ["constructed"]
[[signature]]
id = "northlight.http.server"
status = "experimental"
observes = "http.server"
pattern = '^NLO-Web/(?P<firmware>[^ ]+)'
strength = "strong"
says = { manufacturer = "northlight" }
references = ["constructed"]
example = [{ value = "NLO-Web/4.2.1", expect = { firmware = "4.2.1" }, from = "constructed" }]
counterexample = [{ value = "NLO-Webcam-Viewer/4.2.1", why = "a desktop viewer" }]
"""


def loaded(folder, path):
    with remembered(path):
        return load_signatures(folder)


def test_a_set_from_the_cache_is_the_set_from_the_files(signature_folder, path):
    folder = signature_folder({"northlight": FILE + OUI})
    plain, cold, warm = load_signatures(folder), loaded(folder, path), loaded(folder, path)
    for one in (cold, warm):
        assert one.vendors == plain.vendors
        assert one.digest == plain.digest
        assert dict(one.oui.blocks) == dict(plain.oui.blocks) == {"00005E": "Northlight Optics"}
        assert one.oui.registrant("00:00:5e:00:00:01") == ("00005E", "Northlight Optics")
        assert one.reading("http.server").matcher.find("NLO-Web/5") == [(0, {"firmware": "5"})]


def test_an_edited_file_is_read_anew(signature_folder, path):
    folder = signature_folder({"northlight": FILE})
    loaded(folder, path)
    (folder / "vendors" / "northlight.toml").write_text(FILE.replace("Northlight Optics", "Northlight Two"))
    assert loaded(folder, path).display_name("northlight") == "Northlight Two"


@pytest.mark.parametrize(
    ("old", "new", "why"), [("[^ ]+)", "[^ ]+", "pattern"), ('status = "exp', 'stat = "exp', "stat")]
)
def test_a_broken_file_is_told_every_time(signature_folder, path, old, new, why):
    folder = signature_folder({"northlight": FILE})
    loaded(folder, path)
    (folder / "vendors" / "northlight.toml").write_text(FILE.replace(old, new))
    for _ in range(2):
        with pytest.raises(SignatureError, match=why):
            loaded(folder, path)
