"""A PostgreSQL server of a test's own: in a folder that is removed, on a socket in it, started and stopped at will."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path


def programs():
    """The folder of initdb and pg_ctl, the newest where there are several; None where there is none."""
    found = shutil.which("initdb")
    if found and shutil.which("pg_ctl"):
        return Path(found).parent
    # Debian keeps them out of PATH, one folder for each version.
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda folder: int(folder.split("/")[4]))
    return Path(folders[-1]) if folders and Path(folders[-1], "initdb").exists() else None


def why_not():
    """Why no server can be had here, or None."""
    if programs() is None:
        return "PostgreSQL is not installed"
    return None if os.geteuid() != 0 or _someone() else "PostgreSQL does not run as root, and there is nobody else"


def _someone():
    """A user without rights, since PostgreSQL refuses root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


class Server:
    """A cluster of its own; `url` leads to its empty database."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="nc-pg-"))  # short: a socket's path has about a hundred characters
        self.user = {}
        if os.geteuid() == 0:
            owner = _someone()
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self.run("initdb", "-D", self.folder / "data", "-U", "keeper", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        self.start()

    @property
    def url(self):
        return f"postgresql://keeper@/postgres?host={self.folder}"

    def run(self, program, *args):
        done = subprocess.run(
            [programs() / program, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60, check=False, cwd=self.folder,
            env={"PATH": os.environ["PATH"]}, **self.user,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self):
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self.run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-o", options, "start")

    def stop(self, mode="fast"):
        """`immediate` is a crash: the server leaves everything as it is, and mends it at the next start."""
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-m", mode, "stop")

    def close(self):
        self.stop("immediate")
        shutil.rmtree(self.folder)
