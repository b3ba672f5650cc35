"""What this process may do with raw frames, and giving up everything else."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import sys
from pathlib import Path

CAP_NET_RAW = 13  # include/uapi/linux/capability.h
NOBODY = 65534  # the kernel's own number for a user that owns nothing

_LAST_CAP = 63  # the widest set the kernel's two 32-bit words can hold
_CAP_VERSION_3 = 0x20080522
# prctl(2)
_PR_SET_KEEPCAPS, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 8, 24, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
# In a user namespace without a number for nobody, or in a container that withholds CAP_SETUID, the user can't change.
_NO_OTHER_USER = (errno.EPERM, errno.EINVAL)


def raw_frames() -> tuple[bool, str]:
    """Whether this process, and so a child of it, may open a packet socket; else the reason, one line for a person.

    Tried with protocol 0, a socket that receives nothing and is closed at once.
    """
    if not hasattr(socket, "AF_PACKET"):
        return False, f"raw frames are implemented for Linux only, not for {sys.platform}; --engine connect needs none"
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except PermissionError:
        program = os.path.realpath(sys.executable)  # setcap refuses links, and a virtual environment's python is one
        return False, (
            f"no CAP_NET_RAW: run as root, or allow it once with 'sudo setcap cap_net_raw+ep {program}'; "
            "everything but ARP and --engine syn works without it"
        )
    except OSError as e:
        return False, f"no packet socket: {e.strerror or e}"
    return True, ""


def effective_capabilities() -> int:
    """The capability set this process can use now, one bit each; 0 where there are no capabilities."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)


def keep_only(*capabilities: int) -> None:
    """Give up, for good, every capability but `capabilities`, and root's user and groups; Linux only.

    Root becomes nobody where the namespace knows such a user. Nothing executed later can gain anything back. What has
    to be imported or opened with more rights must be so already: nobody may not even be able to read the program.

    Raises:
        OSError: the kernel refused; the caller has to end.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def prctl(option: int, argument: int, *, tolerated: tuple[int, ...] = ()) -> None:
        if libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0) and ctypes.get_errno() not in tolerated:
            raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")

    for capability in range(_LAST_CAP + 1):
        if capability not in capabilities:
            # EPERM without CAP_SETPCAP, where no_new_privs alone has to do; EINVAL past the kernel's last one.
            prctl(_PR_CAPBSET_DROP, capability, tolerated=(errno.EPERM, errno.EINVAL))
    if os.geteuid() == 0:
        prctl(_PR_SET_KEEPCAPS, 1)
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        except OSError as e:
            if e.errno not in _NO_OTHER_USER:
                raise
        prctl(_PR_SET_KEEPCAPS, 0)
    kept = sum(1 << capability for capability in capabilities)
    words = [kept & 0xFFFFFFFF, kept >> 32]
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    # effective, permitted, inheritable for each word of the set
    data = (ctypes.c_uint32 * 6)(*(number for word in words for number in (word, word, 0)))
    if libc.capset(header, data):
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")
    prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, tolerated=(errno.EINVAL,))
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
