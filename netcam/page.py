"""What every HTML page of netcam's has in common: texts made visible, and a policy that names its parts."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from netcam.safetext import visible

TEXT_LIMIT = 200  # characters shown of one text; the JSON has it whole


def template(package: str, name: str) -> str:
    """A file out of a package's `templates` folder."""
    return (files(package) / "templates" / name).read_text("utf-8")


def source_hash(text: str) -> str:
    """How a content security policy allows one inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def on_page(value: Any) -> Any:
    """What `{{ }}` puts on the page: every text made visible before autoescape sees it; None is nothing."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return "" if value is None else value
    return visible(value, TEXT_LIMIT)
