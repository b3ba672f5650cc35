"""SIP OPTIONS as a user agent answers it on UDP 5060.

`said`: `user_agent`. The account in the answer is there to be left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..profile import filled
from . import Answer

PORTS = (5060,)
GROUPS: tuple[str, ...] = ()
_COPIED = ("via", "from", "to", "call-id", "cseq")


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """200 with the headers of the question and a name, to OPTIONS only."""
    line, *fields = request.decode("latin-1").split("\r\n")
    if not (line.startswith("OPTIONS sip:") and line.endswith(" SIP/2.0") and fields[-2:] == ["", ""]):
        return
    copied = [field for field in fields if field.partition(":")[0].lower() in _COPIED]
    name = filled(said["user_agent"], facts)
    head = [
        "SIP/2.0 200 OK", *copied, f"User-Agent: {name}", f"Contact: <sip:frontdoor@{facts['ip']}>",
        "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE", "Content-Length: 0", "", "",
    ]  # fmt: skip
    yield Answer(data="\r\n".join(head).encode("latin-1"))
