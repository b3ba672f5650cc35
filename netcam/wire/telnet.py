"""The text in what a telnet service sends first (RFC 854)."""

from __future__ import annotations

_IAC, _SB, _SE = 255, 250, 240
_WITH_OPTION = range(251, 255)  # WILL, WONT, DO, DONT


def speaks_telnet(raw: bytes) -> bool:
    """Whether the bytes hold option negotiation."""
    return any(raw[i] == _IAC and (raw[i + 1] in _WITH_OPTION or raw[i + 1] == _SB) for i in range(len(raw) - 1))


def strip_negotiation(raw: bytes) -> bytes:
    """`raw` without commands and option negotiation; a command that was cut is left out, a doubled 255 is one byte."""
    text = bytearray()
    i = 0
    while i < len(raw):
        if raw[i] != _IAC:
            text.append(raw[i])
            i += 1
            continue
        command = raw[i + 1] if i + 1 < len(raw) else None
        if command == _IAC:
            text.append(_IAC)
            i += 2
        elif command == _SB:
            end = raw.find(bytes((_IAC, _SE)), i + 2)
            i = len(raw) if end < 0 else end + 2
        else:
            i += 3 if command in _WITH_OPTION else 2
    return bytes(text)
