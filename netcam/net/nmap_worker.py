"""The process that runs nmap through python-nmap; the only user of both.

`python -m netcam.net.nmap_worker`, JSON lines on its pipes, ends with its input and takes a running nmap with it. It
needs no rights: nmap connects like any program (-sT). A command, the lines for its hosts, and the end of the command::

    {"id": 1, "hosts": ["10.0.0.5"], "ports": [80, 554], "version": 4, "max_rate": 250, "parallelism": 4,
     "retries": 1, "delay_ms": 250, "rtt_ms": 1000, "limit_s": 60}
    {"host": "10.0.0.5", "open": [80], "closed": [], "filtered": [554]}
    {"done": 1}
    {"error": "config"|"failed", "text": "..."}     and it ends
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from typing import Any
from xml.etree import ElementTree

from netcam.net.privileges import effective_capabilities, keep_only


def say(**message: Any) -> None:
    """One message to the program, as a line of JSON."""
    line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
    while line:
        line = line[os.write(1, line) :]


def arguments(command: dict[str, Any]) -> str:
    """nmap's options: plain connects to the given ports, at the given pace, and nothing else (no ping, no names)."""
    milliseconds = max(1, int(command["rtt_ms"]))
    return " ".join(
        (
            "-6" * (command["version"] == 6), "-Pn -n -sT --unprivileged",
            f"--scan-delay {int(command['delay_ms'])}ms --max-scan-delay {int(command['delay_ms'])}ms",
            # After --scan-delay, which sets it to 1 for all hosts together.
            f"--max-parallelism {int(command['parallelism'])}",
            f"--max-rate {float(command['max_rate']):.3f} --max-retries {int(command['retries'])}",
            f"--min-rtt-timeout {min(100, milliseconds)}ms --max-rtt-timeout {milliseconds}ms",
            f"--initial-rtt-timeout {milliseconds}ms",
        )
    )


def states(scan: Any, xml: str, ports: list[int]) -> dict[str, dict[str, list[int]]]:
    """For each host the ports of each state, those included that nmap sums up as "extraports"."""
    listed = {
        host: {port: scan[host]["tcp"][port]["state"] for port in scan[host].all_tcp()} for host in scan.all_hosts()
    }
    for host in ElementTree.fromstring(xml).iter("host"):  # noqa: S314 - written by nmap on this machine
        address = host.find("address")
        known = listed.get(address.get("addr", "")) if address is not None else None
        if known is None:
            continue
        summed_up = list(host.iter("extraports"))
        for extra in summed_up:
            state = extra.get("state", "filtered")
            spelt_out = [n for reason in extra.iter("extrareasons") for n in numbers(reason.get("ports", ""))]
            if not spelt_out and len(summed_up) == 1:  # before 7.9 there were no numbers
                spelt_out = [port for port in ports if port not in known]
            for port in spelt_out:
                known.setdefault(port, state)
    return {
        host: {
            "open": sorted(p for p, s in known.items() if s == "open"),
            "closed": sorted(p for p, s in known.items() if s == "closed"),
            "filtered": sorted(p for p, s in known.items() if s not in ("open", "closed")),
        }
        for host, known in listed.items()
    }


def numbers(text: str) -> list[int]:
    """The ports of "80,554-556"."""
    made: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        made.extend(range(int(first), int(last or first) + 1))
    return made


def serve(scanner: Any) -> None:
    """Run what standard input says until it closes."""
    commands: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin.buffer:
            commands.put(line)
        # The main program is gone or wants no more: nmap, in our group, must not go on.
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=read, daemon=True).start()
    while True:
        command = json.loads(commands.get())
        ports = [int(p) for p in command["ports"]]
        scanner.scan(
            hosts=" ".join(command["hosts"]), ports=",".join(map(str, ports)), arguments=arguments(command),
            timeout=int(command["limit_s"]),
        )
        for host, found in states(scanner, scanner.get_nmap_last_output(), ports).items():
            say(host=host, **found)
        say(done=command["id"])


def main() -> int:
    """Serve the program's wishes until its end of the pipe closes; the exit code."""
    try:
        import nmap
    except ImportError as e:
        say(error="config", text=f"--engine nmap needs python-nmap: pip install python-nmap ({e})")
        return 1
    try:
        if sys.platform == "linux":
            keep_only()
        scanner = nmap.PortScanner(nmap_search_path=("nmap", "/usr/local/bin/nmap", "/opt/homebrew/bin/nmap"))
    except nmap.PortScannerError:
        say(error="config", text="--engine nmap needs the program nmap, which is not installed; use --engine connect")
        return 1
    except OSError as e:
        say(error="failed", text=f"nmap can't be run without rights: {e.strerror or e}")
        return 1
    say(
        hello="nmap", nmap=".".join(map(str, scanner.nmap_version())), user=os.geteuid(),
        capabilities=effective_capabilities(),
    )
    try:
        serve(scanner)
    except BrokenPipeError:
        return 0  # nobody listens any more
    except (nmap.PortScannerError, ElementTree.ParseError, OSError) as e:
        say(error="failed", text=f"nmap: {(str(e).splitlines() or [type(e).__name__])[0][:300]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
