"""Text from strangers on its way to people: terminals, logs and spreadsheets.

Text from the network is stored decoded and bounded; it is made visible here, at the edge, by every renderer.
"""

from __future__ import annotations

import unicodedata

# Direction controls, joiners and other invisible formatting are printable to a terminal and change what the rest of the
# line looks like, so `str.isprintable` alone does not stop them (Unicode category Cf is not printable, but the
# variation selectors and tag characters of category Mn are).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def visible(text: str, limit: int = 200) -> str:
    """`text` with control, direction and invisible characters escaped, cut to `limit` characters.

    A cut text ends in an ellipsis. A run of combining marks longer than four is escaped from the fifth on,
    because a tower of marks covers the lines above it.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text  # nearly all of it, and reports hold a million such texts
    shown: list[str] = []
    marks = 0
    for c in text[:limit]:
        marks = marks + 1 if unicodedata.combining(c) else 0
        shown.append(c if c.isprintable() and marks <= 4 else c.encode("unicode_escape").decode("ascii"))
    return "".join(shown) + "…" * (len(text) > limit)


def cell(text: str, limit: int = 2000) -> str:
    """One CSV or spreadsheet cell that no spreadsheet takes for a formula.

    The guard looks past leading white space, because spreadsheets trim it before they decide.
    """
    guarded = text.lstrip(" \u00a0\u3000").startswith(_FORMULA)
    shown = visible(text, limit)
    return "'" + shown if guarded else shown


def bounded(raw: bytes | str, limit: int = 4096) -> str:
    """Device text as it is kept: decoded as UTF-8 with replacement, no lone surrogate, at most `limit` characters."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return text[:limit].encode("utf-8", "replace").decode("utf-8")
