"""netcam beside nmap over the same emulated LAN, and netcam over labelled observations; what changed for the worse.

    sudo python benchmarks/scorecard.py [--only lab|corpus] [--corpus FOLDER] [--alone] [--check | --write]

The LAN holds every emulated device of netcam/demo/profiles but the hostile ones, in network namespaces. It is scanned
twice: with the devices' own MACs, and with locally administered ones, so that no register of MAC blocks helps. nmap
gets the open ports told (`-sS -sU -sV -T4`, its safe default, discovery and broadcast scripts), and its output the most
generous reading: a vendor, model or firmware counts as right wherever its text stands in anything that nmap prints for
that host; only what it says of the product, not pages it quotes, counts as calling a host CCTV. netcam has to give the
very value as its answer.

nmap waits several minutes for ports that stay silent; `--alone` leaves it out.

`--write` keeps the figures in benchmarks/scorecard.json and the tables in docs/accuracy.md. `--check` compares with the
kept ones and ends with 1 where a figure of netcam fell.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "lab"), str(ROOT / "benchmarks")]

from corpus import FOLDER, measure, same  # noqa: E402
from netns import NetnsLan, why_not  # noqa: E402

from netcam.demo.profile import Profile, Truth, profile_files, read_profiles  # noqa: E402
from netcam.engine.values import split_firmware  # noqa: E402
from netcam.knowledge import Knowledge  # noqa: E402

KEPT = ROOT / "benchmarks" / "scorecard.json"
PAGE = ROOT / "docs" / "accuracy.md"
LEFT_OUT = "hostile"  # devices that lie have no right answer
SCRIPTS = "(default or discovery or broadcast) and safe and not (external or intrusive or brute or dos or exploit)"
UDP = "53,67,137,161,1900,3702,5060,5353,5683,10001,34569,37020,37810"
CCTV_WORDS = re.compile(r"webcam|camera|\b[dn]vr\b|cctv|surveillance|video (server|recorder|encoder)|intercom", re.I)
FIGURES = ("vendor", "maker", "model", "firmware", "cctv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one program says of one host: for each question right, wrong or unknown."""

    said: Mapping[str, str]
    called_cctv: bool


@dataclass(slots=True, kw_only=True)
class Score:
    """Counts of one program over one LAN: question -> right, wrong, unknown; and how CCTV was told apart."""

    asked: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    called: int = 0
    rightly: int = 0
    seconds: float = 0.0

    def add(self, truth: Truth, reading: Reading) -> None:
        for question, answer in reading.said.items():
            self.asked[question] += 1
            self.right[question] += answer == "right"
            self.wrong[question] += answer == "wrong"
        self.called += reading.called_cctv
        self.rightly += reading.called_cctv and truth.is_cctv is True

    def unknown(self, question: str) -> int:
        return self.asked[question] - self.right[question] - self.wrong[question]


def questions(truth: Truth) -> dict[str, str]:
    """What may fairly be asked about a CCTV device, and the right answers."""
    asked = {"vendor": truth.brand or truth.maker, "maker": truth.maker, "model": truth.model}
    asked["firmware"] = split_firmware(truth.firmware)[0] if truth.firmware else None
    return {question: answer for question, answer in asked.items() if answer}


