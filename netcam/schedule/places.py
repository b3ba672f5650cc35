"""Where scheduled runs keep what they make: a folder of state, and one of reports for each scope."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from netcam.config.check import RESERVED
from netcam.config.load import Config
from netcam.config.tables import FORMS, Site
from netcam.config.words import seconds
from netcam.errors import ConfigError

EVERYTHING = RESERVED  # the scope of settings without sites
SYSTEM_STATE = "/var/lib/netcam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One scope that is scanned again and again.

    Attributes:
        scope: its name in files: the site's id, or `all`.
        site: the site's id for `--site`; None without sites.
        folder: where its reports go. Status and lock stand in `state`.
        forms: suffixes of the reports, json first.
        keep_s: how long reports are kept; None for ever.
    """

    scope: str
    site: str | None
    title: str
    state: Path
    folder: Path
    forms: tuple[str, ...]
    keep_s: float | None

    @property
    def status_path(self) -> Path:
        return self.state / self.scope / "status.json"

    @property
    def lock_path(self) -> Path:
        return self.state / self.scope / "lock"

    @property
    def latest(self) -> Path:
        return self.folder / "latest.json"


def job_of(config: Config, site: Site | None, env: Mapping[str, str]) -> Job:
    """The job of a site, or of the settings as a whole.

    Raises:
        ConfigError: no place for the state.
    """
    state = state_folder(config, env)
    scope = site.id if site is not None else EVERYTHING
    kept = config.file.output.keep
    return Job(
        scope=scope,
        site=site.id if site is not None else None,
        title=site.title if site is not None else "the whole of the settings",
        state=state,
        folder=reports_folder(config, state) / scope,
        forms=tuple(dict.fromkeys(("json", *(config.file.output.forms or FORMS)))),
        keep_s=None if kept is None else seconds(kept),
    )


def state_folder(config: Config, env: Mapping[str, str]) -> Path:
    """The folder of locks and status files: [schedule] state, else what systemd gave, else the system's or the user's.

    Raises:
        ConfigError: a user without a home.
    """
    if (said := config.file.schedule.state) is not None:
        return config.beside(said)
    if given := env.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(given)
    if sys.platform == "win32":
        base = env.get("LOCALAPPDATA", "")
    elif os.geteuid() == 0:
        return Path(SYSTEM_STATE)
    else:
        base = env.get("XDG_STATE_HOME", "")
    try:
        folder = Path(base) if os.path.isabs(base) else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise ConfigError("schedule.state is missing, and this user has no home to keep it in") from error
    return folder / "netcam"


def reports_folder(config: Config, state: Path) -> Path:
    """The folder that has one of each scope's reports."""
    said = config.file.output.folder
    return config.beside(said) if said is not None else state / "reports"
