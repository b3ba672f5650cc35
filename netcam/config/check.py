"""What a value of netcam.toml may be, beyond its type: every fault with where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from netcam.datafiles import At
from netcam.safetext import visible

from . import hours
from .tables import ConfigFile, Export, Site
from .words import addresses, days, minute, seconds

PACES = ("gentle", "normal", "fast")
ENGINES = ("connect", "syn", "nmap")
FAIL_ON = ("none", "listed", "possible")
SCAN = ("outside", "inside", "any")
MOST_PASSES = 5
ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
ID_LENGTH = 64  # it becomes part of file and unit names
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"(^|_)(password|passwd|secret|token|api_?key|key|signing_?key|apprise|credential)s?$", re.I)
_MINUTE_S = 60.0
RESERVED = "all"

Fault = tuple[At, str]


def faults(file: ConfigFile, *, secret_db: bool = False) -> Iterator[Fault]:
    """Everything that is wrong with the values of a file whose keys and types are right.

    Args:
        secret_db: the database's address comes from the environment, where a password may stand.
    """
    yield from _scan(file)
    yield from _sites(file.site)
    yield from _output(file)
    yield from _history(file, secret_db)
    yield from _exports(file)
    yield from _schedule(file)


def stray_variables(raw: Any, at: At = ()) -> Iterator[Fault]:
    """`${NAME}` where it would be taken as it stands: it is read in `history.db` and in the options of exports only."""
    if at == ("history", "db") or (len(at) >= 3 and at[0] == "export" and at[2] == "options"):
        return
    if isinstance(raw, dict):
        for key, value in raw.items():
            yield from stray_variables(value, (*at, key))
    elif isinstance(raw, list):
        for number, value in enumerate(raw):
            yield from stray_variables(value, (*at, number))
    elif isinstance(raw, str) and (found := VARIABLE.search(raw)):
        yield at, f"{_key(at)}: {found[0]} is read in [history] db and in the options of [[export]] only"


def is_secret(key: str) -> bool:
    """Whether an option of this name would hold a secret rather than the name of what holds it."""
    return bool(_SECRET.search(key)) and not key.lower().endswith(("_env", "_file"))


def _key(at: At) -> str:
    return ".".join(str(part) for part in at if isinstance(part, str))


def _word(at: At, value: str | None, accepted: Sequence[str]) -> Iterator[Fault]:
    if value is not None and value not in accepted:
        near = get_close_matches(value, accepted, 1)
        hint = f"is {near[0]!r} meant?" if near else f"it is one of {', '.join(accepted)}"
        yield at, f"{_key(at)} {visible(value)!r}: {hint}"


def _read(at: At, value: Any, read: Callable[[Any], Any]) -> Iterator[Fault]:
    if value is not None:
        try:
            read(value)
        except ValueError as error:
            yield at, f"{_key(at)}: {visible(str(error), 400)}"


def _each(at: At, values: Sequence[str], read: Callable[[str], Any]) -> Iterator[Fault]:
    for value in values:
        yield from _read(at, value, read)


def _scan(file: ConfigFile) -> Iterator[Fault]:
    scan = file.scan
    yield from _word(("scan", "pace"), scan.pace, PACES)
    yield from _word(("scan", "engine"), scan.engine, ENGINES)
    yield from _word(("scan", "fail_on"), scan.fail_on, FAIL_ON)
    yield from _read(("scan", "deadline"), scan.deadline, seconds)
    if scan.passes is not None and not 1 <= scan.passes <= MOST_PASSES:
        yield ("scan", "passes"), f"scan.passes {scan.passes} is not between 1 and {MOST_PASSES}"


def _sites(sites: Sequence[Site]) -> Iterator[Fault]:
    taken: set[str | None] = set()
    for number, site in enumerate(sites):
        at: At = ("site", number)
        if not ID.fullmatch(site.id) or len(site.id) > ID_LENGTH:
            yield (*at, "id"), (
                f"site.id {visible(site.id)!r} is not lower-case words and numbers with hyphens, such as 'store-17' "
                f"(at most {ID_LENGTH} characters)"
            )
        if site.id == RESERVED:
            yield (*at, "id"), f"site.id {RESERVED!r} stands for all that has no site"
        if site.name is not None and not site.name.strip():
            yield (*at, "name"), "site.name is empty"
        words = [("id", site.id)] + ([("name", site.name)] if site.name not in (None, site.id) else [])
        for key, word in words:
            if word in taken:
                yield (*at, key), f"site.{key} {visible(str(word))!r} is another site's too"
            taken.add(word)
        yield from _limits(at, site)


def _ids(sites: Sequence[Site]) -> set[str]:
    return {site.id for site in sites}


def _limits(at: At, site: Site) -> Iterator[Fault]:
    if not site.targets:
        yield (*at, "targets"), "site.targets is empty: a site has at least one network"
    yield from _each((*at, "targets"), site.targets, addresses)
    yield from _each((*at, "exclude"), site.exclude, addresses)
    yield from _word((*at, "pace"), site.pace, PACES)
    yield from _read((*at, "deadline"), site.deadline, seconds)
    for number, never in enumerate(site.never):
        yield from _read((*at, "never", number, "address"), never.address, addresses)
        if not never.why.strip():
            yield (*at, "never", number, "why"), f"site.never.why is empty: say what {visible(never.address)} is"
    yield from _read((*at, "timezone"), site.timezone, hours.zone)
    yield from _read((*at, "opening_hours"), site.opening_hours, hours.parse_hours)
    yield from _read((*at, "scan_hours"), site.scan_hours, hours.parse_hours)
    yield from _word((*at, "scan"), site.scan, SCAN)
    if site.opening_hours and site.scan_hours:
        yield (*at, "scan_hours"), "site.scan_hours beside opening_hours: a site has one of them"
    if site.scan in ("inside", "outside") and not site.opening_hours:
        yield (*at, "scan"), f"site.scan {site.scan!r} says nothing without opening_hours"
    if (site.opening_hours or site.scan_hours) and site.timezone is None:
        yield at, f"[[site]] {site.id}: timezone is missing; hours without one would follow this machine's clock"


def _output(file: ConfigFile) -> Iterator[Fault]:
    yield from _read(("output", "keep"), file.output.keep, seconds)
    for form in file.output.forms:
        if not re.fullmatch(r"[a-z0-9]{1,8}", form):
            yield ("output", "forms"), f"output.forms: {visible(form)!r} is no form such as json or html"


def _history(file: ConfigFile, secret_db: bool) -> Iterator[Fault]:
    history = file.history
    if history.db is not None:
        if not history.db.strip():
            yield ("history", "db"), "history.db is empty"
        password = _password(history.db)
        if password and not secret_db and not VARIABLE.fullmatch(password):
            yield ("history", "db"), (
                "history.db holds a password: take it out and name what holds it, as password_env or password_file"
            )
    if history.password_env is not None and history.password_file is not None:
        yield ("history", "password_file"), "history.password_file beside password_env: the password is in one of them"
    yield from _variable(("history", "password_env"), history.password_env)
    for key in ("password_env", "password_file"):
        if getattr(history, key) is not None and "://" not in (history.db or ""):
            yield ("history", key), f"history.{key} needs a db that is a server's address (postgresql://...)"


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None


def _variable(at: At, name: Any) -> Iterator[Fault]:
    if name is not None and not (isinstance(name, str) and _ENV_NAME.fullmatch(name)):
        yield at, f"{_key(at)} is the name of an environment variable, such as NETBOX_TOKEN, and not a secret itself"


def _exports(file: ConfigFile) -> Iterator[Fault]:
    names: set[str] = set()
    for number, export in enumerate(file.export):
        at: At = ("export", number)
        if not ID.fullmatch(export.to):
            yield (*at, "to"), f"export.to {visible(export.to)!r} is no destination's name such as netbox"
        name = export.name or export.to
        if export.name is not None and not ID.fullmatch(export.name):
            yield (*at, "name"), (
                f"export.name {visible(export.name)!r} is not lower-case words and numbers with hyphens"
            )
        if name in names:
            yield (*at, "name" if export.name else "to"), (
                f"export {visible(name)!r} is there twice; give each a name of its own"
            )
        names.add(name)
        known = sorted(_ids(file.site))
        for site in export.sites:
            yield from _word((*at, "sites"), site, known) if known else [((*at, "sites"), "there is no [[site]]")]
        yield from _secrets((*at, "options"), export.options, export)


def _secrets(at: At, options: Mapping[str, Any], export: Export) -> Iterator[Fault]:
    for key, value in options.items():
        if isinstance(value, dict):
            yield from _secrets((*at, key), value, export)
        elif key.lower().endswith("_env"):
            yield from _variable((*at, key), value)
        elif is_secret(key) and not (isinstance(value, str) and VARIABLE.fullmatch(value)):
            yield (*at, key), (
                f"export {visible(export.name or export.to)!r}: {visible(key)} would hold a secret in the file; write "
                f'{visible(key)}_env = "NAME" or {visible(key)}_file = "PATH"'
            )
        elif isinstance(value, str) and (word := _password(value)) and not VARIABLE.fullmatch(word):
            yield (*at, key), f"{_key(at)}.{visible(key)} holds a password in an address; write ${{NAME}} there"


def _schedule(file: ConfigFile) -> Iterator[Fault]:
    plan = file.schedule
    yield from _read(("schedule", "every"), plan.every, _interval)
    yield from _read(("schedule", "jitter"), plan.jitter, seconds)
    yield from _each(("schedule", "at"), plan.at, _moment)
    yield from _read(("schedule", "days"), plan.days, days)
    yield from _read(("schedule", "timezone"), plan.timezone, hours.zone)
    if plan.every is not None and plan.at:
        yield ("schedule", "at"), "schedule.at beside every: a schedule has one of them"
    for key in ("days", "timezone"):
        if getattr(plan, key) is not None and not plan.at:
            yield ("schedule", key), f"schedule.{key} says nothing without at"


def _interval(value: str | int) -> float:
    found = seconds(value)
    if found < _MINUTE_S:
        raise ValueError(f"{value!r} is too often; a minute is the least")
    return found


def _moment(value: str) -> int:
    found = minute(value)
    if found == 24 * 60:
        raise ValueError(f"{value!r} is no time of day such as 02:30")
    return found
