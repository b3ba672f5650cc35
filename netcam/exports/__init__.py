"""Reports carried into other systems: inventories, monitoring, alerts. One file per destination, `to_<name>.py`.

A new destination needs no other edit: the folder is walked, and `EXPORT` in the file says the rest.
"""

from __future__ import annotations

import importlib
import pkgutil

from netcam.errors import ConfigError
from netcam.exports.base import Export
from netcam.safetext import visible

PREFIX = "to_"


def destination_names() -> tuple[str, ...]:
    """The names alone, without loading anything: a module is called as its destination, with _ for hyphens."""
    names = (info.name for info in pkgutil.iter_modules(__path__))
    return tuple(sorted(name.removeprefix(PREFIX).replace("_", "-") for name in names if name.startswith(PREFIX)))


def find(name: str) -> Export:
    """The destination of that name.

    Raises:
        ConfigError: there is none; the text names those there are.
    """
    if name not in destination_names():
        raise ConfigError(f"--to {visible(name)}: no such destination; one of {', '.join(destination_names())}")
    module = importlib.import_module(f"{__name__}.{PREFIX}{name.replace('-', '_')}")
    found: Export = module.EXPORT
    return found
