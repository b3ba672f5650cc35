"""Brings a database to the form of the tables that this version works with."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from netcam.errors import StoreError
from netcam.safetext import visible

HEAD = "0001"  # of migrations/versions; asked on every start, so Alembic is loaded only where there is work for it
MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "netcam_history_version"


def form_of(connection: Connection) -> str | None:
    """The form a database's tables have; None where there are none yet.

    Raises:
        StoreError: a SQLite file that holds something else.
    """
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE in tables:
        return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    if tables and connection.dialect.name == "sqlite":
        raise StoreError("it holds other tables than netcam's; name a file of its own")
    return None


def upgrade(connection: Connection, scripts: Path = MIGRATIONS, head: str = HEAD) -> bool:
    """Make or renew the tables, in the caller's transaction; whether there was anything to do.

    Raises:
        StoreError: a newer netcam made them, or the file holds something else.
    """
    found = form_of(connection)
    if found == head:
        return False
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.script.revision import ResolutionError
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes.update(connection=connection, version_table=VERSION_TABLE)
    if found is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(found)
        except (CommandError, ResolutionError) as error:
            raise StoreError(
                f"a newer netcam made it (form {visible(found, 40)}; this one knows up to {head}): use that version"
            ) from error
    command.upgrade(config, head)
    return True
