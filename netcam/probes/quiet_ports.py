"""TCP ports that are found open and left alone: nothing is written to them, by any probe.

Their services never speak first, so listening tells nothing, and some of them act on whatever arrives.
"""

from __future__ import annotations

from collections.abc import Mapping

_PRINTS = "raw printing: every byte sent is put on paper"
_SDK = "maker's own session port: silent, and a first message starts a login"
_CONTROL = "industrial control: an unexpected message may upset a machine"

QUIET_PORTS: Mapping[int, str] = {
    **dict.fromkeys(range(9100, 9108), _PRINTS),
    515: "line printer daemon: a request may start a job",
    1756: _SDK,
    4370: "access terminal: a first message opens a session",
    6036: _SDK,
    8091: "recorder board's SDK port: its answers hold accounts",
    9000: _SDK,
    34567: _SDK,
    35000: _SDK,
    37777: _SDK,
    37778: _SDK,
    102: _CONTROL,
    502: _CONTROL,
    2404: _CONTROL,
    20000: _CONTROL,
    44818: _CONTROL,
}
"""Port -> why it is only ever connected to."""
