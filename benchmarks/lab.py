"""One default scan of the emulated big LAN, beside nmap over the same hosts and ports in the same run.

    sudo python benchmarks/lab.py [--runs N] [--user nobody] [--engine connect|syn|nmap]

The LAN (tests/lab/netns.py) has 254 addresses and 100 live hosts, 40 of them CCTV devices, one 1.5 s slow, one with
every TCP port filtered, one that loses packets. Printed for each run: seconds, devices found, makers right, packets a
second in all and to the busiest host as the switch saw them. The peer is `nmap -sT -T4` over the same ports: it finds
open ports and no makers, so the ratio of times says what everything else costs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "lab")]

from netns import big_lan, busiest_second, why_not  # noqa: E402

from netcam.discovery.ports import DEFAULT_PORTS  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--user")
    parser.add_argument("--engine", default="connect", choices=["connect", "syn", "nmap"])
    options = parser.parse_args()
    if reason := why_not():
        print(f"the lab can't run here: {reason}", file=sys.stderr)
        return 2
    took = []
    with big_lan() as lan:
        truth = {d.ip: d.profile.truth for d in lan.devices}
        for number in range(options.runs):
            before = len(lan.frames)
            result = lan.run(["scan", "10.0.0.0/24", "-o", "-", "--engine", options.engine], user=options.user)
            report = json.loads(result.stdout)
            took.append(result.took_s)
            found = {a: d for d in report["devices"] for a in d["addresses"]}
            cctv = [ip for ip, t in truth.items() if t.is_cctv]
            seen = [ip for ip in cctv if ip in found and found[ip]["is_cctv"]]
            makers = [ip for ip in seen if (found[ip]["manufacturer"] or {}).get("id") == truth[ip].maker]
            wrongly = [ip for ip, d in found.items() if d["is_cctv"] and not truth[ip].is_cctv]
            in_all, to_one = busiest_second(lan.frames[before:], lan.scanner_mac)
            print(
                f"{number + 1}: {result.took_s:.1f} s, {len(found)} devices, {len(seen)} of {len(cctv)} CCTV found, "
                f"{len(makers)} makers right, {len(wrongly)} neighbours called CCTV, "
                f"{report['scan']['traffic']['packets_sent']} packets by the gate's count, "
                f"at most {in_all}/s in all and {to_one}/s to one host on the wire"
            )
        if shutil.which("nmap"):
            ports = ",".join(map(str, DEFAULT_PORTS))
            peer = lan.run(["nmap", "-n", "-sT", "-T4", "-p", ports, "10.0.0.0/24"], python=False, timeout_s=300)
            median = statistics.median(took)
            ratio = median / peer.took_s
            print(f"nmap -sT -T4 over the same ports: {peer.took_s:.1f} s; netcam took {ratio:.2f} times that")
    return 0


if __name__ == "__main__":
    sys.exit(main())
