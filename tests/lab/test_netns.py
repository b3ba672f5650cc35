"""The namespace lab is a LAN: real MACs and ports, filters that filter, and a recorder that sees every frame."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from netns import REPOSITORY, Frame, NetnsLan, big_lan, busiest_second, why_not

from netcam.demo.profile import load_profiles


def lab(test):
    """Marks a test that builds namespaces; skipped with the reason where that can't be done."""
    return pytest.mark.netns(pytest.mark.skipif(why_not() is not None, reason=str(why_not()))(test))


ASK = """
import json, os, socket, sys
out = {"uid": os.getuid(), "interfaces": sorted(os.listdir("/sys/class/net"))}
for ip, port in json.loads(sys.argv[1]):
    s = socket.socket(); s.settimeout(1)
    try:
        s.connect((ip, port)); out[f"{ip}:{port}"] = "open"
    except ConnectionRefusedError: out[f"{ip}:{port}"] = "closed"
    except TimeoutError: out[f"{ip}:{port}"] = "filtered"
    s.close()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
probe = b"<Probe><Uuid>13A888A9-F1B1-4020-AE9F-05607682D23B</Uuid><Types>inquiry</Types></Probe>"
for goal in json.loads(sys.argv[2]):
    s.sendto(probe, (goal, 37020)); heard = []
    try:
        while True: heard.append(s.recvfrom(65535)[1][0])
    except TimeoutError: out[goal] = sorted(heard)
print(json.dumps(out))
"""


