"""The process that listens on one interface and sends nothing; a user of scapy, with CAP_NET_RAW and no other right.

`python -m netcam.net.listen_worker INTERFACE`, JSON lines on its pipes; any input, or its end, ends the listening.
The card's promiscuous mode stays off, so other stations' conversations are heard only where a switch mirrors them to us
and the card passes them on; multicast frames are taken whether or not somebody here joined the group. What it says::

    {"hello": "listen", "capabilities": 8192}
    {"frames": [[UNIX_SECONDS, LINK_TYPE, "base64 of at most 65535 bytes"], ...]}
    {"end": FRAMES, "cut": ""}                                  "cut" says that frames were lost
    {"error": "config"|"privilege"|"failed", "text": "..."}     and it ends
"""

from __future__ import annotations

import logging
import os
import select
import socket
import struct
import sys
import time
from typing import Any

from netcam.net.frame_lines import FRAME_LIMIT, Lines, say
from netcam.net.privileges import CAP_NET_RAW, effective_capabilities, keep_only

FLUSH_S = 0.25  # how long a heard frame may wait for company

_ETH_P_ALL = 0x0003
_ARPHRD_ETHER, _ARPHRD_LOOPBACK = 1, 772
_ETHERNET, _BARE_IP = 1, 101  # link types of capture files
# include/uapi/linux/if_packet.h
_SOL_PACKET, _ADD_MEMBERSHIP, _STATISTICS, _ALL_MULTICAST = 263, 1, 6, 2


def listen(interface: str) -> Any:
    """scapy's packet socket on the interface.

    Raises:
        OSError: no such interface, or no right.
    """
    from scapy.arch.linux import L2Socket

    opened = L2Socket(iface=interface, type=_ETH_P_ALL, promisc=False)
    member = struct.pack("IHH8x", socket.if_nametoindex(interface), _ALL_MULTICAST, 0)
    opened.ins.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, member)
    return opened


def serve(frames: Any, link_type: int) -> None:
    """Pass on every frame that comes in, until something is said to us."""
    lines = Lines()
    flushed = time.monotonic()
    while True:
        ready, _, _ = select.select([0, frames.ins], [], [], FLUSH_S)
        if frames.ins in ready:
            _, data, at = frames.recv_raw(FRAME_LIMIT)
            if data:  # frames that this machine sends come without any
                lines.add(None if at is None else float(at), link_type, data)
        if time.monotonic() - flushed >= FLUSH_S:
            lines.flush()
            flushed = time.monotonic()
        if 0 in ready:
            break
    lines.flush()
    _, dropped = struct.unpack("II", frames.ins.getsockopt(_SOL_PACKET, _STATISTICS, 8))
    say(end=lines.count, cut=f"{dropped} frames came faster than they could be read" if dropped else "")


def main() -> int:
    """Listen until the program has heard enough; the exit code."""
    (interface,) = sys.argv[1:]
    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    try:
        frames = listen(interface)
        hardware = frames.ins.getsockname()[3]
        keep_only(CAP_NET_RAW)
    except ImportError as error:
        say(error="config", text=f"listening needs scapy: pip install scapy ({error})")
        return 1
    except PermissionError:
        say(error="privilege", text="listening needs CAP_NET_RAW; `netcam pcap` reads captures without it")
        return 1
    except OSError as error:
        say(error="failed", text=error.strerror or str(error))
        return 1
    say(hello="listen", user=os.geteuid(), capabilities=effective_capabilities())
    try:
        serve(frames, _ETHERNET if hardware in (_ARPHRD_ETHER, _ARPHRD_LOOPBACK) else _BARE_IP)
    except BrokenPipeError:
        return 0  # nobody listens any more
    except OSError as error:
        say(error="failed", text=error.strerror or str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
