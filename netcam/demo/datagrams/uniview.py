"""UniviewProbe (UDP 3702, asked from port 3705), for a device whose WS-Discovery is switched off.

`said` holds `scopes` (without their common beginning) and perhaps `habit = "own-action"`: the answer then carries the
action of the question and relates to nothing, as some firmware does.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from netcam.demo.profile import filled

from . import Answer

PORTS = (3702,)
GROUPS = ("239.255.255.250",)

_NAMESPACE = "http://www.uniview.com/Ver10/Device/wsdl"
_ACTION = re.compile(rf"<(?:\w+:)?Action[^>]*>\s*{re.escape(_NAMESPACE)}/UniviewProbe\s*<")
_MESSAGE = re.compile(r"<(?:\w+:)?MessageID[^>]*>\s*([\w:-]{1,80})\s*<")


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The scopes, for the maker's question; WS-Discovery's own gets nothing."""
    text = request.decode("utf-8", "replace")
    message = _MESSAGE.search(text)
    if not _ACTION.search(text) or message is None:
        return
    own = said.get("habit") == "own-action"
    action = f"{_NAMESPACE}/UniviewProbe{'' if own else 'Matches'}"
    relates = "" if own else f"<wsa:RelatesTo>{escape(message[1].removeprefix('urn:'))}</wsa:RelatesTo>"
    scopes = escape(filled(" ".join(f"onvif://www.onvif.org/{scope}" for scope in said["scopes"]), facts))
    data = (
        '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" '
        f'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:u="{_NAMESPACE}"><e:Header>'
        f"<wsa:MessageID>urn:uuid:{uuid.uuid4()}</wsa:MessageID>{relates}<wsa:Action>{action}</wsa:Action></e:Header>"
        f"<e:Body><u:UniviewProbeMatches><u:Scopes>{scopes}</u:Scopes>"
        f"<u:XAddrs>http://{facts['ip']}:8080/LAPI/V1.0/System/DeviceInfo</u:XAddrs></u:UniviewProbeMatches></e:Body>"
        "</e:Envelope>"
    )
    yield Answer(data=data.encode())
