"""The store that `netcam demo` shows: CCTV devices of many makers among the other things on a shop's network."""

from __future__ import annotations

from .profile import Profile, read_profiles

# One shop's worth: the further files hold a device for every discovery protocol, for tests.
STORE_FILES = ("dahua", "hikvision", "makers", "neighbours", "platforms")
HOSTILE_FILE = "hostile"


def demo_store() -> tuple[Profile, ...]:
    """The devices of the demo, in a fixed order; the first one belongs to FIRST_ADDRESS."""
    return tuple(profile for file in STORE_FILES for profile in read_profiles(file))


def hostile_devices() -> tuple[Profile, ...]:
    """Devices that lie, break or drag on; for tests."""
    return read_profiles(HOSTILE_FILE)
