"""Every probe there is, found by walking this folder: a new file needs no other edit.

A probe module holds `PROBE`. One that knows composite kinds holds `DECODERS` (composite kind to codec) and `EMITS` (the
finer kinds they give).
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from netcam.probes.base import Decoder, Probe
from netcam.wire import composite


@cache
def all_probes() -> tuple[Probe, ...]:
    """The probes in this folder and in `vendor`, by name.

    Raises:
        ValueError: two of them have one name.
    """
    found: dict[str, Probe] = {}
    for module in _modules():
        probe: Probe | None = getattr(module, "PROBE", None)
        if probe is not None and found.setdefault(probe.spec.name, probe) is not probe:
            raise ValueError(f"two probes are called {probe.spec.name}")
    return tuple(found[name] for name in sorted(found))


@cache
def decoders() -> dict[str, Decoder]:
    """The codec of every composite kind; live scans and `identify` use the same ones."""
    found: dict[str, Decoder] = dict(composite.DECODERS)
    for module in _modules():
        found.update(getattr(module, "DECODERS", {}))
    return found


@cache
def emitted_kinds() -> frozenset[str]:
    """Every observation kind that a probe or a decoder can make."""
    kinds: frozenset[str] = composite.EMITS
    for module in _modules():
        kinds |= getattr(module, "EMITS", frozenset())
    return kinds.union(*(probe.spec.emits for probe in all_probes()))


@cache
def _modules() -> tuple[ModuleType, ...]:
    names = sorted(info.name for info in pkgutil.walk_packages(__path__, f"{__name__}.") if not info.ispkg)
    return tuple(importlib.import_module(name) for name in names)
