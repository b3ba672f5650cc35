"""Topsee boards on UDP 3001: the answer to a search, which goes to everybody, account included.

A real device sends it when a tool asks. Here it comes by itself, as if such a tool were at work somewhere, because
nobody in the lab may ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS: tuple[int, ...] = ()
GROUPS: tuple[str, ...] = ()
EVERY_S = 2.0


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """Nothing: these devices aren't asked."""
    return ()


def announcements(said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The answer to somebody's search."""
    told = (
        '<?xml version="1.0" encoding="GB2312" ?>\n<XML_TOPSEE>\n'
        '<MESSAGE_HEADER\nMsg_type="SYSTEM_SEARCHIPC_MESSAGE"\nMsg_code="3"\nMsg_flag="0"\n/>\n<MESSAGE_BODY>\n'
        f'<DEVICE_TYPE\nDeviceType="NVS-IPCAM-HISI"\nDeviceModule="{facts["model"]}"\n/>\n'
        f'<IPC_SERIALNUMBER\nSerialNumber="{facts["serial"]}"  PLATFORMID="" VERSION="{facts["firmware"]}"\n/>\n'
        f'<LANConfig\nMacAddress="{facts["mac"]}"\nDHCP="0"\nIPAddress="{facts["ip"]}"\nNetmask="255.255.255.0"\n/>\n'
        '<UserConfig>\n<Account\nUsername="account-constructed"\nPassword="word-constructed"\n'
        'Group="Administrator"\nStatus="Enable"\n/>\n</UserConfig>\n<MediaStreamConfig>\n'
        '<StreamAccess\nAuth="1"\nVideoPort="554"\nRTPOverRTSP="1"\nPTZPort="8091"\nWEBPort="80"\n/>\n'
        "</MediaStreamConfig>\n</MESSAGE_BODY>\n</XML_TOPSEE>\n"
    )
    yield Answer(data=told.encode("gb2312", "replace"), port=3001, to="broadcast")
