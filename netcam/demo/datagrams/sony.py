"""The search protocol of Sony's network cameras: the encoder side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netcam.demo.datagrams import Answer

PORTS = (2380,)
GROUPS: tuple[str, ...] = ()


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """Every documented line, broadcast to the port that asked; `said` overrides lines by their name."""
    if request != b"\x02ENQ:allinfo\xff\x03":
        return
    lines = {
        "MAC": facts["mac_hyphen"], "MODEL": facts["model"], "SERIAL": facts["serial"], "INFO": "allinfo",
        "DHCP": "OFF", "IPADR": facts["ip"], "MASK": "255.255.255.0", "GATEWAY": facts["gateway"],
        "DNSAUTO": "OFF", "DNS1": "", "DNS2": "", "WEBPORT": "80", "TIME": "260115100000000", "TIMEZONE": "0",
        "DTFORMAT": "ymd", "SOFTVERSION": facts["firmware"], **said,
    }  # fmt: skip
    told = b"".join(f"{name}:{value}".encode() + b"\xff" for name, value in lines.items())
    yield Answer(data=b"\x02" + told + b"\x03", to="broadcast")
