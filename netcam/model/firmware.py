"""How old a firmware is."""

from __future__ import annotations

from datetime import date


def firmware_age_days(built: str | None, on: date) -> int | None:
    """Whole days from a build day (ISO, as `firmware_date` has it) to the day `on`.

    None where no build day is known, or where it lies after `on`: then one of the two clocks is wrong.
    """
    try:
        days = (on - date.fromisoformat(built or "")).days
    except ValueError:
        return None
    return days if days >= 0 else None
