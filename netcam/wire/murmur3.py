"""MurmurHash3 x86 32-bit (public domain, Austin Appleby), for the favicon hashes that search engines publish."""

from __future__ import annotations

import base64

_C1, _C2, _MASK = 0xCC9E2D51, 0x1B873593, 0xFFFFFFFF


def murmur3_32(data: bytes, seed: int = 0) -> int:
    """The hash as a signed 32-bit number."""
    h = seed
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        h ^= _mixed(int.from_bytes(data[at : at + 4], "little"))
        h = (_rotated(h, 13) * 5 + 0xE6546B64) & _MASK
    if whole < len(data):
        h ^= _mixed(int.from_bytes(data[whole:], "little"))
    h ^= len(data)
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & _MASK
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & _MASK
    h ^= h >> 16
    return h - (1 << 32) if h >> 31 else h


def favicon_mmh3(icon: bytes) -> int:
    """The hash over the icon's base64 text with a line break after every 76 characters and at the end."""
    return murmur3_32(base64.encodebytes(icon))


def _mixed(k: int) -> int:
    return (_rotated((k * _C1) & _MASK, 15) * _C2) & _MASK


def _rotated(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & _MASK
