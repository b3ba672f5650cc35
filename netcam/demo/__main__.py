"""`python -m netcam.demo [NAME]...`: emulated devices on loopback addresses until Ctrl-C; without names, the store."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence

from netcam.errors import ConfigError

from .emulator import PORT_SHIFT, EmulatedLan
from .profile import load_profiles
from .store import demo_store


async def serve(names: Sequence[str]) -> None:
    """Run the named devices, or all of them, until interrupted."""
    async with EmulatedLan.on_loopback(load_profiles(*names) if names else demo_store()) as lan:
        for device in lan.devices:
            sys.stdout.write(f"{device.ip:15} {device.profile.mac} {device.profile.name}\n")
        for what in lan.missing:
            sys.stderr.write(f"not available: {what}\n")
        sys.stdout.write(f"Ports below 1024 are moved up by {PORT_SHIFT}. Ctrl-C ends.\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(sys.argv[1:]))
    except ConfigError as error:
        sys.exit(str(error))
