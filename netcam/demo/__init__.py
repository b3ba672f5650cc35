"""Emulated CCTV devices and neighbours on loopback addresses, for `netcam demo` and for tests."""

from .emulator import FIRST_ADDRESS, PORT_SHIFT, Device, EmulatedLan, Received, shifted
from .profile import Profile, Truth, load_profiles
from .store import demo_store, hostile_devices

__all__ = [
    "FIRST_ADDRESS", "PORT_SHIFT", "Device", "EmulatedLan", "Profile", "Received", "Truth", "demo_store",
    "hostile_devices", "load_profiles", "shifted",
]
