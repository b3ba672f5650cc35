"""netcam.toml and the environment -> checked settings, each with where it came from."""

from __future__ import annotations

import os
import stat
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from netcam.datafiles import At, Flaw, TomlFlaw, flaws, line_of, parsed, read_text, toml_lines
from netcam.errors import ConfigError, SignatureError
from netcam.safetext import visible

from . import check
from .tables import ConfigFile, History, Output, Scan, Schedule, Site
from .words import seconds

NAME = "netcam.toml"
SYSTEM = Path("/etc/netcam") / NAME
# Tables whose keys the environment may set: NETCAM_<TABLE>_<KEY>. Sites are not among them: their limits stand in one
# place, where they can be read.
OVERRIDES: dict[str, type[msgspec.Struct]] = {
    "scan": Scan, "output": Output, "history": History, "schedule": Schedule,
}  # fmt: skip
# A variable that says something whole takes the place of what the file says in several keys.
_INSTEAD_OF = {
    ("schedule", "every"): ("at", "days", "timezone"),
    ("schedule", "at"): ("every",),
    ("history", "db"): ("password_env", "password_file"),
}
SIZE_LIMIT = 4 * 1024 * 1024  # bytes; thousands of sites take less


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong: where (file:line, or a variable), and what."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings that were checked.

    Attributes:
        path: the file; None where there is none, and everything is default or from the environment.
        origins: key such as `scan.pace` or `site.store-17.targets` -> file and line, or variable. Others are defaults.
    """

    path: Path | None
    file: ConfigFile
    origins: Mapping[str, str]

    def site(self, word: str) -> Site | None:
        """The site of this id or name."""
        return next((s for s in self.file.site if word in (s.id, s.name)), None)

    def beside(self, path: str) -> Path:
        """A path of the file: relative ones start at the file's folder."""
        base = self.path.resolve().parent if self.path is not None else Path.cwd()
        return base / Path(path).expanduser()

    def deadline_s(self, site: Site | None) -> float | None:
        """The site's deadline, else that of [scan]."""
        found = site.deadline if site is not None and site.deadline is not None else self.file.scan.deadline
        return None if found is None else seconds(found)


def find(given: Path | None, env: Mapping[str, str]) -> Path | None:
    """The file to use: the one given, $NETCAM_CONFIG, ./netcam.toml, the user's, the system's; None without any.

    Raises:
        ConfigError: one that was named isn't there.
    """
    named = env.get("NETCAM_CONFIG", "")
    for path, who in ((given, "--config"), (Path(named) if named else None, "NETCAM_CONFIG")):
        if path is not None:
            if not os.path.exists(path):
                raise ConfigError(f"{who} {visible(str(path), 1000)}: there is no such file")
            return path
    base = env.get("XDG_CONFIG_HOME", "")
    try:
        user = Path(base) if os.path.isabs(base) else Path.home() / ".config"
    except RuntimeError:  # a user without a home
        user = None
    for path in (Path(NAME), user / "netcam" / NAME if user else None):
        if path is not None and os.path.isfile(path):
            return path
    try:
        return SYSTEM if stat.S_ISREG(SYSTEM.stat().st_mode) else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:  # it may hold limits that nobody who can't read them may pass
        raise ConfigError(f"{SYSTEM}: can't be read: {error.strerror}; --config names another file") from error


def load(path: Path | None, env: Mapping[str, str]) -> Config:
    """The settings of a file and the environment.

    Raises:
        ConfigError: the first thing that is wrong, and how many more there are.
    """
    config, found = read(path, env)
    if config is None or found:
        more = f" (and {len(found) - 1} more: `netcam config check`)" if len(found) > 1 else ""
        raise ConfigError(f"{found[0]}{more}")
    return config


