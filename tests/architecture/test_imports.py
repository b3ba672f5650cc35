"""Who may import whom, held against the syntax trees."""

import ast
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "netcam"
BASE = ("netcam.model", "netcam.errors", "netcam.safetext")
DATA = ("netcam.datafiles", "netcam.kept")
EVERYTHING = ("netcam",)
# Part of the tree, longest match first -> what of netcam and of outside libraries it may import.
ALLOWED = {
    "model": (("netcam.model",), ()),
    "errors.py": ((), ()),
    "safetext.py": ((), ()),
    "kept.py": ((), ()),
    "page.py": (("netcam.safetext",), ("markupsafe",)),
    "datafiles.py": ((*BASE, "netcam.kept"), ("msgspec",)),
    "wire": ((*BASE, "netcam.wire"), ()),
    "probes": ((*BASE, "netcam.wire", "netcam.probes"), ()),
    "net": ((*BASE, "netcam.wire", "netcam.probes.base", "netcam.net"), ()),
    "net/http.py": ((*BASE, "netcam.wire", "netcam.probes.base", "netcam.net"), ("requests", "urllib3")),
    "net/http_session.py": ((*BASE, "netcam.wire", "netcam.probes.base", "netcam.net"), ("requests", "urllib3")),
    "net/mdns.py": ((*BASE, "netcam.wire", "netcam.probes.base", "netcam.net"), ("zeroconf",)),
    "net/interfaces.py": ((*BASE, "netcam.net"), ("ifaddr",)),
    "net/l2_worker.py": (("netcam.net.privileges",), ("scapy",)),
    "net/pcap_worker.py": (("netcam.net.privileges", "netcam.net.frame_lines"), ("scapy",)),
    "net/listen_worker.py": (("netcam.net.privileges", "netcam.net.frame_lines"), ("scapy",)),
    "net/nmap_worker.py": (("netcam.net.privileges",), ("nmap",)),
    "discovery": ((*BASE, "netcam.wire", "netcam.net", "netcam.probes", "netcam.discovery"), ()),
    "imports": ((*BASE, "netcam.wire", "netcam.probes", "netcam.imports"), ()),
    "engine": ((*BASE, *DATA, "netcam.engine"), ("msgspec", "re2")),
    "policy": ((*BASE, *DATA, "netcam.policy"), ("msgspec",)),
    "advisories": ((*BASE, *DATA, "netcam.engine", "netcam.advisories"), ("msgspec",)),
    "report": ((*BASE, *DATA, "netcam.page", "netcam.report"), ("jinja2", "markupsafe", "msgspec", "rich")),
    "report/to_xlsx.py": ((*BASE, *DATA, "netcam.report"), ("xlsxwriter",)),
    "tracking": ((*BASE, "netcam.tracking"), ()),
    "history": ((*BASE, "netcam.tracking", "netcam.history"), ("sqlalchemy", "alembic", "msgspec")),
    "programme": (
        (*BASE, *DATA, "netcam.tracking", "netcam.page", "netcam.programme"),
        ("jinja2", "markupsafe", "msgspec"),
    ),
    "exports": ((*BASE, "netcam.report", "netcam.exports"), ("msgspec", "requests")),
    "exports/http.py": ((*BASE, "netcam.exports"), ("requests", "urllib3")),
    "exports/to_netbox.py": ((*BASE, "netcam.report", "netcam.exports"), ("pynetbox", "requests")),
    "exports/to_apprise.py": ((*BASE, "netcam.report", "netcam.exports"), ("apprise",)),
    "config": ((*BASE, *DATA, "netcam.config"), ("msgspec",)),
    "schedule": ((*BASE, "netcam.config", "netcam.schedule"), ()),
    "demo": ((*BASE, "netcam.wire", "netcam.demo"), ()),
    "cli": (EVERYTHING, ("click", "rich")),
    "__init__.py": (EVERYTHING, ()),
    "__main__.py": (EVERYTHING, ()),
    "pipeline.py": (EVERYTHING, ()),
    "knowledge.py": (EVERYTHING, ()),
    "masked.py": ((*BASE,), ()),
    "bundle.py": (EVERYTHING, ("msgspec",)),
    "draft.py": (EVERYTHING, ()),
    "intake.py": (EVERYTHING, ()),
    "heard.py": (EVERYTHING, ()),
    "imported.py": (EVERYTHING, ()),
}
FILES = sorted(PACKAGE.rglob("*.py"))


