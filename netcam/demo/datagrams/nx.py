"""Network Optix server discovery: JSON to the asker, to the question that the published source holds.

`said`: `name`, `system`, `customization`, and `wrapped = true` for a server that puts its facts into `reply`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (5007,)
GROUPS = ("239.255.11.11",)


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The module's information; more text may stand behind the magic one."""
    if not request.startswith(b'{ magic: "7B938F06-ACF1-45f0-8303-98AA8057739A" }'):
        return
    module = {
        "type": "Media Server", "id": "{00000000-0000-4000-8000-" + facts["id12"] + "}", "name": said["name"],
        "systemName": said["system"], "version": facts["firmware"], "customization": said["customization"],
        "port": 7001, "remoteAddresses": [facts["ip"]],
    }  # fmt: skip
    yield Answer(data=json.dumps({"reply": module} if said.get("wrapped") else module).encode())
