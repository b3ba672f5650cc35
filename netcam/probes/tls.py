"""The names in the certificate of a TLS port."""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.errors import DecodeError
from netcam.model import Observation, RunStatus
from netcam.probes.base import Certificate, Contact, ProbeIO, ProbeSpec, Transport, Trigger
from netcam.wire.tls_cert import decode_certificate

EMITS = frozenset({"tls.subject", "tls.issuer", "tls.san", "tls.fingerprint", "tls.version"})


class TlsProbe:
    """Shake hands and read the certificate; nothing is verified and nothing is sent over it."""

    spec = ProbeSpec(
        name="tls",
        summary="certificate of TLS ports",
        transport=Transport.TCP,
        timeout_s=6.0,
        trigger=Trigger(ports=frozenset({322, 443, 4443, 5061, 7443, 8443, 9443, 10443})),
        contact=Contact.CONNECT,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        if any(o.kind == "tls.version" and o.endpoint.port == io.target.port for o in io.seen):
            return  # a page was fetched over TLS before: its connection showed the certificate
        shown = await io.certificate()
        if shown is None:
            io.report(RunStatus.REFUSED, "no TLS")
            return
        for seen in io.observe(certificate_facts(shown)):
            yield seen


def certificate_facts(shown: Certificate) -> tuple[tuple[str, str], ...]:
    """(kind, text) pairs of a certificate; of one that can't be read, the TLS version alone."""
    try:
        names = decode_certificate(shown.der)
    except DecodeError:
        return (("tls.version", shown.version),)
    return (
        ("tls.version", shown.version),
        ("tls.subject", names.subject),
        ("tls.issuer", names.issuer),
        ("tls.san", names.san),
        ("tls.fingerprint", names.fingerprint),
    )


PROBE = TlsProbe()
