"""The tables of netcam.toml as types; what a value may be beyond its type is in `check`."""

from __future__ import annotations

from typing import Any

import msgspec

FORMS = ("json", "html")  # of scheduled reports, where [output] names none; JSON is always among them
Word = str | list[str]  # one word, words with commas, or a list of them


class Scan(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[scan]: defaults of `netcam scan`; a site's own value comes before them, the command line before both."""

    pace: str | None = None
    lists: list[str] = []
    list_files: list[str] = []
    fail_on: str | None = None
    with_probes: list[str] = msgspec.field(name="with", default_factory=list)
    without: list[str] = []
    ports: Word | None = None
    extra_ports: Word | None = None
    engine: str | None = None
    interfaces: list[str] = []
    deadline: str | int | float | None = None
    passes: int | None = None
    until_stable: bool | None = None
    ipv6: bool | None = None
    allow_public: bool | None = None


class Never(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One entry of a site's `never`: addresses that no scan of the site may contact, and why."""

    address: str
    why: str


class Site(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[[site]]: a place, its networks, and its limits."""

    id: str
    targets: list[str]
    name: str | None = None
    exclude: list[str] = []
    never: list[Never] = []
    interfaces: list[str] = []
    without: list[str] = []
    pace: str | None = None
    deadline: str | int | float | None = None
    timezone: str | None = None
    opening_hours: list[str] = []
    scan: str | None = None
    scan_hours: list[str] = []

    @property
    def title(self) -> str:
        """The name where it has one, else the id."""
        return self.name or self.id


class Output(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[output]: where scheduled runs put their reports."""

    folder: str | None = None
    forms: list[str] = []
    keep: str | int | None = None


class History(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[history]: the database that scans are kept in."""

    db: str | None = None
    password_env: str | None = None
    password_file: str | None = None


class Export(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[[export]]: one destination; what its options mean is the exporter's to say."""

    to: str
    name: str | None = None
    sites: list[str] = []
    options: dict[str, Any] = {}


class Schedule(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[schedule]: when scans run; `every` or `at`."""

    every: str | int | None = None
    at: list[str] = []
    days: str | None = None
    timezone: str | None = None
    jitter: str | int | None = None
    state: str | None = None


class ConfigFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A whole netcam.toml."""

    scan: Scan = msgspec.field(default_factory=Scan)
    site: list[Site] = []
    output: Output = msgspec.field(default_factory=Output)
    history: History = msgspec.field(default_factory=History)
    export: list[Export] = []
    schedule: Schedule = msgspec.field(default_factory=Schedule)
