"""The first form of the tables. Spelt out, not taken from `tables.py`, because that goes on changing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Make all tables."""
    op.create_table("netcam_site", _id(), sa.Column("name", sa.String(200), nullable=False, unique=True))
    op.create_table(
        "netcam_fact",
        _id(),
        sa.Column("digest", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "netcam_place",
        _id(),
        sa.Column("digest", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("addresses", sa.Text, nullable=False),
    )
    op.create_table(
        "netcam_visit",
        _id(),
        sa.Column("scan_id", sa.String(200), nullable=False, unique=True),
        sa.Column("site_id", sa.Integer, sa.ForeignKey("netcam_site.id"), nullable=False),
        sa.Column("started_at", sa.String(40), nullable=False),
        sa.Column("ended_at", sa.String(40), nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("devices", sa.Integer, nullable=False),
        sa.Column("cctv", sa.Integer, nullable=False),
        sa.Column("listed", sa.Integer, nullable=False),
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("netcam_fact.id"), nullable=False),
        sa.Column("coverage_id", sa.Integer, sa.ForeignKey("netcam_fact.id"), nullable=False),
        sa.Column("versions_id", sa.Integer, sa.ForeignKey("netcam_fact.id"), nullable=False),
    )
    op.create_index("netcam_visit_by_time", "netcam_visit", ["site_id", "started_ms"])
    op.create_table(
        "netcam_device",
        _id(),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("site_id", sa.Integer, sa.ForeignKey("netcam_site.id"), nullable=False, index=True),
        sa.Column("serial", sa.String(200), index=True),
        sa.Column("mac", sa.String(200), index=True),
        sa.Column("measured", sa.Boolean, nullable=False),
        sa.Column("uuids", sa.Text, nullable=False),
        sa.Column("certificates", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("maker", sa.Text),
        sa.Column("first_seen", sa.String(40), nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("last_seen", sa.String(40), nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("state_id", sa.Integer, nullable=False),
        sa.Column("place_id", sa.Integer, sa.ForeignKey("netcam_place.id"), nullable=False),
    )
    op.create_table(
        "netcam_state",
        _id(),
        sa.Column("device_id", sa.Integer, sa.ForeignKey("netcam_device.id"), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("definition", sa.Integer, nullable=False),
        sa.Column("core", sa.LargeBinary, nullable=False),
        sa.Column("verdicts_id", sa.Integer, sa.ForeignKey("netcam_fact.id"), nullable=False),
        sa.Column("advisories_id", sa.Integer, sa.ForeignKey("netcam_fact.id"), nullable=False),
        sa.UniqueConstraint("device_id", "digest", name="netcam_state_once"),
    )
    op.create_table(
        "netcam_sighting",
        sa.Column("visit_id", sa.Integer, sa.ForeignKey("netcam_visit.id"), primary_key=True, autoincrement=False),
        sa.Column("device_id", sa.Integer, sa.ForeignKey("netcam_device.id"), primary_key=True, autoincrement=False),
        sa.Column("state_id", sa.Integer, sa.ForeignKey("netcam_state.id"), nullable=False),
        sa.Column("place_id", sa.Integer, sa.ForeignKey("netcam_place.id"), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "netcam_sighting_by_device", "netcam_sighting", ["device_id", "visit_id", "state_id", "place_id"]
    )
