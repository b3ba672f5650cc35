"""The emulated store on this network namespace's loopback with its true ports; a line on standard input asks for the
record of everything its devices received, as one line of JSON. Ends with its input."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
from fcntl import ioctl

from netcam.demo.emulator import EmulatedLan
from netcam.demo.store import demo_store

GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        flags = struct.unpack_from("16sH", ioctl(sock, GET_FLAGS, struct.pack("16s16x", b"lo")))[1]
        ioctl(sock, SET_FLAGS, struct.pack("16sH14x", b"lo", flags | UP))


def record(lan):
    return {
        device.ip: [
            {"transport": r.transport, "port": r.port, "peer": r.peer, "data": r.data.decode("latin-1")}
            for r in device.record
        ]
        for device in lan.devices
    }


async def serve():
    async with EmulatedLan.on_loopback(demo_store(), shift_ports=False) as lan:
        assert not lan.missing, lan.missing
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while await asyncio.to_thread(sys.stdin.readline):
            sys.stdout.write(json.dumps(record(lan)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    assert [name for _, name in socket.if_nameindex()] == ["lo"], "only in a network namespace of its own"
    loopback_up()
    asyncio.run(serve())
