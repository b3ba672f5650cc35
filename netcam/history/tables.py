"""The tables of the history. `migrations/` makes them; a test holds the two to each other.

A visit is one saved scan. A device is found again at later visits (`netcam.tracking.sameness`); at each visit it is in
one state, at one place, and a sighting says so in four numbers. States are kept once for each device and places once
for all, so a night on which nothing changed costs one short row for each device.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

NAME_LIMIT = 200  # characters of a site's name, a scan's id, a mark; PostgreSQL indexes no text of any length

metadata = MetaData()


def _id() -> Column[int]:
    # Numbered by the one writer there is at a time, so that rows can be made in bulk on both kinds of database.
    return Column("id", Integer, primary_key=True, autoincrement=False)


site = Table(
    "netcam_site",
    metadata,
    _id(),
    Column("name", String(NAME_LIMIT), nullable=False, unique=True),  # "" where the scan named no site
)
# What many rows share, found by its digest: scopes, coverage, versions, verdicts, advisories; JSON in zlib.
fact = Table(
    "netcam_fact",
    metadata,
    _id(),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("data", LargeBinary, nullable=False),
)
place = Table(
    "netcam_place",
    metadata,
    _id(),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("addresses", Text, nullable=False),  # JSON: [the address shown first, [all of them]]
)
visit = Table(
    "netcam_visit",
    metadata,
    _id(),
    Column("scan_id", String(NAME_LIMIT), nullable=False, unique=True),
    Column("site_id", ForeignKey(site.c.id), nullable=False),
    Column("started_at", String(40), nullable=False),
    Column("ended_at", String(40), nullable=False),
    Column("started_ms", BigInteger, nullable=False),  # since 1970, UTC: texts of several precisions don't sort
    Column("complete", Boolean, nullable=False),
    Column("devices", Integer, nullable=False),
    Column("cctv", Integer, nullable=False),
    Column("listed", Integer, nullable=False),
    Column("scope_id", ForeignKey(fact.c.id), nullable=False),
    Column("coverage_id", ForeignKey(fact.c.id), nullable=False),
    Column("versions_id", ForeignKey(fact.c.id), nullable=False),
    Index("netcam_visit_by_time", "site_id", "started_ms"),
)
# The marks are the last known ones, so that a scan that misses one of them finds the device through another.
device = Table(
    "netcam_device",
    metadata,
    _id(),
    Column("key", String(64), nullable=False, unique=True),
    Column("site_id", ForeignKey(site.c.id), nullable=False, index=True),
    Column("serial", String(NAME_LIMIT), index=True),
    Column("mac", String(NAME_LIMIT), index=True),
    Column("measured", Boolean, nullable=False),
    Column("uuids", Text, nullable=False),  # JSON list, and the next likewise
    Column("certificates", Text, nullable=False),
    Column("model", Text),
    Column("maker", Text),
    Column("first_seen", String(40), nullable=False),  # these outlast the visits that `prune` removes
    Column("first_ms", BigInteger, nullable=False),
    Column("last_seen", String(40), nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("state_id", Integer, nullable=False),  # at the last sighting; no foreign key, since states refer back
    Column("place_id", ForeignKey(place.c.id), nullable=False),
)
state = Table(
    "netcam_state",
    metadata,
    _id(),
    Column("device_id", ForeignKey(device.c.id), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    Column("definition", Integer, nullable=False),  # which definition of "nothing changed" the digest follows
    Column("core", LargeBinary, nullable=False),  # the record without what the other columns hold; JSON in zlib
    Column("verdicts_id", ForeignKey(fact.c.id), nullable=False),
    Column("advisories_id", ForeignKey(fact.c.id), nullable=False),
    UniqueConstraint("device_id", "digest", name="netcam_state_once"),
)
sighting = Table(
    "netcam_sighting",
    metadata,
    Column("visit_id", ForeignKey(visit.c.id), primary_key=True, autoincrement=False),
    Column("device_id", ForeignKey(device.c.id), primary_key=True, autoincrement=False),
    Column("state_id", ForeignKey(state.c.id), nullable=False),
    Column("place_id", ForeignKey(place.c.id), nullable=False),
    # Lives are read from this index alone.
    Index("netcam_sighting_by_device", "device_id", "visit_id", "state_id", "place_id"),
    sqlite_with_rowid=False,
)