def read(path: Path | None, env: Mapping[str, str]) -> tuple[Config | None, tuple[Trouble, ...]]:
    """The settings, and all that is wrong with them in the order of the file's lines; the environment's after it."""
    shown = visible(str(path), 1000)
    try:
        text = _text(path) if path is not None else ""
        raw = parsed(text)
    except SignatureError as error:
        return None, (Trouble(where=shown, reason=error.reason),)
    except TomlFlaw as error:
        return None, (Trouble(where=f"{shown}:{error.flaw.line}", reason=error.flaw.reason),)
    lines = toml_lines(text)
    file, wrong = _checked(raw, lines)
    if file is None or wrong:
        ordered = sorted(wrong, key=lambda flaw: flaw.line)
        return None, tuple(Trouble(where=f"{shown}:{flaw.line}", reason=flaw.reason) for flaw in ordered)
    return _overridden(path, raw, env, _origins(file, raw, lines, path))


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SignatureError(str(path), None, f"can't be read: {error.strerror}") from error
    if size > SIZE_LIMIT:
        raise SignatureError(str(path), None, f"{size} bytes are too many for settings; the limit is {SIZE_LIMIT}")
    return read_text(path)


def _checked(
    raw: dict[str, Any], lines: Mapping[At, int], *, secret_db: bool = False
) -> tuple[ConfigFile | None, list[Flaw]]:
    """The tables, and what is wrong with them; `secret_db`: the database's address may hold a password."""
    try:
        file = msgspec.convert(raw, ConfigFile)
    except msgspec.ValidationError as error:
        return None, list(flaws(raw, ConfigFile, lines)) or [Flaw(line=1, reason=str(error))]
    wrong = [*check.faults(file, secret_db=secret_db), *check.stray_variables(raw)]
    return file, [Flaw(line=line_of(at, lines), reason=reason) for at, reason in wrong]


def _overridden(
    path: Path | None, raw: dict[str, Any], env: Mapping[str, str], origins: dict[str, str]
) -> tuple[Config | None, tuple[Trouble, ...]]:
    found: list[Trouble] = []
    by: dict[At, str] = {}
    # A variable that holds a secret may have any name, also one that looks like an override.
    named = set(_named_variables(raw))
    for name in sorted(env):
        where = _place(name)
        if where is None or name in named:
            continue
        table, key, kind = where
        if kind is None:
            known = [f"NETCAM_{table}_{field}".upper() for field in _keys(OVERRIDES[table])]
            near = get_close_matches(name, known, 1)
            hint = f"is {near[0]} meant?" if near else f"[{table}] has {', '.join(_keys(OVERRIDES[table]))}"
            found.append(Trouble(where=name, reason=f"no such setting; {hint}"))
            continue
        try:
            value = _value(env[name], kind)
        except ValueError as error:
            found.append(Trouble(where=name, reason=str(error)))
            continue
        by[table, key] = name
        for other in _INSTEAD_OF.get((table, key), ()):
            if (table, other) not in by:
                raw.get(table, {}).pop(other, None)
                origins.pop(f"{table}.{other}", None)
        raw.setdefault(table, {})[key] = value
        origins[f"{table}.{key}"] = name
    if found:
        return None, tuple(found)
    # "Lines" of the environment lead back to the variable; the file alone was right, so nothing else can be wrong.
    variables = ["the environment", *by.values()]
    file, wrong = _checked(raw, {at: n for n, at in enumerate(by, 1)} | {(): 0}, secret_db=("history", "db") in by)
    if wrong or file is None:
        return None, tuple(Trouble(where=variables[flaw.line], reason=flaw.reason) for flaw in wrong)
    return Config(path=path, file=file, origins=origins), ()


def _place(name: str) -> tuple[str, str, Any] | None:
    """Table, key and type that a variable sets; the type is None where the table has no such key."""
    for table, kind in OVERRIDES.items():
        prefix = f"NETCAM_{table.upper()}_"
        if name.startswith(prefix):
            key = name.removeprefix(prefix).lower()
            return table, key, _keys(kind).get(key)
    return None


