"""The store that `netcam demo` shows: CCTV devices of many makers among the other things on a shop's network."""

from __future__ import annotations

from .profile import Profile, profile_files, read_profiles

HOSTILE_FILE = "hostile"


def demo_store() -> tuple[Profile, ...]:
    """Every honest device, in a fixed order; the first one belongs to FIRST_ADDRESS."""
    honest = (file for file in profile_files() if file != HOSTILE_FILE)
    return tuple(profile for file in honest for profile in read_profiles(file))


def hostile_devices() -> tuple[Profile, ...]:
    """Devices that lie, break or drag on; for tests."""
    return read_profiles(HOSTILE_FILE)
