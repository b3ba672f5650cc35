"""Where the history lies, and what is said when it can't be opened; no password is ever among it."""

from __future__ import annotations

import importlib.util
import sqlite3

import pytest
from nights import camera, night

from netcam.errors import ConfigError, StoreError
from netcam.history.store import History
from netcam.history.where import default_path, where


def test_a_database_is_the_named_one_else_the_variables_else_the_default(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("NETCAM_DB", raising=False)
    assert where().path == default_path() == tmp_path / "netcam" / "history.sqlite"
    monkeypatch.setenv("NETCAM_DB", str(tmp_path / "b.sqlite"))
    assert where().path == tmp_path / "b.sqlite"
    assert where(str(tmp_path / "c.sqlite")).path == tmp_path / "c.sqlite"
    assert where(f"sqlite:///{tmp_path}/d.sqlite").path == tmp_path / "d.sqlite"


def test_a_relative_data_home_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".local" / "share" / "netcam" / "history.sqlite"


def test_the_default_folder_is_made_and_closed_to_others(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("NETCAM_DB", raising=False)
    with History.open() as history:
        history.save(night(0, [camera(1)]))
    assert (tmp_path / "data" / "netcam").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "named", ["mysql://u:hunter22@h/x", "sqlite://", "sqlite:///:memory:", "://x", "postgresql://u:hunter22@h:x/y"],
    ids=["mysql", "no-file", "memory", "no-kind", "bad-port"],
)  # fmt: skip
def test_what_is_no_database_is_refused_without_its_password(named):
    with pytest.raises(ConfigError, match="take a path") as told:
        where(named)
    assert "hunter22" not in str(told.value)


def test_a_folder_is_no_database(tmp_path):
    with pytest.raises(ConfigError, match="that is a folder"):
        where(str(tmp_path))


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="psycopg is not installed")
def test_no_password_is_shown():
    for url in (
        "postgresql://keeper:hunter22@db.example:5433/netcam?sslmode=require",
        "postgres://keeper@db.example:5433/netcam?password=hunter22&sslpassword=hunter22&sslmode=require",
    ):
        place = where(url)
        assert "hunter22" not in place.shown
        assert place.shown.startswith("postgresql://keeper")
        assert "db.example:5433/netcam?sslmode=require" in place.shown
        assert place.url.drivername == "postgresql+psycopg"
        assert "hunter22" in place.url.render_as_string(hide_password=False)


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="psycopg is not installed")
def test_a_server_that_is_not_there_is_named_without_the_password():
    with pytest.raises(StoreError, match="127") as told:
        History.open("postgresql://keeper:hunter22@127.0.0.1:1/netcam", patience_s=0.3)
    assert "hunter22" not in str(told.value)
    assert "\n" not in str(told.value)


def test_without_the_driver_postgresql_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"netcam\[postgres\]"):
        where("postgresql://keeper@db.example/netcam")


def test_reading_makes_no_database(tmp_path):
    with pytest.raises(StoreError, match="no history there yet"):
        History.open(str(tmp_path / "none.sqlite"), create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_something_else_is_left_alone(tmp_path):
    text, other = tmp_path / "notes.txt", tmp_path / "other.sqlite"
    text.write_text("no database " * 100)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    for path, why in ((text, "it is no SQLite database"), (other, "other tables than netcam's")):
        before = path.read_bytes()
        with pytest.raises(StoreError, match=why) as told:
            History.open(str(path))
        assert str(told.value).startswith(f"{path}: ")
        if path == text:
            assert path.read_bytes() == before
    with sqlite3.connect(other) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["theirs"]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StoreError, match="can't be opened"):
        History.open(str(tmp_path / "no" / "history.sqlite"))


def test_a_writer_that_does_not_end_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("netcam.history.engine.BUSY_S", 0.05)
    path = tmp_path / "history.sqlite"
    with History.open(str(path)) as history:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program is writing"):
            history.save(night(0, [camera(1)]))
        assert list(history.visits()) == []  # who reads isn't kept out
        other.execute("ROLLBACK")
        other.close()
        history.save(night(0, [camera(1)]))
        assert len(list(history.visits())) == 1
