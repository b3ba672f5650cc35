"""Constructed reports. Makers, badges, models, banners and lists are invented; the addresses are documentation ones."""

from __future__ import annotations

from dataclasses import replace

from netcam.model.identity import Strength
from netcam.model.report import (
    SCHEMA,
    AdvisoryRecord,
    Basis,
    CapabilityRecord,
    ChangeRecord,
    ChangesRecord,
    Citation,
    ConflictRecord,
    CoverageRecord,
    DeviceRecord,
    EvidenceRecord,
    MacSource,
    NamedClaim,
    ObservationRecord,
    Outcome,
    Report,
    RunRecord,
    ScanRecord,
    ScopeRecord,
    ServiceRecord,
    Traffic,
    VerdictRecord,
    Versions,
)
from netcam.model.runs import CoverageStatus, RunStatus

AT = "2026-01-15T10:00:03Z"
LISTS = {"ex-export": "2026-01-10", "ex-procurement": "2026-01-12"}
_TITLES = {
    "ex-procurement": ("Exampleland procurement act", "procurement", "section 7 (a)"),
    "ex-export": ("Exampleland export list", "export-control", "annex 2"),
}
_NAMES = {"northlight": "Northlight Optics Manufacturing", "tidewater": "Tidewater Imaging"}
_WHOM = {"procurement": "purchases by public bodies of Exampleland", "export-control": "exports to that company"}


def verdict(list_id="ex-procurement", outcome=Outcome.LISTED, basis=Basis.NAMED, entity="northlight", because=("e1",)):
    title, effect, section = _TITLES[list_id]
    name = _NAMES.get(entity)
    named = outcome in (Outcome.LISTED, Outcome.POSSIBLE)
    hedge = "made by" if outcome is Outcome.LISTED else "possibly made by"
    statement = f"{hedge} a company named on the {title}, which applies to {_WHOM[effect]}" if named else ""
    return VerdictRecord(
        list=list_id,
        outcome=outcome,
        basis=basis if named else None,
        entity=name if named else None,
        statement=statement,
        effect=effect,
        citation=Citation(title=title, url=f"https://law.example/{list_id}", section=section),
        last_checked=LISTS[list_id],
        because=because if named else (),
    )


def verdicts(outcome, basis=Basis.NAMED, entity="northlight", because=("e1",)):
    return tuple(verdict(id, outcome, basis, entity, because) for id in sorted(LISTS))


def seen(n, kind, value, ip, port=80, transport="tcp", probe="http"):
    return ObservationRecord(
        id=f"o{n}",
        kind=kind,
        value=value,
        ip=ip,
        port=port,
        transport=transport,
        probe=probe,
        seen_at=AT,
        root=f"banner:{ip}:{port}",
    )


def evidence(n, signature, observation, strength=Strength.STRONG, root="", **says):
    return EvidenceRecord(
        id=f"e{n}", signature=signature, observation=observation, strength=strength, root=root, says=says
    )


def camera(n, ip, **changes):
    """A Harbourview camera built by Northlight, and its three observations; `n` numbers both."""
    first = n * 10
    observations = (
        seen(first, "http.server", "NLO-Web/4.2.1", ip),
        seen(first + 1, "nldp.model", "NL-220", ip, 40102, "udp", "nldp"),
        seen(first + 2, "http.title", "Harbourview Viewer", ip),
    )
    device = DeviceRecord(
        id=f"serial:NL{n:06}",
        ip=ip,
        addresses=(ip,),
        mac=f"02:00:5e:00:{n // 256 % 256:02x}:{n % 256:02x}",
        mac_source=MacSource.MEASURED,
        hostnames=(f"cam-{n}.store.example",),
        is_cctv=True,
        device_type="camera",
        confidence=0.996,
        brand=NamedClaim(id="harbourview", name="Harbourview", confidence=0.97),
        manufacturer=NamedClaim(id="northlight", name="Northlight Optics Manufacturing", confidence=0.98),
        model="NL-220",
        firmware="4.2.1",
        firmware_date="2022-04-12",
        serial=f"NL{n:06}",
        oui_registrant="Northlight Optics",
        capabilities=(CapabilityRecord(id="face-recognition", confidence=0.9, because=("e2",)),),
        verdicts=verdicts(Outcome.LISTED, Basis.OEM, because=("e1", "e2")),
        services=(
            ServiceRecord(port=80, transport="tcp", protocol="http", tls=False),
            ServiceRecord(port=554, transport="tcp", protocol="rtsp", tls=False),
        ),
        evidence=(
            evidence(
                1,
                "northlight.http.server",
                f"o{first}",
                root=f"banner:{ip}:80",
                manufacturer="northlight",
                device_type="camera",
                firmware="4.2.1",
            ),
            evidence(
                2,
                "northlight.nldp.model",
                f"o{first + 1}",
                Strength.DEFINITIVE,
                f"nldp:{ip}",
                manufacturer="northlight",
                model="NL-220",
                capability="face-recognition",
            ),
            evidence(
                3,
                "harbourview.http.title",
                f"o{first + 2}",
                Strength.SUPPORTING,
                f"banner:{ip}:80",
                brand="harbourview",
                manufacturer="northlight",
            ),
        ),
    )
    return replace(device, **changes), observations


