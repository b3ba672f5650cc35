"""A host that speaks ARP alone: argument JSON {"ip", "macs", "delay_s", "deaf_to", "announce"}.

It answers each question once for every MAC, `delay_s` late, except the first `deaf_to` questions; with `announce` it
tells its address every 0.2 s without being asked.
"""

import json
import select
import socket
import struct
import sys
import time

how = {"delay_s": 0.0, "deaf_to": 0, "announce": False, **json.loads(sys.argv[1])}
ip = socket.inet_aton(how["ip"])
macs = [bytes.fromhex(mac.replace(":", "")) for mac in how["macs"]]
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
link.bind(("eth0", 0x0806))


def arp(operation, mac, to_mac, to_ip):
    head = to_mac + mac + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    return head + mac + ip + to_mac + to_ip


print("ready", flush=True)
due, heard, told_at = [], 0, 0.0
while True:
    ready, _, _ = select.select([0, link], [], [], 0.02)
    now = time.monotonic()
    if 0 in ready:
        break
    if link in ready:
        frame = link.recv(2048)
        if frame[20:22] == b"\x00\x01" and frame[38:42] == ip:
            heard += 1
            if heard > how["deaf_to"]:
                due += [(now + how["delay_s"], arp(2, mac, frame[22:28], frame[28:32])) for mac in macs]
    for item in [d for d in due if d[0] <= now]:
        due.remove(item)
        link.send(item[1])
    if how["announce"] and now - told_at >= 0.2:
        told_at = now
        link.send(arp(1, macs[0], b"\xff" * 6, ip))
