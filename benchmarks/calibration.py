"""How often netcam is right where it says how sure it is: over labelled observations of real devices.

    python benchmarks/calibration.py [--corpus FOLDER ...] [--write]

For each question (maker, badge, CCTV or not) the leading answers are put in bins of stated confidence; each bin shows
how many were right, with the 95 % interval of Wilson. Below it stands, for each strength of evidence, how often a lone
piece of it named the right company, and the weight that would follow: the posterior mean under a prior worth ten
observations at the weight in use. `--write` puts both between the marks of docs/accuracy.md.

A label that names only the badge says nothing about an answer that is one of the badge's known makers; such answers are
left out. Lines of one device are judged together.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from netcam.engine.fuse import WEIGHT  # noqa: E402
from netcam.engine.values import name_key  # noqa: E402
from netcam.knowledge import Knowledge  # noqa: E402
from netcam.model import Strength  # noqa: E402
from netcam.model.report import DeviceRecord  # noqa: E402
from netcam.pipeline import identify  # noqa: E402

OWN = ROOT / "tests" / "corpus"
PAGE = ROOT / "docs" / "accuracy.md"
BINS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
PRIOR = 10.0  # observations' worth of belief in the weight in use
Z = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One stated answer: to which question, how sure, and whether the label agrees."""

    question: str
    confidence: float
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lone:
    """One piece of evidence about a company, as if it stood alone."""

    strength: Strength
    right: bool


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share, 0..1; (0, 1) where nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    share, z2 = right / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def fitted(weight: float, right: int, of: int) -> float:
    """The posterior mean of a Beta prior worth PRIOR observations at `weight`."""
    return (weight * PRIOR + right) / (PRIOR + of)


def read(folders: Sequence[Path]) -> list[str]:
    """The lines of every *.jsonl of the folders, each device key made the folder's own."""
    lines = []
    for number, folder in enumerate(folders):
        for path in sorted(folder.glob("*.jsonl")):
            for text in path.read_text("utf-8").splitlines():
                if text.strip():
                    item = json.loads(text)
                    item["device"] = f"{number}-{item.get('device') or item['id']}"
                    item["id"] = f"{number}-{item['id']}"
                    lines.append(json.dumps(item))
    return lines


class Labels:
    """What the labels of one device say, in vendor ids of the knowledge base."""

    def __init__(self, items: Sequence[dict[str, Any]], knowledge: Knowledge) -> None:
        names = knowledge.signatures.names
        truths = [item["truth"] for item in items]
        self.fair = not any(i.get("weak") or i.get("vendor_ambiguous") or i.get("generic") for i in items)
        self.cctv: bool = bool(truths[0]["is_cctv"])
        vendor = next((t["vendor"] for t in truths if t["vendor"]), None)
        maker = next((t["manufacturer"] for t in truths if t["manufacturer"]), None)
        self.known = vendor is not None
        # A company that no vendor file knows is still a company: any other answer is wrong.
        self.badge = names.get(name_key(vendor or ""), f"?{vendor}")
        self.maker = names.get(name_key(maker or vendor or ""), f"?{maker}")
        file = knowledge.signatures.vendors.get(self.badge)
        self.open = {row.maker for row in file.made_by} if file and self.maker == self.badge else set()
        self._knowledge = knowledge

    def agrees(self, claim: str) -> bool | None:
        """Whether a company named is one the label names or its parent; None where the label leaves it open."""
        family = {self.badge, self.maker}
        family |= {p for v in tuple(family) for p in self._knowledge.signatures.parents(v)}
        family |= {v for v in (claim,) if set(self._knowledge.signatures.parents(v)) & {self.badge, self.maker}}
        if claim in family:
            return True
        return None if claim in self.open else False


def gather(folders: Sequence[Path], knowledge: Knowledge) -> tuple[list[Answer], list[Lone], int]:
    """Every answer and every piece of evidence of the labelled sets, and the number of devices."""
    lines = read(folders)
    items = {item["id"]: item for item in map(json.loads, lines)}
    answers: list[Answer] = []
    lone: list[Lone] = []
    found, _ = identify(lines, knowledge)
    for intake, device in found:
        labels = Labels([items[i] for i in intake.ids], knowledge)
        answers += _answers(device, labels)
        lone += _lone(device, labels)
    return answers, lone, len(found)


def _answers(device: DeviceRecord, labels: Labels) -> Iterator[Answer]:
    if device.is_cctv is not None:
        yield Answer(question="CCTV or not", confidence=device.confidence, right=device.is_cctv == labels.cctv)
    if not (labels.known and labels.fair):
        return
    for question, claim in (("maker", device.manufacturer), ("badge", device.brand)):
        if claim is not None and (right := labels.agrees(claim.id)) is not None:
            yield Answer(question=question, confidence=claim.confidence, right=right)


def _lone(device: DeviceRecord, labels: Labels) -> Iterator[Lone]:
    if not (labels.known and labels.fair):
        return
    for evidence in device.evidence:
        for key in ("manufacturer", "brand"):
            if key in evidence.says and (right := labels.agrees(evidence.says[key])) is not None:
                yield Lone(strength=Strength(evidence.strength), right=right)
                break


def reliability(answers: Sequence[Answer]) -> Iterator[str]:
    """The table of stated against found, as Markdown."""
    yield "| question | stated confidence | answers | right | share | 95 % interval |"
    yield "|---|---|---|---|---|---|"
    for question in dict.fromkeys(a.question for a in answers):
        for low, high in itertools.pairwise(BINS):
            some = [a for a in answers if a.question == question and low <= a.confidence < high]
            if some:
                right = sum(a.right for a in some)
                ends = wilson(right, len(some))
                yield (
                    f"| {question} | {low:.2f} to {high:.2f} | {len(some)} | {right} | {right / len(some):.3f} "
                    f"| {ends[0]:.3f} to {ends[1]:.3f} |"
                )


def weights(lone: Sequence[Lone]) -> Iterator[str]:
    """What each strength is worth, as Markdown."""
    yield "| strength | weight in use | pieces | right | share | 95 % interval | fitted weight |"
    yield "|---|---|---|---|---|---|---|"
    for strength, weight in WEIGHT.items():
        some = [item for item in lone if item.strength is strength]
        right = sum(item.right for item in some)
        low, high = wilson(right, len(some))
        share = f"{right / len(some):.3f}" if some else "-"
        yield (
            f"| {strength} | {weight} | {len(some)} | {right} | {share} | {low:.3f} to {high:.3f} "
            f"| {fitted(weight, right, len(some)):.3f} |"
        )


def write(lines: Iterable[str]) -> None:
    page = PAGE.read_text("utf-8")
    head, _, rest = page.partition("<!-- calibration -->\n")
    _, _, tail = rest.partition("<!-- end of calibration -->")
    body = "\n".join(lines)
    PAGE.write_text(f"{head}<!-- calibration -->\n\n{body}\n\n<!-- end of calibration -->{tail}", "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, action="append", help="a folder of *.jsonl; default: tests/corpus")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    folders = options.corpus or [OWN]
    knowledge = Knowledge.load(ROOT / "signatures")
    answers, lone, devices = gather(folders, knowledge)
    if not devices:
        print(f"no labelled observations in {', '.join(map(str, folders))}", file=sys.stderr)
        return 2
    lines = [f"{devices} devices.", "", *reliability(answers), "", *weights(lone)]
    print("\n".join(lines))
    if options.write:
        write(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