def sample_report(devices=None, observations=None, **changes):
    """A small store: a badged and an own-brand listed device, a possible, an unlisted, an undecided one, a printer."""
    if devices is None:
        badged, seen_badged = camera(1, "192.0.2.10")
        own, seen_own = camera(
            2,
            "192.0.2.9",
            device_type="nvr",
            brand=NamedClaim(id="northlight", name="Northlight", confidence=0.99),
            model="NL-R16",
            verdicts=verdicts(Outcome.LISTED),
            advisories=(
                AdvisoryRecord(
                    id="CVE-0000-0001",
                    known_exploited=True,
                    status="affected",
                    why="firmware 4.2.1 is below 4.3",
                    url="https://advisories.example/0001",
                ),
            ),
            addresses=("192.0.2.9", "192.0.2.109", "2001:db8::9"),
        )
        maybe, seen_maybe = camera(
            3,
            "192.0.2.30",
            brand=NamedClaim(id="brightmoor", name="Brightmoor", confidence=0.9),
            manufacturer=NamedClaim(id="northlight", name="Northlight Optics Manufacturing", confidence=0.55),
            mac_source=MacSource.CLAIMED,
            model=None,
            firmware=None,
            firmware_date=None,
            capabilities=(),
            verdicts=(
                verdict("ex-export", Outcome.UNDETERMINED),
                verdict("ex-procurement", Outcome.POSSIBLE, Basis.OEM),
            ),
            conflicts=(
                ConflictRecord(
                    field="manufacturer",
                    values=("northlight", "tidewater"),
                    evidence=("e1", "e3"),
                    note="two makers' marks on one device",
                ),
            ),
        )
        clear, seen_clear = camera(
            4,
            "192.0.2.40",
            brand=NamedClaim(id="tidewater", name="Tidewater", confidence=0.99),
            manufacturer=NamedClaim(id="tidewater", name="Tidewater Imaging", confidence=0.99),
            model="TW-4",
            verdicts=verdicts(Outcome.NOT_LISTED),
        )
        devices = (
            DeviceRecord(
                id="ip:192.0.2.200",
                ip="192.0.2.200",
                addresses=("192.0.2.200",),
                is_cctv=False,
                device_type="other",
                confidence=0.9,
                hostnames=("printer.store.example",),
            ),
            clear,
            badged,
            maybe,
            own,
            DeviceRecord(
                id="ip:192.0.2.77",
                ip="192.0.2.77",
                addresses=("192.0.2.77",),
                is_cctv=None,
                verdicts=verdicts(Outcome.UNDETERMINED),
                services=(ServiceRecord(port=80, transport="tcp", protocol=None, tls=False),),
            ),
        )
        observations = (
            *seen_badged,
            *seen_own,
            *seen_maybe,
            *seen_clear,
            seen(99, "http.server", "webserver", "192.0.2.77"),
        )
    report = Report(
        schema=SCHEMA,
        scan=ScanRecord(
            id="20260115-100000-store",
            site="Store 12",
            started_at="2026-01-15T10:00:00Z",
            ended_at="2026-01-15T10:02:11Z",
            complete=True,
            scope=ScopeRecord(targets=("192.0.2.0/24",), excluded=("192.0.2.250",), addresses=255),
            versions=Versions(
                netcam="0.1.0",
                signatures="sha256:0123456789abcdef",
                signatures_from="packaged",
                oui="2026-01-10",
                lists=LISTS,
                pattern_engine="re2",
            ),
            traffic=Traffic(packets_sent=5120, bytes_sent=1_204_233, max_packets_to_one_host=96),
            coverage=(
                CoverageRecord(what="192.0.2.0/24 TCP", status=CoverageStatus.COVERED, why=""),
                CoverageRecord(
                    what="192.0.2.0/24 multicast",
                    status=CoverageStatus.PARTLY,
                    why="answers do not cross the router; asked by unicast instead",
                ),
                CoverageRecord(
                    what="192.0.2.0/24 ARP", status=CoverageStatus.NOT, why="needs the right to send raw frames"
                ),
            ),
        ),
        devices=tuple(devices),
        observations=tuple(observations),
        runs=(
            RunRecord(probe="http", target="192.0.2.10:80", status=RunStatus.ANSWERED, detail="", took_s=0.2),
            RunRecord(probe="http", target="192.0.2.9:80", status=RunStatus.ANSWERED, detail="", took_s=0.1),
            RunRecord(probe="nldp", target="192.0.2.0/24", status=RunStatus.ANSWERED, detail="", took_s=2.0),
            RunRecord(probe="arp", target="192.0.2.0/24", status=RunStatus.SKIPPED, detail="no raw socket", took_s=0.0),
        ),
    )
    return replace(report, **changes)


