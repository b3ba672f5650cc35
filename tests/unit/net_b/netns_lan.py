"""A tiny LAN for one test: this namespace's `lan0` and hosts that are namespaces of their own on the same wire.

Namespaces have no names, they belong to processes and end with them. Nothing is linked to the machine's interfaces.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

INSIDE = "NETCAM_TEST_NETNS"

ARP_HOST = Path(__file__).with_name("arp_host.py")
LISTEN = """
import socket, sys
held = []
for port in map(int, sys.argv[1:]):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", port)); s.listen(64); held.append(s)
print("ready", flush=True)
sys.stdin.read()
"""


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@dataclass
class Host:
    ip: str
    mac: str
    pid: int
    lan: "Lan"

    def run(self, *command, text=None):
        return run("nsenter", "-t", str(self.pid), "-n", *command, text=text)

    def listen(self, *ports):
        self.spawn(sys.executable, "-c", LISTEN, *map(str, ports))

    def firewall(self, *rules):
        lines = ["table inet t {", "chain arriving {", "type filter hook input priority 0", *rules, "}", "}"]
        self.run("nft", "-f", "-", text="\n".join(lines) + "\n")

    def spawn(self, *command):
        """A process in this host that says "ready" when it is, and ends with its input."""
        process = self.lan.start("nsenter", "-t", str(self.pid), "-n", *command)
        assert process.stdout.readline() == b"ready\n"
        return process


class Lan:
    own = "10.77.0.1"

    def __init__(self):
        assert INSIDE in os.environ, "only in a namespace of its own"
        assert [name for _, name in socket.if_nameindex()] == ["lo"], "a new namespace has nothing but loopback"
        self.processes = []
        self.hosts = []
        self.questions = Counter()

    def __enter__(self):
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "lan0", "address", "02:00:00:00:77:01", "type", "bridge")
        run("ip", "address", "add", f"{self.own}/24", "dev", "lan0")
        run("ip", "link", "set", "lan0", "up")
        self._watcher = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # everything, also our own
        self._watcher.bind(("lan0", 3))
        self._watcher.settimeout(0.2)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()
        self._watcher.close()
        for process in reversed(self.processes):
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()

    def start(self, *command):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.processes.append(process)
        return process

    def host(self, last, configure=True):
        """A host 10.77.0.`last`; without `configure` its kernel has no address and stays silent."""
        ip, mac, wire = f"10.77.0.{last}", f"02:00:00:00:77:{last:02x}", f"wire{last}"
        process = self.start("unshare", "-n", "sleep", "300")
        while os.readlink(f"/proc/{process.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            time.sleep(0.01)
        host = Host(ip=ip, mac=mac, pid=process.pid, lan=self)
        peer = ("peer", "name", "eth0", "address", mac, "netns", str(process.pid))
        run("ip", "link", "add", wire, "type", "veth", *peer)
        run("ip", "link", "set", wire, "master", "lan0", "up")
        if configure:
            host.run("ip", "address", "add", f"{ip}/24", "dev", "eth0")
        host.run("ip", "link", "set", "lo", "up")
        host.run("ip", "link", "set", "eth0", "up")
        self.hosts.append(host)
        return host

    def arp_host(self, last, **behaviour):
        """A host that speaks nothing but ARP, in its own way; see arp_host.py."""
        host = self.host(last, configure=False)
        host.spawn(sys.executable, str(ARP_HOST), json.dumps({"ip": host.ip, "macs": [host.mac], **behaviour}))
        return host

    def asked(self, ip):
        """How often `ip` has been asked for by this machine."""
        return self.questions[ip]

    def _watch(self):
        while not self._ending.is_set():
            try:
                frame = self._watcher.recv(2048)
            except OSError:  # nothing came, or the test took the interface down
                continue
            if len(frame) >= 42 and frame[6:12].hex() == "020000007701" and frame[12:14] == b"\x08\x06":
                (operation,) = struct.unpack_from("!H", frame, 20)
                if operation == 1:
                    self.questions[str(IPv4Address(frame[38:42]))] += 1
