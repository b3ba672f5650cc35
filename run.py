"""Run netcam from a fresh clone; needs nothing but Python 3.11 (standard library only).

python3 run.py demo                  the demo; any other netcam command likewise: python3 run.py scan 10.0.0.0/24
python3 run.py test [PYTEST ARGS]    every check of the project: ruff, mypy, the signatures, the lists, the tests

The first run makes .venv beside this file and installs the project there. Later runs start at once, until
pyproject.toml changes.
"""

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from hashlib import sha256
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it may have any Python
    sys.exit(f"netcam needs Python 3.11 or newer, and this is {sys.version.split()[0]}; try: python3.11 run.py")

HERE = Path(__file__).resolve().parent
ENV = HERE / ".venv"
BIN = ENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = ENV / ".netcam-installed"

# Programs that tests run, each with the Debian package that has it and what is skipped without it.
TEST_PROGRAMS = {
    "chromium": ("chromium", "the HTML report in a real browser"),
    "ip": ("iproute2", "LANs in network namespaces"),
    "nft": ("nftables", "devices behind a packet filter"),
    "nmap": ("nmap", "--engine nmap"),
    "nsenter": ("util-linux", "scans inside a namespace"),
    "pg_ctlcluster": ("postgresql", "a history in PostgreSQL"),
    "setpriv": ("util-linux", "what an unprivileged user gets"),
    "unshare": ("util-linux", "LANs in network namespaces"),
}

# Servers that stand beside the emulated cameras, each in a namespace of its own; all skip the same tests.
TEST_SERVERS = {
    "apache2": "apache2-bin",
    "avahi-daemon": "avahi-daemon",
    "cupsd": "cups-daemon",
    "dnsmasq": "dnsmasq-base",
    "dropbear": "dropbear-bin",
    "gst-launch-1.0": "gstreamer1.0-tools gstreamer1.0-plugins-good gir1.2-gst-rtsp-server-1.0 python3-gi",
    "haproxy": "haproxy",
    "icecast2": "icecast2",
    "inetutils-inetd": "inetutils-inetd inetutils-telnetd",
    "lighttpd": "lighttpd",
    "llmnrd": "llmnrd",
    "mini_httpd": "mini-httpd",
    "minidlnad": "minidlna",
    "mosquitto": "mosquitto",
    "nginx": "nginx-light",
    "redis-server": "redis-server",
    "rsync": "rsync",
    "smbd": "samba",
    "snmpd": "snmpd",
    "sshd": "openssh-server",
    "vsftpd": "vsftpd",
    "wsdd": "wsdd",
}

CHECKS = {
    "ruff": ["ruff", "check", "."],
    "mypy": ["mypy"],
    "signatures": ["netcam", "signatures", "check"],
    "lists": ["netcam", "lists", "check"],
}
# Last, so that the count of passed tests is the last line; -rs says why a test was skipped. Most tests wait for devices
# to answer or to stay silent, so four workers suit two processors; tests that share an emulated network stay together.
PYTEST = ["pytest", "-rs", "--numprocesses=4", "--dist=loadgroup"]


