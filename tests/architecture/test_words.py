"""What the project says, and what it doesn't."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "netcam"
FILES = sorted(PACKAGE.rglob("*.py"))
TEXT = (".py", ".toml", ".md", ".j2", ".html", ".css", ".js", ".cfg", ".yml", ".yaml", ".txt", ".sh")
FOLDERS = ("netcam", "signatures", "tests", "docs", "benchmarks", ".github")
JUDGING = re.compile(r"\b(banned|unsafe|(?:non-?)?compliant|compliance)\b", re.IGNORECASE)
# Spelt in parts, so that this file isn't found by its own search.
HOSTS = re.compile(
    "|".join(
        (
            "pypi" + r"\.org",
            "files" + r"\.pythonhosted",
            "registry" + r"\.npmjs",
            "proxy" + r"\.golang",
            "crates" + r"\.io",
        )
    )
)
PLACES = re.compile(r"(?<![\w./:-])/(?:" + "|".join(("work", "root", "home/" + r"\w+", "tmp" + r"/\w+")) + r")/")
# Ids that may stand in a file all the same.
EXAMPLES = {("netcam/cli/knowing.py", "hikvision")}  # in the help: `netcam signatures show hikvision`


def texts():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in TEXT and path.is_file() and "__pycache__" not in path.parts:
                yield path, path.read_text("utf-8", "replace")
    for name in ("README.md", "CHANGELOG.md", "pyproject.toml", "run.py"):
        if (ROOT / name).is_file():
            yield ROOT / name, (ROOT / name).read_text("utf-8")


def where(path, text, hit):
    return f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, hit.start()) + 1}: {hit[0]}"


def public(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_every_module_and_every_public_name_says_what_it_promises(file):
    tree = ast.parse(file.read_text("utf-8"))
    assert ast.get_docstring(tree) or not tree.body, f"{file.relative_to(ROOT)}: no docstring"
    bare = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {node.name}" for node in public(tree) if not ast.get_docstring(node)
    ]
    assert bare == []


def vendor_words():
    for path in sorted((ROOT / "signatures" / "vendors").glob("*.toml")):
        vendor = tomllib.loads(path.read_text("utf-8"))["vendor"]
        if vendor.get("builds") and len(vendor["id"]) >= 5:
            yield vendor["id"]


def test_no_vendor_is_named_in_code_outside_its_probes_and_the_demo():
    names = re.compile(r"\b(" + "|".join(sorted(vendor_words())) + r")\b", re.IGNORECASE)
    found = []
    for file in FILES:
        part, text = file.relative_to(PACKAGE).parts, file.read_text("utf-8")
        if part[:2] != ("probes", "vendor") and part[0] != "demo":
            path = file.relative_to(ROOT).as_posix()
            found += [where(file, text, hit) for hit in names.finditer(text) if (path, hit[0]) not in EXAMPLES]
    assert found == []


def test_nothing_is_called_banned_or_the_like():
    found = [
        where(path, text, hit)
        for path, text in texts()
        if path.relative_to(ROOT).parts[0] != "tests"
        for hit in JUDGING.finditer(text)
    ]
    assert found == []


def test_no_registry_and_no_place_on_somebody_s_machine_is_named():
    found = [
        where(p, text, hit) for p, text in texts() for pattern in (HOSTS, PLACES) for hit in pattern.finditer(text)
    ]
    assert found == []


def test_no_request_to_a_device_ever_carries_credentials():
    """What `exports` sends goes to its user's own systems, and nothing that speaks to devices may import it."""
    header = re.compile(
        r"""["'](?:proxy-)?authorization["']\s*[:\]]|\bauth=(?!None)\w|HTTPBasicAuth|HTTPDigestAuth""", re.I
    )
    files = [f for f in FILES if f.relative_to(PACKAGE).parts[0] != "exports"]
    found = [where(f, text, hit) for f in files for text in [f.read_text("utf-8")] for hit in header.finditer(text)]
    assert found == []
