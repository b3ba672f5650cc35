"""Composite input kinds of common standards and the codecs that take them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netcam.wire import onvif, onvif_scopes, ssdp, upnp, ws_discovery
from netcam.wire.charset import decode_text


def _matches(message: bytes) -> tuple[tuple[str, str | None], ...]:
    return tuple(pair for match in ws_discovery.decode_matches(message) for pair in ws_discovery.facts(match))


def _scopes(text: bytes) -> tuple[tuple[str, str], ...]:
    return tuple(onvif_scopes.decode_scopes(" ".join(decode_text(text).split())))


DECODERS: dict[str, Callable[[bytes], Iterable[tuple[str, str | None]]]] = {
    "onvif.probematch": _matches,
    "onvif.scopes": _scopes,
    "onvif.deviceinfo": onvif.decode_device_information,
    "upnp.xml": upnp.decode_description,
    "ssdp": ssdp.decode_ssdp,
}
EMITS = ws_discovery.EMITS | onvif.EMITS | upnp.EMITS | ssdp.EMITS
