"""The emulated store in a network namespace of its own, and the command line run beside it there."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from netcam.demo.emulator import FIRST_ADDRESS
from netcam.demo.store import demo_store

NETCAM = [sys.executable, "-m", "netcam"]
SERVER = Path(__file__).with_name("serve_store.py")
# Without root, a user namespace gives the rights that a namespace needs.
AS_ROOT = [] if os.geteuid() == 0 else ["--map-root-user"]
ENTER_AS_ROOT = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
# What a test runs must not depend on whose shell started it.
PLAIN = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONIOENCODING")}


def why_not():
    """Why no namespace can be made here, or None."""
    missing = [tool for tool in ("unshare", "nsenter") if shutil.which(tool) is None]
    if missing:
        return f"{missing[0]} is not installed"
    tried = subprocess.run(["unshare", "--net", *AS_ROOT, "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"no network namespaces here: {tried.stderr.strip()}"


def netcam(*args, prefix=(), env=None, timeout=100, **more):
    """`netcam ARGS` as a process; standard output, error and the exit code as text and number."""
    more = {"stdin": subprocess.DEVNULL, **more} if "input" not in more else more
    return subprocess.run(
        [*prefix, *NETCAM, *map(str, args)], capture_output=True, text=True, errors="replace", timeout=timeout,
        env={**PLAIN, **(env or {})}, check=False, **more,
    )  # fmt: skip


class StoreLan:
    """The store's devices at their true ports on the loopback of a new namespace, and nothing else."""

    def __init__(self):
        self.profiles = {f"127.77.0.{10 + n}": profile for n, profile in enumerate(demo_store())}
        assert next(iter(self.profiles)) == FIRST_ADDRESS
        self._process = subprocess.Popen(
            ["unshare", "--net", *AS_ROOT, sys.executable, str(SERVER)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=PLAIN,
        )  # fmt: skip
        if self._process.stdout.readline() != "ready\n":
            self.close()
            raise RuntimeError("the emulated store did not start")
        # unshare became the server by exec: its number is the one to enter.
        self.enter = [shutil.which("nsenter"), "--target", str(self._process.pid), "--net", *ENTER_AS_ROOT, "--"]

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()

    def ip(self, name):
        return next(ip for ip, profile in self.profiles.items() if profile.name == name)

    def record(self):
        """What every device received so far, by its address: dicts of transport, port, peer and data."""
        self._process.stdin.write("record\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def netcam(self, *args, prefix_more=(), **more):
        """`netcam ARGS` in the store's namespace."""
        return netcam(*args, prefix=[*self.enter, *prefix_more], **more)

    def scan(self, *args, **more):
        """A scan that reports to standard output; gives the report and the process."""
        done = self.netcam("scan", *args, "-o", "-", **more)
        return json.loads(done.stdout), done

    @contextlib.contextmanager
    def started(self, *args):
        """`netcam ARGS` running in the store's namespace."""
        process = subprocess.Popen(
            [*self.enter, *NETCAM, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=PLAIN,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()


def devices(report):
    """The devices of a report by address."""
    return {device["ip"]: device for device in report["devices"]}


def named(device):
    """Who a device is, as far as a report says."""
    return {
        "is_cctv": device["is_cctv"], "device_type": device["device_type"], "model": device["model"],
        "manufacturer": (device["manufacturer"] or {}).get("id"), "brand": (device["brand"] or {}).get("id"),
        "firmware": device["firmware"], "serial": device["serial"],
    }  # fmt: skip
