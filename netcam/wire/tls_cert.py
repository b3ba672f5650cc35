"""The names in an X.509 certificate, read straight from its DER.

A walk of our own, because cameras ship certificates that strict libraries refuse (negative serial numbers, wrong string
types, dates that don't exist) and only the names are wanted. Nothing is verified: a certificate is a banner here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from netcam.errors import DecodeError
from netcam.wire.charset import decode_text
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 16384  # bytes of one certificate
NAME_LIMIT = 64  # attributes of one name, names of one alternative-name list

_SEQUENCE, _SET, _OID, _VERSION, _EXTENSIONS = 0x30, 0x31, 0x06, 0xA0, 0xA3
_UTC_TIME, _OCTETS, _BOOLEAN = 0x17, 0x04, 0x01
_ENCODINGS = {0x1E: "utf-16-be", 0x1C: "utf-32-be"}  # BMPString, UniversalString; the others are ASCII or UTF-8
_SUBJECT_ALT_NAME = "2.5.29.17"
_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.13": "description",
    "2.5.4.42": "GN",
    "1.2.840.113549.1.9.1": "emailAddress",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateNames:
    """What a certificate says of its holder.

    `subject` and `issuer` keep the order of the certificate ("C=CN, O=Example, CN=camera"); `san` is
    "DNS:camera.example, IP:192.0.2.7" or "". A date that can't be read is None. `fingerprint` is SHA-256 in hex.
    """

    subject: str
    issuer: str
    san: str
    not_before: datetime | None
    not_after: datetime | None
    fingerprint: str


def decode_certificate(der: bytes) -> CertificateNames:
    """
    Decode one certificate (RFC 5280, section 4.1).

    Bytes after the certificate are ignored, an attribute whose text can't be decoded shows U+FFFD.

    Raises:
        DecodeError: more than 16 kB, a length past its container, or a field that is not where it must be.
    """
    if len(der) > SIZE_LIMIT:
        raise DecodeError("x509", SIZE_LIMIT, f"certificate of more than {SIZE_LIMIT} bytes")
    whole = Cursor(der, protocol="x509")
    certificate = _inside(whole, _SEQUENCE)
    size = certificate.offset + certificate.left
    tbs = _inside(certificate, _SEQUENCE)
    tag, _ = _element(tbs)
    if tag == _VERSION:
        _element(tbs)  # the serial number follows
    _inside(tbs, _SEQUENCE)  # signature algorithm
    issuer = _name(_inside(tbs, _SEQUENCE))
    validity = _inside(tbs, _SEQUENCE)
    not_before, not_after = _time(validity), _time(validity)
    subject = _name(_inside(tbs, _SEQUENCE))
    _inside(tbs, _SEQUENCE)  # public key
    san = ""
    while tbs:
        tag, content = _element(tbs)
        if tag == _EXTENSIONS:
            san = _alternative_names(_inside(content, _SEQUENCE))
    return CertificateNames(
        subject=subject,
        issuer=issuer,
        san=san,
        not_before=not_before,
        not_after=not_after,
        fingerprint=hashlib.sha256(der[:size]).hexdigest(),
    )


def _element(cursor: Cursor) -> tuple[int, Cursor]:
    """Tag and content of the next element; tags above 30 and lengths without end don't occur in DER certificates."""
    at = cursor.offset
    tag = cursor.uint(1)
    length = cursor.uint(1)
    if tag & 0x1F == 0x1F or length == 0x80 or length > 0x84:
        raise DecodeError("x509", at, "tag or length form that DER certificates don't use")
    return tag, cursor.sub(cursor.uint(length & 0x7F) if length & 0x80 else length)


def _inside(cursor: Cursor, wanted: int) -> Cursor:
    at = cursor.offset
    tag, content = _element(cursor)
    if tag != wanted:
        raise DecodeError("x509", at, f"tag {wanted:#x} wanted, {tag:#x} found")
    return content


def _name(name: Cursor) -> str:
    parts: list[str] = []
    while name and len(parts) < NAME_LIMIT:
        parts.append("+".join(_attributes(_inside(name, _SET))))
    return ", ".join(parts)


def _attributes(relative: Cursor) -> Iterator[str]:
    for _ in range(NAME_LIMIT):
        if not relative:
            return
        attribute = _inside(relative, _SEQUENCE)
        oid = _oid(_inside(attribute, _OID).rest())
        tag, content = _element(attribute)
        raw = content.rest()
        text = raw.decode(_ENCODINGS[tag], "replace") if tag in _ENCODINGS else decode_text(raw)
        yield f"{_SHORT.get(oid, oid)}={text}"


def _oid(raw: bytes) -> str:
    numbers: list[int] = []
    value = 0
    for byte in raw[:64]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    if not numbers:
        return "?"
    first = min(numbers[0] // 40, 2)
    return ".".join(str(n) for n in (first, numbers[0] - 40 * first, *numbers[1:]))


def _time(validity: Cursor) -> datetime | None:
    tag, content = _element(validity)
    text = content.rest().decode("ascii", "replace")
    if tag == _UTC_TIME and text[:2].isdigit():
        text = ("19" if int(text[:2]) >= 50 else "20") + text  # RFC 5280, section 4.1.2.5.1
    try:
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _alternative_names(extensions: Cursor) -> str:
    names: list[str] = []
    while extensions and len(names) < NAME_LIMIT:
        extension = _inside(extensions, _SEQUENCE)
        if _oid(_inside(extension, _OID).rest()) != _SUBJECT_ALT_NAME:
            continue
        tag, content = _element(extension)
        if tag == _BOOLEAN:  # "critical"
            tag, content = _element(extension)
        if tag != _OCTETS:
            continue
        general = _inside(content, _SEQUENCE)
        while general and len(names) < NAME_LIMIT:
            tag, content = _element(general)
            raw = content.rest()
            if tag == 0x82:
                names.append(f"DNS:{decode_text(raw)}")
            elif tag == 0x86:
                names.append(f"URI:{decode_text(raw)}")
            elif tag == 0x81:
                names.append(f"email:{decode_text(raw)}")
            elif tag == 0x87 and len(raw) in (4, 16):
                names.append(f"IP:{ip_address(raw)}")
    return ", ".join(names)
