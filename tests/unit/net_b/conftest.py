"""Tests marked `netns` run again inside `unshare -n`: a network of their own, without a link to the machine's."""

import os
import subprocess
import sys

import pytest
from netns_lan import INSIDE


def _can_unshare():
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return False
    try:
        return subprocess.run(["unshare", "-n", "ip", "link"], capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.get_closest_marker("netns") is None or INSIDE in os.environ:
        return None
    if not _can_unshare():
        pytest.skip("needs root and network namespaces")
    again = subprocess.run(
        ["unshare", "-n", sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-x", pyfuncitem.nodeid],
        cwd=pyfuncitem.config.rootpath, env={**os.environ, INSIDE: "1"}, capture_output=True, text=True,
    )
    if again.returncode:
        pytest.fail(f"inside the namespace:\n{again.stdout}\n{again.stderr}", pytrace=False)
    return True