HOSTILE = {
    "script": "</script></style><script>alert(1)</script><img src=x onerror=alert(2)>",
    "rtl": "\u202eredael-gpj.exe\u202c \u2066x\u2069 \u200b\ufeff",
    "long": "W" * 10_000,
    "template": "{{ 7*7 }}{% raw %} ${7*7} [bold red]x[/bold red] :bomb: &amp; %s",
    "escape": "\x1b[2J\x1b]0;owned\x07\x00\r\n\tnext",
    "formula": '=HYPERLINK("http://evil.example","x"),2',
    "marks": "Z" + "\u0315\u0322" * 40,
    "markdown": "`x` **b** [a](javascript:alert(5)) ![p](http://evil.example/p.png) @owner #12 www.evil.example | c\\",
    "noscript": "</noscript></details><script>alert(6)</script>",
    "wide": "海康威视数字技术股份有限公司 كاميرا מצלמה",
}


def hostile_report():
    """A device for each hostile text, with the text in every field that a device, or a forged report, can fill."""
    devices, observations = [], []
    for n, text in enumerate(HOSTILE.values(), 1):
        device, saw = camera(n, f"192.0.2.{n}")
        claim = NamedClaim(id=text, name=text, confidence=0.9)
        devices.append(
            replace(
                device,
                id=text + str(n),
                hostnames=(text, text),
                brand=claim,
                manufacturer=claim,
                model=text,
                firmware=text,
                firmware_date=text,
                firmware_age_days=n * 300,
                serial=text,
                oui_registrant=text,
                device_type=text,
                mac=text,
                capabilities=(CapabilityRecord(id=text, confidence=0.5, because=(text, "e1")),),
                services=(ServiceRecord(port=80, transport=text, protocol=text, tls=False),),
                evidence=(evidence(1, text, f"o{n * 10}", manufacturer=text, **{text: text}),),
                conflicts=(ConflictRecord(field=text, values=(text, text), evidence=(text,), note=text),),
                advisories=(
                    AdvisoryRecord(id=text, known_exploited=False, status=text, why=text, url="javascript:alert(3)"),
                ),
                verdicts=(
                    *device.verdicts,
                    replace(
                        device.verdicts[0],
                        list=text,
                        entity=text,
                        statement=text,
                        effect=text,
                        last_checked=text,
                        title=text,
                        due=text,
                        citation=Citation(title=text, url="javascript:alert(4)", section=text),
                    ),
                ),
            )
        )
        observations += [replace(o, value=text, kind=text, probe=text, seen_at=text) for o in saw]
    report = sample_report(devices, observations)
    scan = replace(
        report.scan,
        site=HOSTILE["script"],
        complete=False,
        scope=ScopeRecord(targets=tuple(HOSTILE.values()), excluded=(HOSTILE["rtl"],), addresses=3),
        coverage=tuple(CoverageRecord(what=t, status=CoverageStatus.NOT, why=t) for t in HOSTILE.values()),
    )
    runs = tuple(RunRecord(probe=t, target=t, status=RunStatus.FAILED, detail=t, took_s=1.0) for t in HOSTILE.values())
    changed = tuple(
        ChangeRecord(device=text + str(n), ip=text, field=text, list=list, old=text, new=text, cause=text)
        for n, text in enumerate(HOSTILE.values(), 1)
        for list in (None, text)
    )
    return replace(report, scan=scan, runs=runs, changes=ChangesRecord(before=report.scan.versions, changed=changed))


def big_report(size=5000):
    """`size` devices: half of them cameras of three makers, the others anything else."""
    devices, observations = [], []
    for n in range(size):
        ip = f"10.{n // 62500}.{n // 250 % 250}.{n % 250 + 1}"
        if n % 2:
            devices.append(DeviceRecord(id=f"ip:{ip}", ip=ip, addresses=(ip,), is_cctv=None if n % 10 == 1 else False))
            continue
        changes = {}
        if n % 3:
            maker = NamedClaim(id="tidewater", name="Tidewater Imaging", confidence=0.95)
            changes = {"manufacturer": maker, "brand": maker, "verdicts": verdicts(Outcome.NOT_LISTED)}
        device, saw = camera(n, ip, **changes)
        devices.append(device)
        observations += saw
    return sample_report(devices, observations)