def main(args: list) -> int:
    if not args or args[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if args else 2
    if args[0] == "test":
        return test(args[1:])
    install(dev=False)
    command = [str(BIN / "netcam"), *args]
    if os.name == "nt":
        return subprocess.call(command)
    return os.execv(command[0], command)  # noqa: S606 - Ctrl-C and the exit code are to be netcam's own


def test(pytest_args: list) -> int:
    """Run every check, whatever the others said; returns the tests' exit code, else that of the first that failed."""
    install_programs()
    install(dev=True)
    os.chdir(HERE)
    failed = {}
    for name, command in CHECKS.items():
        say(" ".join(command))
        code = run(command)
        if code:
            failed[name] = code
    say(" ".join([*PYTEST, *pytest_args]))
    tests = run([*PYTEST, *pytest_args])
    for name in failed:
        say(f"failed: {' '.join(CHECKS[name])} (see above)")
    return tests or next(iter(failed.values()), 0)


def run(command: list) -> int:
    return subprocess.call([str(BIN / command[0]), *command[1:]], stdin=subprocess.DEVNULL)


def install(dev: bool) -> None:
    """Make .venv and install the project in it, unless that was done with this pyproject.toml, folder and Python."""
    stamp = STAMP.read_text().split() if STAMP.exists() else []
    if stamp[:1] == [basis()] and (not dev or "dev" in stamp):
        return
    dev = dev or "dev" in stamp
    STAMP.unlink(missing_ok=True)
    make_environment()
    say(f"installing netcam{' and the tools of its tests' if dev else ''} in {ENV}; this happens once")
    project = f"{HERE}[dev]" if dev else str(HERE)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--editable", project]
    if subprocess.call(pip, stdin=subprocess.DEVNULL):
        sys.exit("run.py: the installation failed; pip says why above")
    STAMP.write_text(f"{basis()} dev" if dev else basis())


def basis() -> str:
    """What an installation depends on, as a digest: pyproject.toml, this folder, and the Python behind .venv."""
    return sha256((HERE / "pyproject.toml").read_bytes() + f"{HERE} {PYTHON.resolve()}".encode()).hexdigest()


def make_environment() -> None:
    """An environment with pip in .venv; one that works is kept."""
    works = PYTHON.exists() and subprocess.call([str(PYTHON), "-c", ""]) == 0
    if works and subprocess.call([str(PYTHON), "-c", "import pip"], stderr=subprocess.DEVNULL) == 0:
        return
    if importlib.util.find_spec("ensurepip") is None:
        # Debian and its relatives leave this part out of python3.
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not apt_install([package]):
            sys.exit(f"run.py: this Python can't make environments; on Debian or Ubuntu: apt-get install {package}")
        importlib.invalidate_caches()
    venv.create(ENV, with_pip=True, symlinks=os.name != "nt", clear=not works)


def install_programs() -> None:
    """What TEST_PROGRAMS names and this machine lacks, where it can be installed; else say what is skipped."""
    missing = {name: TEST_PROGRAMS[name] for name in TEST_PROGRAMS if shutil.which(name) is None}
    if missing and not apt_install(sorted({package for package, _ in missing.values()})):
        for name, (package, what) in missing.items():
            say(f"no {name} (Debian package {package}): skips the tests of: {what}")
    install_servers()
    if os.name == "posix" and os.geteuid() != 0:
        say("not root: skips the tests that make network namespaces or give up privileges")


def install_servers() -> None:
    """What TEST_SERVERS names, where installing a server doesn't mean that it starts and serves this machine's network.

    That is so in containers whose policy-rc.d forbids it, and on machines that serve tests alone (CI); elsewhere they
    are installed by whoever wants them.
    """
    missing = [name for name in TEST_SERVERS if shutil.which(name) is None]
    packages = sorted({package for name in missing for package in TEST_SERVERS[name].split()})
    policy = Path("/usr/sbin/policy-rc.d")
    forbidden = policy.exists() and "exit 101" in policy.read_text()
    lent = os.environ.get("CI") == "true" and not policy.exists() and os.access(policy.parent, os.W_OK)
    if missing and lent:
        policy.write_text("#!/bin/sh\nexit 101\n")  # nothing that is installed now is started
        policy.chmod(0o755)
    quiet = (forbidden and not Path("/run/systemd/system").exists()) or lent
    installed = quiet and apt_install(packages) if missing else True
    if missing and lent:
        policy.unlink(missing_ok=True)
    if not installed:
        say(f"skips the tests beside these servers, which are not installed: {', '.join(missing)}")


def apt_install(packages: list) -> bool:
    """Whether apt-get installed them; it is only tried as root."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    say(f"installing system packages: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        # Its own output belongs to nobody's report: to standard error.
        if subprocess.call(["apt-get", "-qq", *command], stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment):
            return False
    return True


def say(text: str) -> None:
    print(f"run.py: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
