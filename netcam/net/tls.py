"""The certificate a port shows."""

from __future__ import annotations

from netcam.model import IPAddress
from netcam.net.gate import Gate
from netcam.net.tcp import open_stream
from netcam.probes.base import Certificate

CERTIFICATE_LIMIT = 16_384  # a larger one is no device's


async def fetch_certificate(gate: Gate, ip: IPAddress, port: int, timeout_s: float) -> Certificate | None:
    """The leaf certificate of a port, old TLS versions and ciphers included; None when it doesn't speak TLS in time.

    Raises:
        ScopeError: before a packet leaves.
    """
    try:
        async with open_stream(gate, ip, port, timeout_s, tls=True) as stream:
            tls = stream.tls
            assert tls is not None
            return certificate_of(tls.getpeercert(binary_form=True), tls.version())
    except OSError:
        return None


def certificate_of(der: bytes | None, version: str | None) -> Certificate | None:
    """What a finished handshake showed, unless it is nothing or too much."""
    return Certificate(der=der, version=version or "") if der and len(der) <= CERTIFICATE_LIMIT else None
