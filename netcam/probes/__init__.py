"""Every probe there is, found by walking this folder: a new file needs no other edit.

A probe module holds `PROBE`. One that knows composite kinds holds `DECODERS` (composite kind to codec) and `EMITS` (the
finer kinds they give). `LINK_DECODERS` (EtherType to codec) is for what is only ever heard.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from netcam.probes.base import Decoder, Probe, Transport
from netcam.probes.passive import HEARD
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
def datagram_decoders() -> dict[int, tuple[tuple[int, Decoder], ...]]:
    """UDP port -> what may be heard to or from it: (the protocol's own port, codec), the codecs that live scans use."""
    found: dict[int, dict[Decoder, int]] = {}
    for port, kind in HEARD.items():
        found.setdefault(port, {})[composite.DECODERS[kind]] = port
    for module in _modules():
        probe: Probe | None = getattr(module, "PROBE", None)
        if probe is None or probe.spec.transport is not Transport.UDP_GROUP:
            continue
        for decode in getattr(module, "DECODERS", {}).values():
            for port in filter(None, (*probe.spec.ports, probe.spec.bind_port)):
                found.setdefault(port, {}).setdefault(decode, probe.spec.ports[0])
    return {port: tuple((own, decode) for decode, own in codecs.items()) for port, codecs in found.items()}


@cache
def link_decoders() -> dict[int, Decoder]:
    """EtherType -> codec of protocols right above Ethernet; what they tell is about the frame's sender."""
    return {kind: decode for m in _modules() for kind, decode in getattr(m, "LINK_DECODERS", {}).items()}


@cache
def _modules() -> tuple[ModuleType, ...]:
    names = sorted(info.name for info in pkgutil.walk_packages(__path__, f"{__name__}.") if not info.ispkg)
    return tuple(importlib.import_module(name) for name in names)
