"""The process that speaks in raw frames: asks ARP, sends TCP SYN, and repeats what it hears; the only user of scapy.

`python -m netcam.net.l2_worker INTERFACE`, JSON lines on its pipes, ends with its input. It decides nothing: scope,
pace and meaning belong to the main program. Commands, and the answer to each once its frames have left::

    {"id": 1, "arp": ["10.0.0.5", ...], "from": "10.0.0.1"}
    {"id": 2, "port": 40001, "syn": [["10.0.0.5", "00:00:5e:00:53:05", 80, SEQ, "10.0.0.1"], ...]}
    {"sent": 1, "at": MONOTONIC_SECONDS}

What it hears, as it comes::

    {"arp": ["10.0.0.5", "00:00:5e:00:53:05"], "at": ...}             sender of a request or reply
    {"tcp": ["10.0.0.5", 80, FLAGS, ACK], "at": ...}                  to our port
    {"unreachable": ["10.0.0.5", 80, CODE, SEQ], "at": ...}           ICMP about a SYN of ours
    {"error": "config"|"privilege"|"failed", "text": "..."}           and it ends
"""

from __future__ import annotations

import ctypes
import errno
import json
import logging
import os
import select
import socket
import struct
import sys
import time
from typing import Any

from netcam.net.privileges import CAP_NET_RAW, effective_capabilities, keep_only

INPUT_LIMIT = 65536  # bytes of one command
SAME_S = 1.0  # one sighting is repeated once in this time, so that an ARP storm doesn't fill the pipe
SAME_LIMIT = 16384  # sightings remembered for that

_ETH_P_IP, _ETH_P_ARP = 0x0800, 0x0806
_SO_ATTACH_FILTER = 26
_ARP_TARGET = slice(38, 42)  # of an Ethernet frame with an ARP request inside
_SEND_TRIES = 50


def say(**message: Any) -> None:
    """One message to the program, as a line of JSON."""
    line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
    while line:
        line = line[os.write(1, line) :]


class Frames:
    """The packet sockets of one interface and scapy's view of what passes there."""

    def __init__(self, interface: str) -> None:
        from scapy.arch.linux import L2Socket
        from scapy.layers import inet, l2

        self._inet, self._l2, self._socket_class = inet, l2, L2Socket
        self._interface = interface
        self.arp_socket = L2Socket(iface=interface, type=_ETH_P_ARP, promisc=False)
        name, _, _, hardware, address = self.arp_socket.ins.getsockname()
        if hardware != 1 or len(address) != 6:  # ARPHRD_ETHER
            raise ValueError(f"{name} is no Ethernet interface")
        self.mac = address.hex(":")
        self.tcp_socket: Any = None  # opened for the first SYN: this is why CAP_NET_RAW is kept
        self._recent: dict[tuple[Any, ...], float] = {}

    def ask_arp(self, source: str, targets: list[str]) -> None:
        l2 = self._l2
        frame = bytearray(
            bytes(
                l2.Ether(src=self.mac, dst="ff:ff:ff:ff:ff:ff")
                / l2.ARP(op="who-has", hwsrc=self.mac, psrc=source, hwdst="00:00:00:00:00:00", pdst=targets[0])
            )
        )
        for target in targets:
            # Building each frame anew takes half a millisecond; only four bytes differ.
            frame[_ARP_TARGET] = socket.inet_aton(target)
            self._send(self.arp_socket, bytes(frame))

    def ask_syn(self, port: int, targets: list[list[Any]]) -> None:
        inet, l2 = self._inet, self._l2
        if self.tcp_socket is None:
            self.tcp_socket = self._socket_class(iface=self._interface, type=_ETH_P_IP, promisc=False)
            attach_filter(self.tcp_socket.ins, port)
        for ip, mac, to_port, seq, source in targets:
            frame = (
                l2.Ether(src=self.mac, dst=mac)
                / inet.IP(src=source, dst=ip, id=seq & 0xFFFF, flags="DF")
                / inet.TCP(sport=port, dport=to_port, flags="S", seq=seq, window=64240, options=[("MSS", 1460)])
            )
            self._send(self.tcp_socket, bytes(frame))

    def heard(self, sock: Any) -> dict[str, Any] | None:
        """The news in the next frame, if any."""
        _, data, _ = sock.recv_raw()
        if not data:
            return None
        try:
            frame = self._l2.Ether(data)
            news = self._arp(frame) if sock is self.arp_socket else self._tcp(frame)
        except Exception as e:  # whatever a dissector stumbles over, the next frame may be well
            print(f"frame not understood: {type(e).__name__}", file=sys.stderr)  # noqa: T201
            return None
        now = time.monotonic()
        if news is None or self._said(tuple((k, *v) for k, v in news.items()), now):
            return None
        return {**news, "at": now}

    def _arp(self, frame: Any) -> dict[str, Any] | None:
        if self._l2.ARP not in frame:
            return None
        arp = frame[self._l2.ARP]
        if (arp.hwtype, arp.ptype, arp.hwlen, arp.plen) != (1, _ETH_P_IP, 6, 4) or arp.op not in (1, 2):
            return None
        return {"arp": [str(arp.psrc), str(arp.hwsrc)]} if arp.psrc != "0.0.0.0" else None  # noqa: S104

    def _tcp(self, frame: Any) -> dict[str, Any] | None:
        inet = self._inet
        if inet.IP not in frame:
            return None
        if inet.TCP in frame:
            tcp = frame[inet.TCP]
            return {"tcp": [str(frame[inet.IP].src), int(tcp.sport), int(tcp.flags), int(tcp.ack)]}
        if inet.ICMP in frame and frame[inet.ICMP].type == 3 and inet.TCPerror in frame:
            ours = frame[inet.TCPerror]
            about = str(frame[inet.IPerror].dst)
            return {"unreachable": [about, int(ours.dport), int(frame[inet.ICMP].code), int(ours.seq)]}
        return None

    def _said(self, news: tuple[Any, ...], now: float) -> bool:
        if now - self._recent.get(news, -SAME_S) < SAME_S:
            return True
        if len(self._recent) >= SAME_LIMIT:
            self._recent.clear()
        self._recent[news] = now
        return False

    def _send(self, sock: Any, frame: bytes) -> None:
        for _ in range(_SEND_TRIES):
            try:
                sock.outs.send(frame)
                return
            except OSError as e:
                if e.errno != errno.ENOBUFS:  # the card's queue is full for a moment
                    raise
                time.sleep(0.002)
        raise OSError(errno.ENOBUFS, "the interface takes no frames")