def squeeze(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def netcam_reading(truth: Truth, device: dict[str, Any] | None) -> Reading:
    """netcam's own answers; a vendor is right as the badge or as the maker."""
    if device is None:
        return Reading(said=dict.fromkeys(questions(truth), "unknown") | {"cctv": "unknown"}, called_cctv=False)
    brand, maker = ((device[key] or {}).get("id") for key in ("brand", "manufacturer"))
    given = {
        "vendor": brand or maker, "maker": maker, "model": device["model"],
        "firmware": split_firmware(device["firmware"])[0] if device["firmware"] else None,
    }  # fmt: skip
    said = {}
    for question, answer in questions(truth).items():
        fits = given[question] is not None and same(given[question], answer)
        fits = fits or (question == "vendor" and maker is not None and maker == truth.maker)
        said[question] = "right" if fits else "unknown" if given[question] is None else "wrong"
    decided = {None: "unknown", True: "right", False: "wrong"}
    return Reading(said=said | {"cctv": decided[device["is_cctv"]]}, called_cctv=device["is_cctv"] is True)


def nmap_reading(truth: Truth, text: str, product: str, knowledge: Knowledge) -> Reading:
    """The most generous one: what is right anywhere in its output is right, and nothing is wrong."""
    whole, said = squeeze(text), {}
    for question, answer in questions(truth).items():
        wanted = [answer]
        if question in ("vendor", "maker"):
            ids = {truth.maker, truth.brand} - {None} if question == "vendor" else {truth.maker}
            wanted = [name for id in ids if id for name in knowledge.signatures.named(id)]
        found = any(len(squeeze(name)) > 2 and squeeze(name) in whole for name in wanted)
        said[question] = "right" if found else "unknown"
    called = bool(CCTV_WORDS.search(product))
    return Reading(said=said | {"cctv": "right" if called else "unknown"}, called_cctv=called)


def nmap_hosts(xml: str) -> dict[str, tuple[str, str]]:
    """Of each address all that nmap printed, and what it says of the product alone.

    A broadcast script's output belongs to the addresses named in it, block by block.
    """
    root = ElementTree.fromstring(xml)
    out: dict[str, tuple[str, str]] = {}
    for host in root.iter("host"):
        ip = next(a.get("addr", "") for a in host.iter("address") if a.get("addrtype") == "ipv4")
        words = [value for element in host.iter() for value in element.attrib.values()]
        words += [element.text or "" for element in host.iter()]
        product = [
            service.get(key, "") for service in host.iter("service") for key in ("product", "devicetype", "extrainfo")
        ]
        product += [osclass.get("type", "") for osclass in host.iter("osclass")]
        out[ip] = (" ".join(words), " ".join(product))
    for script in root.iterfind(".//prescript/script"):
        block = ""
        for line in (script.get("output") or "").splitlines():
            if re.match(r"\s{0,4}\d+\.\d+\.\d+\.\d+|\s{0,2}Server IP|\s{0,2}Devices?", line):
                block = ""
            block += line + "\n"
            for ip in re.findall(r"10\.0\.\d+\.\d+", block):
                if ip in out:
                    out[ip] = (out[ip][0] + " " + line, out[ip][1])
    return out


def profiles(*, local_macs: bool) -> list[Profile]:
    """Every emulated device that doesn't lie; with MACs that no register knows, where asked for."""
    found = [p for path in profile_files() if Path(path).stem != LEFT_OUT for p in read_profiles(path)]
    if not local_macs:
        return found
    return [replace(p, mac=f"02:00:5e:00:{n // 256:02x}:{n % 256:02x}") for n, p in enumerate(found)]


def lab_scores(*, local_macs: bool, knowledge: Knowledge, with_nmap: bool) -> dict[str, Score]:
    """Both programs over one LAN."""
    devices = profiles(local_macs=local_macs)
    scores = {"netcam": Score()} | ({"nmap": Score()} if with_nmap else {})
    with NetnsLan(devices, network="10.0.0.0/24") as lan:
        result = lan.run(["scan", "10.0.0.0/24", "-o", "-", "--quiet"], timeout_s=200)
        found = {a: d for d in json.loads(result.stdout)["devices"] for a in d["addresses"]}
        scores["netcam"].seconds = result.took_s
        told: dict[str, tuple[str, str]] = {}
        if with_nmap:
            ports = ",".join(map(str, sorted({s.port for p in devices for s in p.tcp})))
            line = ["nmap", "-n", "-sS", "-sU", "-sV", "-T4", "-p", f"T:{ports},U:{UDP}", "--script", SCRIPTS]
            line += ["--script-timeout", "60s", "--max-retries", "1", "-oX", "-"]
            peer = lan.run([*line, *(d.ip for d in lan.devices)], python=False, timeout_s=1500)
            told, scores["nmap"].seconds = nmap_hosts(peer.stdout), peer.took_s
        for device in lan.devices:
            truth = device.profile.truth
            asked = truth if truth.is_cctv else Truth(is_cctv=truth.is_cctv)
            readings = {"netcam": netcam_reading(asked, found.get(device.ip))}
            if with_nmap:
                readings["nmap"] = nmap_reading(asked, *told.get(device.ip, ("", "")), knowledge)
            for name, reading in readings.items():
                # Of a neighbour only one thing is asked: whether it was called CCTV.
                scores[name].add(truth, reading if truth.is_cctv else replace(reading, said={}))
    return scores


def figures(scores: Mapping[str, Score]) -> dict[str, dict[str, Any]]:
    """Plain numbers, for the file and for comparison."""
    return {
        name: {
            question: {"asked": s.asked[question], "right": s.right[question], "wrong": s.wrong[question]}
            for question in FIGURES
        }
        | {"called_cctv": s.called, "rightly": s.rightly, "seconds": round(s.seconds)}
        for name, s in scores.items()
    }


def corpus_figures(folder: Path, knowledge: Knowledge) -> dict[str, int]:
    return dict(measure(folder, knowledge).count)


def worse(kept: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Each figure of netcam that fell: a lower share of right answers, more wrong ones, more neighbours called CCTV."""
    out = []
    for scene, programs in now.items():
        before = kept.get(scene, {}).get("netcam")
        if before is None or "netcam" not in programs:
            continue
        after = programs["netcam"]
        for question in FIGURES:
            old, new = before[question], after[question]
            if new["right"] * max(1, old["asked"]) < old["right"] * max(1, new["asked"]):
                out.append(f"{scene}: {question} right {old['right']}/{old['asked']} -> {new['right']}/{new['asked']}")
            if new["wrong"] > old["wrong"]:
                out.append(f"{scene}: {question} wrong {old['wrong']} -> {new['wrong']}")
        strangers = [f["called_cctv"] - f["rightly"] for f in (before, after)]
        if strangers[1] > strangers[0]:
            out.append(f"{scene}: neighbours called CCTV {strangers[0]} -> {strangers[1]}")
    return out


def table(programs: Mapping[str, Any]) -> Iterable[str]:
    """One scene as Markdown."""
    yield "| question | asked | " + " | ".join(f"{name}: right | wrong | unknown" for name in programs) + " |"
    yield "|---|---|" + "---|---|---|" * len(programs)
    for question in FIGURES:
        cells = [
            f"{f['right']} | {f['wrong']} | {f['asked'] - f['right'] - f['wrong']}"
            for f in (programs[name][question] for name in programs)
        ]
        asked = next(iter(programs.values()))[question]["asked"]
        yield f"| {question} | {asked} | " + " | ".join(cells) + " |"
    for name, f in programs.items():
        yield ""
        yield (
            f"{name} called {f['called_cctv']} hosts CCTV, {f['rightly']} of them rightly; it took {f['seconds']} s."
        )


def write(now: Mapping[str, Any]) -> None:
    """Keep the figures, and put the tables between the marks of docs/accuracy.md."""
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    kept |= now
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")
    lines: list[str] = []
    for scene, title in SCENES.items():
        if scene in kept:
            lines += [f"### {title}", "", *table(kept[scene]), ""]
    page = PAGE.read_text("utf-8")
    head, _, rest = page.partition("<!-- scorecard -->\n")
    _, _, tail = rest.partition("<!-- end of scorecard -->")
    body = "\n".join(lines)
    PAGE.write_text(f"{head}<!-- scorecard -->\n\n{body}\n<!-- end of scorecard -->{tail}", "utf-8")


SCENES = {"lab": "Emulated LAN, the devices' own MACs", "lab-local-macs": "Emulated LAN, locally administered MACs"}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["lab", "corpus"])
    parser.add_argument("--corpus", type=Path, default=FOLDER)
    parser.add_argument("--alone", action="store_true", help="without nmap")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    knowledge = Knowledge.load(ROOT / "signatures")
    now: dict[str, Any] = {}
    if options.only != "corpus":
        if reason := why_not():
            print(f"the lab can't run here: {reason}", file=sys.stderr)
            return 2
        with_nmap = shutil.which("nmap") is not None and not options.alone
        for scene, title in SCENES.items():
            local = scene == "lab-local-macs"
            now[scene] = figures(lab_scores(local_macs=local, knowledge=knowledge, with_nmap=with_nmap))
            print(f"\n{title}\n", *table(now[scene]), sep="\n", flush=True)
            if options.write:
                write(now)
    if options.only != "lab" and options.corpus.is_dir():
        counts = corpus_figures(options.corpus, knowledge)
        print("\nLabelled observations\n", *(f"{name}: {n}" for name, n in sorted(counts.items())), sep="\n")
    fallen = worse(json.loads(KEPT.read_text("utf-8")), now) if options.check and KEPT.exists() else []
    for line in fallen:
        print(f"fell: {line}", file=sys.stderr)
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
