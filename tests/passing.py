"""Frames and capture files put together byte by byte: constructed, in the forms of their specifications."""

import struct
from ipaddress import ip_address

CAMERA, PC, ROUTER = "44:19:b6:00:00:01", "02:00:00:00:00:50", "02:00:00:00:00:01"
SYN, ACK, FIN, PSH = 0x02, 0x10, 0x01, 0x08


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ethernet(payload, *, src=CAMERA, dst="ff:ff:ff:ff:ff:ff", kind=0x0800, tags=()):
    tagged = b"".join(struct.pack("!HH", 0x8100, tag) for tag in tags)
    return mac(dst) + mac(src) + tagged + struct.pack("!H", kind) + payload


def arp(ip, hardware, *, op=2):
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, op) + mac(hardware) + ip_address(ip).packed + bytes(10)
    return ethernet(body, src=hardware, kind=0x0806)


def ipv4(src, dst, protocol, payload, *, ident=0, offset=0, more=False):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), ident, offset // 8 | more << 13, 64, protocol, 0)
    return head + ip_address(src).packed + ip_address(dst).packed + payload


def ipv6(src, dst, protocol, payload, *, hops=64):
    head = struct.pack("!IHBB", 0x60000000, len(payload), protocol, hops)
    return head + ip_address(src).packed + ip_address(dst).packed + payload


def packet(src, dst, protocol, payload):
    return (ipv6 if ":" in src else ipv4)(src, dst, protocol, payload)


def udp(src, sport, dst, dport, payload, **more):
    body = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    return ethernet(packet(src, dst, 17, body), kind=0x86DD if ":" in src else 0x0800, **more)


def tcp(src, sport, dst, dport, flags, payload=b"", *, seq=0, ack=0, **more):
    body = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 1024, 0, 0)
    return ethernet(packet(src, dst, 6, body + payload), **more)


def conversation(client, server, port, *turns, cport=40000, close=True, begin=True, start=1000):
    """One TCP connection; a turn is ("c" or "s", bytes)."""
    seq = {"c": start, "s": 0xFFFFFFF0}  # the server's numbers wrap
    ends = {"c": (client, cport, server, port), "s": (server, port, client, cport)}
    frames = []
    if begin:
        frames = [
            tcp(*ends["c"], SYN, seq=seq["c"]), tcp(*ends["s"], SYN | ACK, seq=seq["s"], ack=seq["c"] + 1),
            tcp(*ends["c"], ACK, seq=seq["c"] + 1, ack=seq["s"] + 1),
        ]  # fmt: skip
    seq = {side: n + 1 for side, n in seq.items()}
    for side, data in turns:
        for at in range(0, len(data), 1400):
            frames.append(tcp(*ends[side], ACK | PSH, data[at : at + 1400], seq=seq[side]))
            seq[side] += len(data[at : at + 1400])
    if close:
        frames += [tcp(*ends[side], FIN | ACK, seq=seq[side]) for side in "sc"]
    return frames


def fragments(src, sport, dst, dport, payload, *, ident=7, size=1480):
    """A UDP datagram in IPv4 fragments."""
    body = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    return [
        ethernet(ipv4(src, dst, 17, body[at : at + size], ident=ident, offset=at, more=at + size < len(body)))
        for at in range(0, len(body), size)
    ]


def dhcp(hardware, *options, op=1, given="0.0.0.0", current="0.0.0.0"):
    head = struct.pack("!BBBBIHH", op, 1, 6, 0, 0x1234, 0, 0) + ip_address(current).packed + ip_address(given).packed
    told = b"".join(bytes((code, len(value))) + value for code, value in options)
    return head + bytes(8) + mac(hardware) + bytes(10 + 64 + 128) + b"\x63\x82\x53\x63" + told + b"\xff"


def dns_name(name):
    return b"".join(bytes((len(label),)) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


def dns(*, questions=(), records=()):
    """A message; records are (name, type, data)."""
    out = struct.pack("!HHHHHH", 0, 0x8400 if records else 0, len(questions), len(records), 0, 0)
    out += b"".join(dns_name(name) + struct.pack("!HH", kind, 1) for name, kind in questions)
    return out + b"".join(
        dns_name(name) + struct.pack("!HHIH", kind, 1, 120, len(data)) + data for name, kind, data in records
    )


def client_hello(name):
    told = name.encode()
    entry = b"\0" + struct.pack("!H", len(told)) + told
    server_name = struct.pack("!HHH", 0, len(entry) + 2, len(entry)) + entry
    extensions = struct.pack("!HH", 0x2A2A, 0) + server_name
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x13\x01" + b"\x01\0"
    body += struct.pack("!H", len(extensions)) + extensions
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack("!H", len(message)) + message


def lldp(*, chassis=CAMERA, name="", description=""):
    def field(kind, value):
        return struct.pack("!H", kind << 9 | len(value)) + value

    head = field(1, b"\x04" + mac(chassis)) + field(2, b"\x05eth0") + field(3, b"\0\x78")
    return head + field(5, name.encode()) + field(6, description.encode()) + field(0, b"")


def cdp(**fields):
    numbers = {"device": 1, "software": 5, "platform": 6}
    body = b"".join(struct.pack("!HH", numbers[k], 4 + len(v)) + v.encode() for k, v in fields.items())
    told = b"\xaa\xaa\x03\x00\x00\x0c\x20\x00" + b"\x02\xb4\0\0" + body
    return mac("01:00:0c:cc:cc:cc") + mac(CAMERA) + struct.pack("!H", len(told)) + told


def csadp(origin=0xF6, direction=1):
    return ethernet(bytes((0x21, direction, 1, origin)) + bytes(34), kind=0x8033)


def pcap(frames, *, link_type=1, order="<", nano=False):
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link_type)
    for number, frame in enumerate(frames):
        out += struct.pack(order + "IIII", 1_700_000_000 + number, 500_000, len(frame), len(frame)) + frame
    return out


def pcapng(frames, *, link_type=1, name=b"eth0"):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    option = struct.pack("<HH", 2, len(name)) + name + bytes(-len(name) % 4) + bytes(4)
    out += block(1, struct.pack("<HHI", link_type, 0, 65535) + option)
    for number, frame in enumerate(frames):
        stamp = (1_700_000_000 + number) * 1_000_000
        head = struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), len(frame))
        out += block(6, head + frame)
    return out + block(5, struct.pack("<III", 0, 0, 0))  # the statistics that dumpcap ends with