def rule(file):
    path = file.relative_to(PACKAGE).as_posix()
    while path not in ALLOWED:
        assert "/" in path, f"{file.relative_to(PACKAGE)} has no line in the import table"
        path = path.rpartition("/")[0]
    return ALLOWED[path]


def imports(file):
    """(line, full name) of every import, those inside functions too."""
    package = ["netcam", *file.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{name}.{alias.name}") for alias in node.names)


def within(name, allowed):
    return any(name == a or name.startswith(f"{a}.") for a in allowed)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_a_file_imports_only_what_the_table_allows_its_part(file):
    own, outside = rule(file)
    for line, name in imports(file):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or name == "netcam.__version__":
            continue
        allowed = own if top == "netcam" else outside
        assert within(name, allowed), f"{file.relative_to(PACKAGE)}:{line}: imports {name}"


@pytest.mark.parametrize(
    "library", ["scapy", "nmap", "zeroconf", "ifaddr", "requests", "urllib3", "re2", "jinja2", "xlsxwriter"]
)
def test_an_outside_library_is_used_where_the_table_says(library):
    users = {f.relative_to(PACKAGE).as_posix() for f in FILES for _, n in imports(f) if n.partition(".")[0] == library}
    owners = {
        "scapy": {"net/l2_worker.py", "net/pcap_worker.py", "net/listen_worker.py"},
        "nmap": {"net/nmap_worker.py"},
        "zeroconf": {"net/mdns.py"},
        "ifaddr": {"net/interfaces.py"},
        "requests": {"net/http.py", "net/http_session.py", "exports/http.py"},
        "urllib3": {"net/http.py", "net/http_session.py", "exports/http.py"},
        "re2": {"engine/patterns.py"},
        "jinja2": {"report/to_html.py", "programme/to_html.py"},
        "xlsxwriter": {"report/to_xlsx.py"},
    }[library]
    assert users
    assert users <= owners


@pytest.mark.parametrize(
    "part",
    ["model", "wire", "probes", "engine", "policy", "advisories", "report", "discovery", "demo", "cli", "imports"],
)
def test_no_socket_is_opened_outside_net_but_the_emulated_devices(part):
    opens = {
        "socket",
        "create_connection",
        "create_server",
        "open_connection",
        "open_unix_connection",
        "create_datagram_endpoint",
    }
    for file in (PACKAGE / part).rglob("*.py"):
        if part == "demo":
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in opens:
                pytest.fail(f"{file.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node.func)}")


def loaded_by(code):
    """The top-level modules that a fresh interpreter holds after `code`."""
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(' '.join({{m.partition('.')[0] for m in sys.modules}}))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    return set(shown.stdout.splitlines()[-1].split())


def test_help_loads_none_of_the_heavy_libraries():
    code = (
        "from netcam.cli import main\nsys.argv = ['netcam', '--help']\n"
        "try:\n    main()\nexcept SystemExit as e:\n    assert not e.code"
    )
    assert not loaded_by(code) & {
        "scapy", "requests", "urllib3", "zeroconf", "nmap", "jinja2", "ifaddr", "re2",
        "sqlalchemy", "alembic", "psycopg",
    }  # fmt: skip


def test_a_scan_that_is_not_saved_loads_no_database():
    code = "import netcam.cli.scanning, netcam.cli.reading, netcam.cli.past, netcam.pipeline"
    assert not loaded_by(code) & {"sqlalchemy", "alembic", "psycopg"}


def test_the_command_line_loads_neither_scapy_nor_nmap():
    assert not loaded_by("import netcam.cli, netcam.pipeline") & {"scapy", "nmap"}


def test_the_package_itself_loads_nothing():
    assert not loaded_by("import netcam") & {"msgspec", "click", "rich", "asyncio"}


def test_urllib3_is_a_release_and_no_patched_copy():
    assert all(int(part) < 900 for part in version("urllib3").split(".")[2:3])


def test_no_two_test_modules_share_a_name():
    names = [p.name for p in (PACKAGE.parent / "tests").rglob("*.py") if p.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))