def _keys(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def _value(text: str, kind: Any) -> Any:
    """The words of a variable as a value of the file: lists with commas, true or false, numbers."""
    kinds = get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if any(get_origin(one) is list for one in kinds) and str not in kinds:
        return [word.strip() for word in text.split(",") if word.strip()]
    if bool in kinds:
        word = text.strip().lower()
        if word not in ("true", "false", "1", "0", "yes", "no"):
            raise ValueError(f"{visible(text)!r} is neither true nor false")
        return word in ("true", "1", "yes")
    if int in kinds and str not in kinds:
        if not text.strip().isdecimal() or len(text) > 9:
            raise ValueError(f"{visible(text)!r} is no whole number")
        return int(text)
    return text.strip() if not text.strip().isdecimal() or int not in kinds else int(text[:10])


def _named_variables(raw: Any) -> Iterator[str]:
    """Names of variables that the file points to."""
    if isinstance(raw, dict):
        for key, value in raw.items():
            if isinstance(value, str) and str(key).lower().endswith("_env"):
                yield value
            yield from _named_variables(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from _named_variables(value)
    elif isinstance(raw, str):
        yield from check.VARIABLE.findall(raw)


def _origins(file: ConfigFile, raw: dict[str, Any], lines: Mapping[At, int], path: Path | None) -> dict[str, str]:
    def at(*where: str | int) -> str:
        return f"{path}:{line_of(where, lines)}"

    made = {f"{table}.{key}": at(table, key) for table in OVERRIDES for key in raw.get(table, {})}
    for number, site in enumerate(file.site):
        made |= {f"site.{site.id}.{key}": at("site", number, key) for key in raw["site"][number]}
    for number, export in enumerate(file.export):
        name = f"export.{export.name or export.to}"
        made |= {f"{name}.{key}": at("export", number, key) for key in raw["export"][number]}
        made |= {f"{name}.options.{key}": at("export", number, "options", key) for key in export.options}
    return made


def expanded(text: str, env: Mapping[str, str], where: str) -> str:
    """A designated text with its ${NAME} put in.

    Raises:
        ConfigError: a variable that isn't set.
    """
    for name in check.VARIABLE.findall(text):
        if name not in env:
            raise ConfigError(f"{where}: the environment variable {name} is not set")
    return check.VARIABLE.sub(lambda m: env[m[1]], text)


def history_db(config: Config, env: Mapping[str, str]) -> str | None:
    """The database of [history] with its password, as --db takes it; a relative path starts at the file's folder.

    Raises:
        ConfigError: a variable that isn't set, or a file with the password that can't be read.
    """
    history = config.file.history
    if history.db is None:
        return None
    from_file = config.origins.get("history.db") != "NETCAM_HISTORY_DB"
    db = expanded(history.db, env, "history.db") if from_file else history.db
    if "://" not in db:
        return str(config.beside(db)) if from_file else db
    password: str | None = None
    if history.password_env is not None:
        password = expanded(f"${{{history.password_env}}}", env, "history.password_env")
    elif history.password_file is not None:
        password = secret_file(config.beside(history.password_file), "history.password_file")
    return db if password is None else _with_password(db, password)


def secret_file(path: Path, where: str) -> str:
    """A secret that stands alone in a file.

    Raises:
        ConfigError: the file can't be read, or is empty.
    """
    try:
        with path.open(encoding="utf-8") as file:
            secret = file.read(65536).strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise ConfigError(f"{where} {visible(str(path), 1000)}: can't be read: {reason}") from error
    if not secret:
        raise ConfigError(f"{where} {visible(str(path), 1000)}: the file is empty")
    return secret


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    who = f"{user.partition(':')[0]}:{quote(password, safe='')}@"
    return urlunsplit(parts._replace(netloc=who + host))


def masked_url(url: str) -> str:
    """An address for people to see: a password in it is three stars, unless it is only the name of a variable."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "***"
    if not parts.password or check.VARIABLE.fullmatch(parts.password):
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))