def asked(lan: NetnsLan, ports: list, goals: list, user: str | None = None) -> dict:
    result = lan.run([sys.executable, "-c", ASK, json.dumps(ports), json.dumps(goals)], user=user, python=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@lab
def test_devices_are_found_on_their_own_ports_by_unicast_multicast_and_broadcast():
    with NetnsLan(load_profiles("hikvision-camera", "annke-camera", "filtered-camera")) as lan:
        said = asked(
            lan,
            [["10.0.0.1", 80], ["10.0.0.1", 81], ["10.0.0.3", 80]],
            ["10.0.0.2", "239.255.255.250", "10.0.0.255", "255.255.255.255"],
        )
        assert said["interfaces"] == ["eth0", "lo"]
        assert (said["10.0.0.1:80"], said["10.0.0.1:81"], said["10.0.0.3:80"]) == ("open", "closed", "filtered")
        everybody = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
        assert said["10.0.0.2"] == ["10.0.0.2"]
        assert said["239.255.255.250"] == said["10.0.0.255"] == said["255.255.255.255"] == everybody
        assert [(r.transport, r.port) for r in lan.record("10.0.0.1")].count(("tcp", 80)) == 1


@lab
def test_the_recorder_sees_every_frame_with_its_mac_ports_and_time():
    with NetnsLan(load_profiles("hikvision-camera")) as lan:
        asked(lan, [["10.0.0.1", 80]], ["239.255.255.250"])
        frames = lan.frames
        assert lan.dropped == 0
        (syn,) = [f for f in frames if f.flags == 2]
        assert (syn.src_mac, syn.dst_mac) == (lan.scanner_mac, "44:19:b6:00:00:01")
        assert (syn.src, syn.dst, syn.dport, syn.protocol) == ("10.0.0.254", "10.0.0.1", 80, 6)
        (group,) = [f for f in frames if f.dst == "239.255.255.250" and f.protocol == 17]
        assert (group.dport, group.ttl, group.dst_mac) == (37020, 1, "01:00:5e:7f:ff:fa")
        assert [f.ethertype for f in frames].count(0x0806) >= 2
        assert [f.at for f in frames] == sorted(f.at for f in frames)
        assert all(f.at > 1_000_000_000 for f in frames)


@lab
def test_an_unprivileged_user_can_run_the_program_and_write_its_folder():
    with NetnsLan(load_profiles("hikvision-camera")) as lan:
        assert asked(lan, [["10.0.0.1", 80]], ["10.0.0.1"], user="nobody")["uid"] != 0
        folder = lan.folder("nobody")
        write = f"open({str(folder / 'out')!r}, 'w').write('x'); import netcam.demo; print(netcam.__file__)"
        result = lan.run([sys.executable, "-c", write], user="nobody", python=False)
        assert (result.returncode, (folder / "out").read_text()) == (0, "x"), result.stderr
        raw = lan.run(
            [sys.executable, "-c", "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"],
            user="nobody", python=False,
        )
        assert "PermissionError" in raw.stderr
    assert not folder.exists()


# 60 ICMP echoes; prints how many came back.
ECHOES = """
import socket, struct, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
sock.settimeout(0.1)
came = set()
for number in range(60):
    head = struct.pack("!BBHHH", 8, 0, 0, 77, number)
    total = sum(struct.unpack("!4H", head))
    sock.sendto(head[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[4:], (sys.argv[1], 0))
    try:
        while number not in came:
            answer = sock.recv(1500)[20:]
            if answer[0] == 0:
                came.add(struct.unpack("!H", answer[6:8])[0])
    except TimeoutError:
        pass
print(len(came))
"""


@lab
def test_a_lossy_host_loses_some_packets_and_answers_others():
    with NetnsLan(load_profiles("lossy-camera")) as lan:
        result = lan.run([sys.executable, "-c", ECHOES, "10.0.0.1"], python=False)
        assert result.returncode == 0, result.stderr
        assert 20 < int(result.stdout) < 60


@lab
def test_the_big_lan_has_100_live_hosts_of_which_40_are_cctv_and_leaves_nothing_behind():
    def left():
        folders = ("/sys/class/net", "/proc/self/fd", "/run/netns")
        return [sorted(os.listdir(folder)) for folder in folders if os.path.isdir(folder)]

    before = left()
    with big_lan() as lan:
        cctv = [d for d in lan.devices if d.profile.truth.is_cctv]
        assert (len(lan.devices), len(cctv)) == (100, 40)
        assert len({d.profile.mac for d in lan.devices}) == 100
        assert sum(d.profile.delay_s > 0 for d in cctv) == sum(d.profile.filtered for d in cctv) == 1
        assert sum(d.profile.loss_percent > 0 for d in cctv) == 1
        ports = [[d.ip, d.profile.tcp[0].port] for d in lan.devices if d.profile.tcp][:20]
        said = asked(lan, ports, ["239.255.255.250"])
        assert len(said["239.255.255.250"]) >= 8
    assert left() == before


def commands_with(word: str) -> list[str]:
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                if word.encode() in line.read().split(b"\0"):
                    found.append(pid)
        except OSError:
            continue
    return found


@lab
def test_a_lab_that_is_killed_takes_its_commands_along():
    seconds = f"{600 + os.getpid() / 10**6:.6f}"  # a number of our own, to find the command by
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); from netns import NetnsLan\n"
        "from netcam.demo.profile import load_profiles\n"
        "with NetnsLan(load_profiles('quiet-host')) as lan: lan.run(['sleep', sys.argv[1]], python=False)"
    )
    folder = os.path.dirname(__file__)
    command = [sys.executable, "-c", code, seconds, folder]
    lab = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    try:
        for _ in range(200):
            if len(commands_with(seconds)) >= 3 or lab.poll() is not None:  # the lab, unshare, and sleep itself
                break
            time.sleep(0.05)
        assert len(commands_with(seconds)) >= 3
    finally:
        lab.kill()
        lab.wait()
    for _ in range(200):
        if not commands_with(seconds):
            break
        time.sleep(0.05)
    assert commands_with(seconds) == []


def test_the_busiest_second_slides_and_counts_one_sender_only():
    def frame(at: float, dst: str, src_mac: str = "a", dst_mac: str = "02:00:00:00:00:01") -> Frame:
        return Frame(at=at, src_mac=src_mac, dst_mac=dst_mac, ethertype=0x0800, length=60, dst=dst)

    frames = [frame(t / 8, "h1" if t % 2 else "h2") for t in range(5, 30)]
    others = [frame(1.0, "h1", "other")] * 50
    group = [frame(9.0, "239.255.255.250", dst_mac="01:00:5e:7f:ff:fa")] * 6
    assert busiest_second([*frames, *others, *group], "a") == (8, 4)
    assert busiest_second([], "a") == (0, 0)