def attach_filter(sock: socket.socket, port: int) -> None:
    """Let the kernel pass only TCP to `port` and ICMP "unreachable": on a busy link the rest would drown them.

    Classic BPF, each step (code, steps to skip if true, if false, operand), offsets from the Ethernet header.
    """
    load_byte, load_half, load_byte_at_x, load_half_at_x, x_to_header_length = 0x30, 0x28, 0x50, 0x48, 0xB1
    if_equal, if_bits, passes = 0x15, 0x45, 0x06
    steps = (
        (load_byte, 0, 0, 23),  # protocol
        (if_equal, 4, 0, socket.IPPROTO_TCP),
        (if_equal, 0, 9, socket.IPPROTO_ICMP),
        (x_to_header_length, 0, 0, 14),
        (load_byte_at_x, 0, 0, 14),  # ICMP type
        (if_equal, 5, 6, 3),
        (load_half, 0, 0, 20),  # a later fragment holds no TCP header
        (if_bits, 4, 0, 0x1FFF),
        (x_to_header_length, 0, 0, 14),
        (load_half_at_x, 0, 0, 16),  # destination port
        (if_equal, 0, 1, port),
        (passes, 0, 0, 0xFFFF),
        (passes, 0, 0, 0),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(steps), ctypes.addressof(code)))


def serve(frames: Frames) -> None:
    """Do what standard input says, and say what is heard, until it closes."""
    pending = b""
    while True:
        sockets = [s for s in (frames.arp_socket, frames.tcp_socket) if s is not None]
        ready, _, _ = select.select([0, *(s.ins for s in sockets)], [], [])
        for sock in sockets:
            if sock.ins in ready and (news := frames.heard(sock)):
                say(**news)
        if 0 in ready:
            chunk = os.read(0, INPUT_LIMIT)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            if len(pending) > INPUT_LIMIT:
                raise ValueError("command too long")
            for line in lines:
                command = json.loads(line)
                at = time.monotonic()
                if "arp" in command:
                    frames.ask_arp(command["from"], command["arp"])
                else:
                    frames.ask_syn(command["port"], command["syn"])
                say(sent=command["id"], at=at)


def main() -> int:
    """Serve the program's wishes until its end of the pipe closes; the exit code."""
    (interface,) = sys.argv[1:]
    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    try:
        frames = Frames(interface)
        keep_only(CAP_NET_RAW)
    except ImportError as e:
        say(error="config", text=f"--engine syn and ARP need scapy: pip install scapy ({e})")
        return 1
    except PermissionError:
        say(error="privilege", text="ARP and --engine syn need CAP_NET_RAW; everything else works without it")
        return 1
    except (OSError, ValueError) as e:
        say(error="failed", text=f"no raw frames on {interface}: {getattr(e, 'strerror', None) or e}")
        return 1
    say(hello="l2", mac=frames.mac, user=os.geteuid(), capabilities=effective_capabilities())
    try:
        serve(frames)
    except BrokenPipeError:
        return 0  # nobody listens any more
    except OSError as e:
        say(error="failed", text=f"{interface}: {e.strerror or e}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
