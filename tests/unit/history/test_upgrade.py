"""Migrations make the tables that the program works with; older databases are renewed, newer ones refused."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from nights import camera, night
from sqlalchemy import Connection

from netcam.errors import StoreError
from netcam.history import engine, upgrade
from netcam.history.store import History
from netcam.history.tables import metadata
from netcam.history.where import where

NEXT = '''
"""A column more."""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None
def upgrade():
    op.add_column("netcam_device", sa.Column("note", sa.Text))
    {more}
'''


def columns(path, table):
    with sqlite3.connect(path) as connection:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def form(path):
    with sqlite3.connect(path) as connection:
        return connection.execute(f"SELECT version_num FROM {upgrade.VERSION_TABLE}").fetchone()[0]


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "history.sqlite"
    with History.open(str(made)) as history:
        history.save(night(0, [camera(1)]))
    return made


@pytest.fixture
def later(tmp_path):
    """The migrations with one more, as a later version ships them; gives what upgrades a database by them."""

    def renew(path, more=""):
        scripts = tmp_path / "scripts"
        shutil.copytree(upgrade.MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        (scripts / "versions" / "m0002_note.py").write_text(NEXT.format(more=more))
        place = where(str(path))
        return engine.write(
            engine.make_engine(place), place, lambda c: upgrade.upgrade(c, scripts=scripts, head="0002"), 0
        )

    return renew


def test_the_migrations_make_the_tables_that_are_used(path):
    place = where(str(path))
    with engine.reading(engine.make_engine(place), place) as connection:
        assert isinstance(connection, Connection)
        own = MigrationContext.configure(connection, opts={"version_table": upgrade.VERSION_TABLE})
        assert compare_metadata(own, metadata) == []


def test_the_head_is_the_last_migration():
    assert ScriptDirectory(str(upgrade.MIGRATIONS)).get_heads() == [upgrade.HEAD]


def test_an_older_database_is_renewed_and_keeps_what_it_holds(path, later):
    assert later(path) is True
    assert form(path) == "0002"
    assert "note" in columns(path, "netcam_device")
    assert later(path) is False
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT scan_id FROM netcam_visit").fetchall() == [("store-1-0-0",)]


def test_a_renewal_that_fails_leaves_the_older_form(path, later):
    with pytest.raises(StoreError):
        later(path, more='op.execute("INSERT INTO nowhere VALUES (1)")')
    assert form(path) == "0001"
    assert "note" not in columns(path, "netcam_device")
    with History.open(str(path)) as history:
        assert history.check() == ()


@pytest.mark.parametrize("create", [True, False])
def test_a_newer_database_is_refused_and_left_alone(path, later, create):
    later(path)
    with pytest.raises(StoreError, match="a newer netcam made it") as told:
        History.open(str(path), create=create)
    assert "\n" not in str(told.value)
    assert form(path) == "0002"


def test_an_up_to_date_database_needs_no_alembic(path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "alembic", None)
    with History.open(str(path)) as history:
        assert len(list(history.visits())) == 1
