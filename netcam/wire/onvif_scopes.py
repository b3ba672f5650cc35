"""What ONVIF scopes say (ONVIF Core, section 7.3.2.2): one text of many URIs, taken apart into kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise
from urllib.parse import unquote

from netcam.model import canonical_mac

SCOPE_LIMIT = 64  # scopes looked at in one answer; a real one has about a dozen
EMITS = frozenset(
    {
        "onvif.name",
        "onvif.hardware",
        "onvif.location",
        "onvif.manufacturer",
        "onvif.mac",
        "onvif.serial",
        "onvif.firmware",
    }
)

_STARTS = re.compile(r"(?:^|(?<=\s))(?=[A-Za-z][A-Za-z0-9+.-]{0,20}://)")
_ONVIF = re.compile(r"onvif://[^/\s]{0,253}/([A-Za-z_-]{1,40})(?:/(.*))?", re.IGNORECASE | re.DOTALL)
# The categories after name, hardware and location are additions of one family of firmwares, or of newer ONVIF Core.
_KINDS = {
    "name": "onvif.name",
    "hardware": "onvif.hardware",
    "location": "onvif.location",
    "model": "onvif.hardware",
    "manufacturer": "onvif.manufacturer",
    "mac": "onvif.mac",
    "macaddr": "onvif.mac",
    "macaddress": "onvif.mac",
    "serial": "onvif.serial",
    "serialnumber": "onvif.serial",
    "version": "onvif.firmware",
    "firmware": "onvif.firmware",
}


def split_scopes(text: str) -> tuple[str, ...]:
    """The single scopes of a list, at most 64.

    A scope begins where a URI scheme does, not at every blank: some firmwares write names with raw blanks in them.
    """
    starts = [found.start() for found in islice(_STARTS.finditer(text), SCOPE_LIMIT + 1)]
    return tuple(text[a:b].strip() for a, b in pairwise((*starts, len(text))))[:SCOPE_LIMIT]


def decode_scopes(text: str) -> Iterator[tuple[str, str]]:
    """The (kind, text) pairs in a list of scopes: categories in any case, values percent-decoded, each pair once.

    A MAC that isn't one, and a manufacturer of NONE, are left out.
    """
    said: set[tuple[str, str]] = set()
    for scope in split_scopes(text):
        found = _ONVIF.fullmatch(scope)
        kind = _KINDS.get(found[1].lower()) if found else None
        if found is None or kind is None:
            continue
        value = " ".join(unquote((found[2] or "").strip("/"), errors="replace").split())
        if kind == "onvif.mac":
            value = canonical_mac(value) or ""
        if kind == "onvif.manufacturer" and value.upper() == "NONE":
            continue
        if value and (kind, value) not in said:
            said.add((kind, value))
            yield kind, value
