"""netcam.toml on the command line of a scan: its values as defaults, and the limits of sites that always hold."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netcam.errors import ConfigError
from netcam.safetext import visible

if TYPE_CHECKING:
    from netcam.cli.keeping import Keeper
    from netcam.config.load import Config
    from netcam.config.tables import Site
    from netcam.model import AddressRange
    from netcam.pipeline import Settings

_KEY = "netcam.setup"

CONFIG = click.option(
    "--config", "config", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Settings and sites (docs/configuration.md); else $NETCAM_CONFIG, ./netcam.toml, the user's, /etc/netcam.",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The settings that hold for this command, and the site it is about."""

    config: Config
    site: Site | None

    def defaults(self) -> dict[str, Any]:
        """Values for parameters of `scan` that the command line doesn't give."""
        scan, site = self.config.file.scan, self.site
        found = {
            "pace": (site.pace if site is not None else None) or scan.pace,
            "fail_on": scan.fail_on, "engine": scan.engine, "deadline": self.config.deadline_s(site),
            "passes": scan.passes, "until_stable": scan.until_stable, "ipv6": scan.ipv6,
            "allow_public": scan.allow_public, "ports": _joined(scan.ports),
            "extra": (_joined(scan.extra_ports),) if scan.extra_ports else None,
            "interfaces": (site.interfaces if site is not None else None) or scan.interfaces,
            "without": scan.without, "with_probes": scan.with_probes, "list_ids": scan.lists,
            "list_files": [str(self.config.beside(path)) for path in scan.list_files],
        }  # fmt: skip
        return {name: value for name, value in found.items() if value not in (None, [], ())}

    def limited(
        self, settings: Settings, *, wall: Callable[[], Any] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> Settings:
        """The settings of a scan with the limits of every site that it touches; nothing on the command line lifts them.

        Raises:
            ScopeError: a site that may not be scanned now; later, by `pipeline.plan`, one that the targets lie in.
        """
        from dataclasses import replace

        from netcam.config.limits import forbidden, refuse_now, stopper, touched
        from netcam.model import utc

        now = wall or utc
        sites, named = self.config.file.site, self.site
        if named is not None:
            refuse_now((named,), now())
        stops: list[Callable[[], str]] = []

        def also_excluded(asked: Sequence[AddressRange]) -> Sequence[str]:
            hit = touched(sites, asked, named)
            refuse_now(hit, now())
            stops[:] = [stopper(hit, now, clock)]
            return forbidden(hit, named)

        def stop() -> str:
            return next((why for ask in stops if (why := ask())), "")

        return replace(
            settings,
            targets=settings.targets or (tuple(named.targets) if named is not None else ()),
            without=settings.without | (frozenset(named.without) if named is not None else frozenset()),
            site=named.id if named is not None else settings.site,
            also_excluded=also_excluded,
            stop=stop,
        )


    def keeper(self, save: bool, db: str | None, scheduled: bool) -> Keeper | None:
        """Who saves the report: with --save, and for a scheduled run where [history] has a database.

        Raises:
            ConfigError: a database that can't be one, a secret that isn't there, or --db alone.
        """
        from netcam.cli.keeping import keeper
        from netcam.config.load import history_db

        wanted = save or (scheduled and self.config.file.history.db is not None)
        # NETCAM_DB is the environment's word on the same thing, and comes before the file's.
        elsewhere = self.config.origins.get("history.db") != "NETCAM_HISTORY_DB" and "NETCAM_DB" in os.environ
        if wanted and db is None and not elsewhere:
            db = history_db(self.config, os.environ)
        return keeper(wanted, db)


def load_setup(given: Path | None, site: str | None, env: Mapping[str, str] | None = None) -> Setup:
    """The settings in force, and the site by id or name.

    Raises:
        ConfigError: a file that is wrong, or a site that isn't in it although others are.
    """
    from netcam.config.load import find, load

    env = os.environ if env is None else env
    config = load(find(given, env), env)
    return Setup(config=config, site=site_of(config, site))


def site_of(config: Config, word: str | None) -> Site | None:
    """The site of this id or name; None without a word, or where the settings have no sites.

    Raises:
        ConfigError: there are sites, and none is it.
    """
    from difflib import get_close_matches

    if word is None or not config.file.site:
        return None
    found = config.site(word)
    if found is None:
        ids = [site.id for site in config.file.site]
        near = get_close_matches(word, ids, 1)
        hint = f"is {near[0]!r} meant?" if near else f"there are {', '.join(ids[:10])}{', ...' * (len(ids) > 10)}"
        raise ConfigError(f"--site {visible(word)!r}: no such site in {visible(str(config.path), 1000)}; {hint}")
    return found


def setup_of(ctx: click.Context) -> Setup:
    """What `WithConfig` read."""
    made: Setup = ctx.meta[_KEY]
    return made


class WithConfig(click.Command):
    """A command whose options default to what netcam.toml says; `--config` and `--site` say which."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given, _, order = self.make_parser(ctx).parse_args(list(args))
        if not ctx.resilient_parsing and not any(param.is_eager for param in order):  # --help needs none
            config, site = given.get("config"), given.get("site")
            made = load_setup(
                Path(config) if isinstance(config, str) else None, site if isinstance(site, str) else None
            )
            ctx.meta[_KEY] = made
            ctx.default_map = {**(ctx.default_map or {}), **made.defaults()}
        return super().parse_args(ctx, args)


def _joined(word: str | list[str] | None) -> str | None:
    return ",".join(word) if isinstance(word, list) else word
