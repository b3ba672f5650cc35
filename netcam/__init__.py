"""netcam finds the CCTV devices on a LAN, proves who made each one, and holds the maker against official lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from netcam.pipeline import Settings, identify, rejudge, scan

__all__ = ["Settings", "__version__", "identify", "rejudge", "scan"]


def __getattr__(name: str) -> Any:
    # The supported surface is loaded on first use, so that `netcam --help` imports none of it.
    if name in __all__:
        from netcam import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'netcam' has no attribute {name!r}")
