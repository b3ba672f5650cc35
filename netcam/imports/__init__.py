"""Every format of other tools' files that netcam takes in, found by walking this folder: a new one needs no other edit.

Nothing here opens a file or a socket: a reader gets a stream and yields what stands in it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from netcam.imports.base import Format, head_text


@cache
def all_formats() -> dict[str, Format]:
    """The formats by name, in the order of names."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__, f"{__name__}."))
    found = [getattr(importlib.import_module(name), "FORMAT", None) for name in names]
    return {format.name: format for format in sorted(filter(None, found), key=lambda f: f.name)}


def format_names() -> tuple[str, ...]:
    """The names alone, without loading anything: a module is called as its format, with underscores for hyphens."""
    names = (info.name for info in pkgutil.iter_modules(__path__))
    return tuple(sorted(name.replace("_", "-") for name in names if name != "base"))


def recognised(head: bytes) -> Format | None:
    """The format of a file that begins so; None where none or more than one fits."""
    text = head_text(head)
    fits = [format for format in all_formats().values() if format.looks(text)]
    sure = [format for format in fits if not format.generic] or fits
    return sure[0] if len(sure) == 1 else None
