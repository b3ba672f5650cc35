"""The answers of a device record as comparing and telling want them."""

from __future__ import annotations

from .report import DeviceRecord

_COMPANIES = ("manufacturer", "brand")


def compared(device: DeviceRecord, field: str) -> object:
    """What two records are compared by: of a company its id, whatever it is called and however sure that is."""
    value = getattr(device, field)
    return value.id if field in _COMPANIES and value is not None else value


def in_words(device: DeviceRecord, field: str) -> str | None:
    """The same for people: a company's name, yes or no; None where nobody could tell."""
    value = getattr(device, field)
    if field == "is_cctv":
        return None if value is None else "yes" if value else "no"
    if field in _COMPANIES and value is not None:
        return str(value.name)
    return None if value is None else str(value)
