"""How quick `netcam import` reads long files, beside a plain pass over the same lines in the same run.

    python benchmarks/imports.py [--lines N] [--format NAME]... [--keep FOLDER]

For each format a file of so many lines is made up, of 5,000 clients and 20,000 names. Printed are lines per CPU second
of `for line in file: line.split()` and of the import up to the report, their ratio, and how much the peak memory grew.
CPU seconds, because what else runs on the machine would be measured too.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from netcam.imported import read_files
from netcam.knowledge import Knowledge

CLIENTS, NAMES = 5_000, 20_000
_TSV = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{}\n#fields\t{}\n"


def ip(n: int) -> str:
    return f"10.{n % CLIENTS >> 8 & 255}.{n % CLIENTS & 255}.7"


def name(n: int) -> str:
    return f"host-{n * 7919 % NAMES}.example.net"


def mac(n: int) -> str:
    return f"02:00:00:00:{n % CLIENTS >> 8:02x}:{n % CLIENTS & 255:02x}"


def dnsmasq_log(n: int) -> str:
    return f"Nov 14 22:13:{n % 60:02d} dnsmasq[512]: query[A] {name(n)} from {ip(n)}\n"


def zeek_conn(n: int) -> str:
    return f"17000{n:08d}.5\tC{n:x}\t{ip(n)}\t{40000 + n % 9999}\t{ip(n * 31)}\t{(80, 443, 554)[n % 3]}\ttcp\tSF\n"


def zeek_dns_json(n: int) -> str:
    ends = f'"id.orig_h":"{ip(n)}","id.orig_p":{40000 + n % 9999},"id.resp_h":"10.0.0.1","id.resp_p":53'
    return f'{{"ts":17000{n:08d}.5,"uid":"C{n:x}",{ends},"proto":"udp","query":"{name(n)}","qtype_name":"A"}}\n'


def masscan(n: int) -> str:
    port = f'{{"port": {n % 1000 + 1}, "proto": "tcp", "status": "open", "reason": "syn-ack", "ttl": 64}}'
    return f'{{   "ip": "{ip(n)}",   "timestamp": "1700000000", "ports": [ {port} ] }}\n'


def dnsmasq_leases(n: int) -> str:
    return f"1700000000 {mac(n)} {ip(n)} pc-{n % CLIENTS} *\n"


def arp(n: int) -> str:
    return f"{ip(n)} dev eth0 lladdr {mac(n)} REACHABLE\n"


FORMATS: dict[str, tuple[str, Callable[[int], str]]] = {
    "dnsmasq-log": ("", dnsmasq_log),
    "zeek-conn": (
        _TSV.format("conn", "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state"), zeek_conn,
    ),
    "zeek-dns-json": ("", zeek_dns_json),
    "masscan": ("[\n", masscan),
    "dnsmasq-leases": ("", dnsmasq_leases),
    "arp": ("", arp),
}  # fmt: skip


def lines(form: str, count: int) -> Iterator[str]:
    head, line = FORMATS[form]
    yield head
    yield from map(line, range(count))


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--lines", type=int, default=1_000_000)
    asked.add_argument("--format", action="append", choices=FORMATS)
    asked.add_argument("--keep", type=Path, help="where the made-up files stay")
    options = asked.parse_args()
    knowledge = Knowledge.load()
    print(f"{'format':16}{'plain lines/s':>16}{'import lines/s':>16}{'ratio':>8}{'devices':>9}{'MiB more':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for form in options.format or FORMATS:
            path = (options.keep or Path(folder)) / f"{form}.txt"
            with path.open("w") as file:
                file.writelines(lines(form, options.lines))
            began = time.process_time()
            with path.open() as file:
                for line in file:
                    line.split()
            plain = options.lines / (time.process_time() - began)
            before, began = peak_mib(), time.process_time()
            heard = read_files([str(path)], knowledge)
            took = time.process_time() - began
            if heard.unread:
                sys.exit(f"{form}: {heard.unread[0]}")
            rate, more, found = options.lines / took, peak_mib() - before, len(heard.report.devices)
            print(f"{form:16}{plain:16,.0f}{rate:16,.0f}{plain / rate:8.1f}{found:9,}{more:10.1f}", flush=True)
            del heard
            if options.keep is None:
                path.unlink()


if __name__ == "__main__":
    main()
