"""TLS as old devices speak it."""

from __future__ import annotations

import ssl
import warnings


def device_context() -> ssl.SSLContext:
    """A client context that talks to anything and believes nothing.

    Cameras in service still answer with TLS 1.0, RSA key exchange, 1024-bit keys or MD5 signatures, and they sign their
    certificates themselves. What goes through this context identifies a device; no secret may.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)  # the name came with Python 3.12
    return context
