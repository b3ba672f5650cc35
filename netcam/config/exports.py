"""[[export]] as the words of `netcam export`; secrets go along in the environment, never among the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netcam.errors import ConfigError
from netcam.safetext import visible

from . import check
from .load import Config, expanded
from .tables import Export, Site

# Options of `netcam export` itself; all others are the destination's own, as -O KEY=VALUE.
PLAIN = ("url_env", "token_env", "tries", "timeout", "deadline")
PATHS = ("url_file", "token_file", "ca_file", "output")
_URL = "NETCAM_EXPORT_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What follows `netcam export REPORT`, and what has to stand in its environment besides."""

    words: tuple[str, ...]
    env: Mapping[str, str]


def exports_of(config: Config, site: Site | None) -> tuple[Export, ...]:
    """The destinations that a site's reports go to."""
    return tuple(e for e in config.file.export if not e.sites or (site is not None and site.id in e.sites))


def title(export: Export) -> str:
    """What a destination is called."""
    return export.name or export.to


def words_of(config: Config, export: Export, scope: str, env: Mapping[str, str]) -> Words:
    """How one destination is called; `{site}` in its output is the scope's name.

    Raises:
        ConfigError: a variable that isn't set, or a value that no option takes.
    """
    words, more = ["--to", export.to], {}
    for key, value in export.options.items():
        where = f"export {title(export)!r}: {visible(key)}"
        if key == "url" and isinstance(value, str):
            more[_URL] = expanded(value, env, where)  # it may hold a password
            words += ["--url-env", _URL]
        elif key == "token":  # checked: "${NAME}", and nothing else
            words += ["--token-env", check.VARIABLE.sub(r"\1", str(value))]
        elif key in PATHS and isinstance(value, str):
            words += [_option(key), str(config.beside(value.replace("{site}", scope)))]
        elif key in PLAIN:
            words += [_option(key), _text(value, where)]
        else:
            if check.is_secret(key):
                raise ConfigError(f"{where}: a secret is given as token_env, token_file, url_env or url_file")
            for one in value if isinstance(value, list) else [value]:
                text = _text(one, where)
                words += ["-O", f"{key}={expanded(text, env, where)}"]
    return Words(words=tuple(words), env=more)


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ConfigError(f"{where}: expected a text, a number, true or false, or a list of them")
