"""Text as captured -> values that can be compared: dates, firmware, models, names."""

from __future__ import annotations

import re
from datetime import date

_GLUED = re.compile(r"build[ :_]*(\d{4}-\d\d-\d\d|\d{8}|\d{6})\b", re.IGNORECASE)
# Dahua writes the build date as the last dotted part behind the release letter: 2.800.0000000.16.R.210716.
_AFTER_RELEASE = re.compile(r"\.[RT]\.(\d{8}|\d{6})$")


def normal_date(text: str) -> str | None:
    """ISO date of YYMMDD, YYYYMMDD, YYYY-MM-DD or YYYY/MM/DD; None for anything that is no day between 2000 and 2099."""
    digits = re.sub(r"\D", "", text)
    if len(digits) == 6:
        digits = "20" + digits
    if len(digits) != 8:
        return None
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return day.isoformat() if 2000 <= day.year < 2100 else None


def split_firmware(text: str) -> tuple[str, str | None]:
    """(version, build date or None): "V5.7.1 build 220412" -> ("V5.7.1", "2022-04-12").

    A build text that is no date stays in the version, so nothing is lost.
    """
    text = " ".join(text.split())
    for shape in (_GLUED, _AFTER_RELEASE):
        if (found := shape.search(text)) and (day := normal_date(found[1])):
            version = text[: found.start()].rstrip(" ,._-")
            if shape is _AFTER_RELEASE:
                version = text[: found.start()] + text[found.start() : found.start() + 2]
            return version or text, day
    return text, None


def name_key(text: str) -> str:
    """A company or badge name for comparison: letters and digits alone, case folded."""
    return re.sub(r"[\W_]+", "", text.casefold())


def model_key(text: str) -> str:
    """A model for comparison: upper case, no spaces."""
    return re.sub(r"\s+", "", text.upper())


_PLACEHOLDERS = frozenset(
    ("", "NA", "N/A", "NONE", "NULL", "UNKNOWN", "DEFAULT", "MODEL", "IPC", "IPCAMERA", "NVR", "DVR")
)


def placeholder_model(text: str) -> bool:
    """Whether a model text names a kind of device rather than a model."""
    return name_key(text).upper() in _PLACEHOLDERS


def without_maker(model: str, names: tuple[str, ...]) -> str:
    """`model` without a leading company name: "HIKVISION DS-2CD2385G1-I" -> "DS-2CD2385G1-I".

    The name has to be followed by a space, hyphen or underscore, so that "AXISCAM" stays whole.
    """
    text = model.strip()
    for name in sorted(names, key=len, reverse=True):
        if text.casefold().startswith(name.casefold()) and text[len(name) : len(name) + 1] in (" ", "-", "_"):
            rest = text[len(name) + 1 :].strip()
            return rest or text
    return text
