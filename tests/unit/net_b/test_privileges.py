import os
import socket
import subprocess
import sys

import pytest

from netcam.net import worker
from netcam.net.privileges import CAP_NET_RAW, raw_frames

AS_ROOT = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0, reason="needs root on Linux to give rights up"
)


def in_child(code):
    done = subprocess.run([sys.executable, "-c", code], env=worker._environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_refused_packet_socket_names_the_capability_and_how_to_get_it(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "AF_PACKET", 17, raising=False)
    monkeypatch.setattr(socket, "socket", refuse)
    granted, why = raw_frames()
    assert not granted
    assert "CAP_NET_RAW" in why
    assert f"setcap cap_net_raw+ep {os.path.realpath(sys.executable)}" in why
    assert "\n" not in why


def test_a_system_without_packet_sockets_is_named(monkeypatch):
    monkeypatch.delattr(socket, "AF_PACKET", raising=False)
    granted, why = raw_frames()
    assert not granted
    assert sys.platform in why


@AS_ROOT
def test_rights_given_up_are_gone_for_good_and_the_kept_one_works():
    assert in_child(
        "import os, socket\n"
        "from netcam.net.privileges import *\n"
        "from netcam.net import privileges\n"
        "privileges.keep_only(CAP_NET_RAW)\n"
        "print(privileges.effective_capabilities() == 1 << CAP_NET_RAW, raw_frames()[0])\n"
        "print(os.getresuid(), os.getgroups())\n"
        "try:\n    os.setuid(0)\nexcept PermissionError:\n    print('refused')\n"
    ) == ["True", "True", "(65534,", "65534,", "65534)", "[]", "refused"]
    assert CAP_NET_RAW == 13


@AS_ROOT
def test_with_nothing_kept_there_are_no_raw_frames():
    assert in_child(
        "from netcam.net import privileges\n"
        "privileges.keep_only()\n"
        "print(privileges.effective_capabilities(), *privileges.raw_frames())\n"
    )[:4] == ["0", "False", "no", "CAP_NET_RAW:"]


@AS_ROOT
def test_in_a_user_namespace_without_nobody_the_capabilities_go_all_the_same():
    code = (
        "from netcam.net import privileges\nprivileges.keep_only()\nprint(privileges.effective_capabilities())\n"
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", sys.executable, "-c", code],
        env=worker._environment(), capture_output=True, text=True,
    )
    if "unshare failed" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.stdout.strip() == "0", done.stderr
