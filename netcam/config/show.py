"""The settings in force, key by key with where each came from; secrets are masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from . import check
from .load import OVERRIDES, Config, masked_url
from .tables import FORMS, Export, Site

DEFAULT = "default"
MASK = "***"
# What holds where nothing is said.
DEFAULTS = {
    "scan.pace": "normal", "scan.fail_on": "none", "scan.engine": "connect", "scan.passes": 1,
    "scan.until_stable": False, "scan.ipv6": False, "scan.allow_public": False, "output.forms": list(FORMS),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One setting: its key, its value as TOML would have it, and the file and line, variable, or `default`."""

    key: str
    value: str
    origin: str


def rows(config: Config, env: Mapping[str, str]) -> Iterator[Row]:
    """Every setting of [scan], [output], [history] and [schedule], every site, and every export."""
    for table in OVERRIDES:
        for key, value in _fields(getattr(config.file, table)):
            shown = masked_url(value) if (table, key) == ("history", "db") and isinstance(value, str) else value
            shown = DEFAULTS.get(f"{table}.{key}") if shown in (None, []) else shown
            yield _row(config, f"{table}.{key}", shown, env, said=key.endswith("_env"))
    for site in config.file.site:
        yield from _site(config, site, env)
    for export in config.file.export:
        yield from _export(config, export, env)


def _site(config: Config, site: Site, env: Mapping[str, str]) -> Iterator[Row]:
    for key, value in _fields(site):
        if value not in (None, []) and key != "id":
            yield _row(config, f"site.{site.id}.{key}", value, env)


def _export(config: Config, export: Export, env: Mapping[str, str]) -> Iterator[Row]:
    name = export.name or export.to
    yield _row(config, f"export.{name}.to", export.to, env)
    if export.sites:
        yield _row(config, f"export.{name}.sites", export.sites, env)
    for key, value in export.options.items():
        yield _row(config, f"export.{name}.options.{key}", masked(key, value), env, said=key.endswith("_env"))


def masked(key: str, value: Any) -> Any:
    """A value as it may be shown: what a secret's name stands for is three stars, addresses lose their password."""
    if isinstance(value, Mapping):
        return {inner: masked(str(inner), one) for inner, one in value.items()}
    if isinstance(value, list):
        return [masked(key, one) for one in value]
    if check.is_secret(key) and not (isinstance(value, str) and check.VARIABLE.fullmatch(value)):
        return MASK
    return masked_url(value) if isinstance(value, str) and "://" in value else value


def _row(config: Config, key: str, value: Any, env: Mapping[str, str], *, said: bool = False) -> Row:
    text = _toml(value)
    if said and isinstance(value, str):
        text += " (set)" if env.get(value) else " (not set)"
    return Row(key=key, value=text, origin=config.origins.get(key, DEFAULT))


def _fields(table: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(table):
        yield field.encode_name, getattr(table, field.name)


def _toml(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, msgspec.Struct):
        value = {key: inner for key, inner in _fields(value) if inner is not None}
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return msgspec.json.encode(value).decode() if isinstance(value, str | bool | int | float) else str(value)
