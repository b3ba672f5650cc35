"""What people install: the sdist, the wheel made from it, and the program in an environment of its own."""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.packaging, pytest.mark.xdist_group("packaging"), pytest.mark.timeout(600)]

REPOSITORY = Path(__file__).resolve().parents[2]
# Neither this checkout nor whoever starts the tests is seen by an installed copy.
PLAIN = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}


def run(*command, cwd):
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=PLAIN, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """Skips where no package registry answers: without one nothing can be built or installed."""
    ask = ["download", "--quiet", "--no-deps", "--dest", str(tmp_path_factory.mktemp("try")), "hatchling"]
    tried = subprocess.run(
        [sys.executable, "-m", "pip", *ask],
        env=PLAIN, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300, check=False,
    )  # fmt: skip
    if tried.returncode:
        pytest.skip(f"no package registry here: {tried.stderr.strip().splitlines()[-1:]}")


@pytest.fixture(scope="session")
def artefacts(registry, tmp_path_factory):
    """The sdist, and the wheel that was built from it alone."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, REPOSITORY, cwd=folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="session")
def wheel(artefacts):
    with zipfile.ZipFile(artefacts[1]) as archive:
        yield archive


def environment(folder):
    """An empty environment; its Python."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    return folder / "bin" / "python"


def install(python, *what):
    run(
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install", "--quiet", *what,
        cwd=python.parent,
    )  # fmt: skip


@pytest.fixture(scope="session")
def installed(artefacts, tmp_path_factory):
    """The command `netcam` of the wheel, installed with all it needs in an empty environment."""
    python = environment(tmp_path_factory.mktemp("full") / "env")
    install(python, artefacts[1])
    return python.with_name("netcam")


def kept(folder, *patterns):
    """The files of the checkout that match, as paths below `folder`."""
    top = REPOSITORY / folder
    return {path.relative_to(top).as_posix() for pattern in patterns for path in top.glob(pattern)}


def test_the_wheel_has_every_signature_list_and_the_oui_data(wheel):
    inside = "netcam/_data/signatures/"
    packed = {name.removeprefix(inside) for name in wheel.namelist() if name.startswith(inside)}
    wanted = kept("signatures", "*.toml", "vendors/*.toml", "generic/*.toml", "lists/*.toml", "oui.txt.gz")
    assert wanted - packed == set()
    assert {"vocabulary.toml", "oui.txt.gz", "vendors/hikvision.toml", "lists/us-ndaa-889.toml"} <= packed


def test_the_wheel_has_all_code_and_the_files_that_the_demo_and_the_page_are_made_from(wheel):
    packed = {name.removeprefix("netcam/") for name in wheel.namelist()}
    wanted = kept("netcam", "**/*.py", "demo/profiles/*.toml", "demo/certs/*.pem", "report/templates/*.*", "py.typed")
    assert wanted - packed == set()
    assert {"py.typed", "demo/profiles/makers.toml", "demo/certs/bosch.pem", "report/templates/report.css"} <= packed


def test_the_wheel_holds_nothing_but_netcam_under_its_own_licence(wheel):
    for name in wheel.namelist():
        assert name.startswith(("netcam/", "netcam-")), name
        assert "__pycache__" not in name
        assert b"GNU GENERAL PUBLIC LICENSE" not in wheel.read(name).upper(), name
    metadata = next(wheel.read(name).decode() for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    assert "\nLicense-Expression: MIT\n" in metadata
    assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())
    entry = next(wheel.read(name).decode() for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "netcam = netcam.cli:main" in entry


def test_the_sdist_has_what_a_distributor_needs_to_build_and_test(artefacts):
    with tarfile.open(artefacts[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"pyproject.toml", "LICENSE", "README.md", "run.py", "signatures/vocabulary.toml", "netcam/pipeline.py"}
    assert wanted <= names
    assert any(name.startswith("tests/") for name in names)
    assert not any(part in name for name in names for part in (".venv", "__pycache__", "_cache/", ".git/"))


def test_installed_with_all_it_needs_it_runs_from_any_folder(installed, tmp_path):
    assert run(installed, "--version", cwd=tmp_path).startswith("netcam ")
    assert "in order" in run(installed, "signatures", "check", cwd=tmp_path)
    assert "in order" in run(installed, "lists", "check", cwd=tmp_path)
    run(installed, "demo", "--quiet", cwd=tmp_path)
    report = json.loads((tmp_path / "netcam-demo.json").read_text("utf-8"))
    assert sum(device["is_cctv"] is True for device in report["devices"]) >= 20
    assert "Maker" in (tmp_path / "netcam-demo.html").read_text("utf-8")


def test_the_installed_copy_knows_the_same_as_the_checkout(installed, tmp_path):
    here = run(sys.executable, "-m", "netcam", "signatures", "list", cwd=REPOSITORY)
    assert run(installed, "signatures", "list", cwd=tmp_path) == here


def test_the_command_line_starts_without_the_libraries_it_may_not_load(installed, tmp_path):
    code = "import sys, netcam.cli; print(sorted({'scapy', 'nmap', 'zeroconf', 'requests', 'rich'} & set(sys.modules)))"
    assert run(installed.with_name("python"), "-c", code, cwd=tmp_path) == "[]\n"


def test_a_checkout_installs_by_pip_into_an_empty_environment(registry, tmp_path):
    python = environment(tmp_path / "env")
    install(python, "--no-deps", REPOSITORY)
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    # What netcam needs is lent by this environment; netcam itself is not, since lent folders have no .pth files.
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run(python, "-c", "import netcam; print(netcam.__file__)", cwd=tmp_path)
    assert where.startswith(str(tmp_path / "env"))
    assert "in order" in run(python.with_name("netcam"), "signatures", "check", cwd=tmp_path)
