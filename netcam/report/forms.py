"""Which suffix asks for which form of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath

from netcam.errors import ConfigError
from netcam.model.report import Report
from netcam.safetext import visible


def _json(report: Report) -> bytes:
    from . import to_json

    return to_json.dump(report)


def _jsonl(report: Report) -> bytes:
    from . import to_jsonl

    return to_jsonl.dump(report)


def _html(report: Report) -> bytes:
    from . import to_html

    return to_html.dump(report)


def _csv(report: Report) -> bytes:
    from . import to_csv

    return to_csv.dump(report)


def _xlsx(report: Report) -> bytes:
    from . import to_xlsx

    return to_xlsx.dump(report)


def _markdown(report: Report) -> bytes:
    from . import to_markdown

    return to_markdown.dump(report)


# Imported when asked for: a command that writes no page needn't load a template engine.
FORMS: Mapping[str, Callable[[Report], bytes]] = {
    ".json": _json, ".html": _html, ".csv": _csv, ".jsonl": _jsonl, ".xlsx": _xlsx, ".md": _markdown,
}  # fmt: skip
BINARY = frozenset((".xlsx",))  # nothing for a terminal


def form_of(path_or_form: str) -> str:
    """The key of FORMS that a path, a suffix or a bare form name asks for; "-" is JSON.

    Raises:
        ConfigError: no form goes by that suffix.
    """
    if path_or_form == "-":
        return ".json"
    suffix = PurePath(path_or_form).suffix.lower()
    for form in (suffix, path_or_form.lower(), "." + path_or_form.lower()):
        if form in FORMS:
            return form
    raise ConfigError(f"{visible(path_or_form)}: the suffix picks the report's form, one of {', '.join(FORMS)}")


def render(report: Report, path_or_form: str) -> bytes:
    """The report in the form that `path_or_form` asks for.

    Raises:
        ConfigError: as `form_of`.
    """
    return FORMS[form_of(path_or_form)](report)
