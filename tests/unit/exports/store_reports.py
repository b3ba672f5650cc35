"""Constructed reports for inventories. Makers, badges and models are invented; the addresses are documentation ones."""

from dataclasses import replace
from hashlib import sha256

from netcam.errors import ExportError
from netcam.model.report import (
    SCHEMA,
    AdvisoryRecord,
    Basis,
    CapabilityRecord,
    Citation,
    DeviceRecord,
    MacSource,
    NamedClaim,
    Outcome,
    Report,
    ScanRecord,
    ScopeRecord,
    Traffic,
    VerdictRecord,
    Versions,
)

HOSTILE = (
    "=HYPERLINK(\"http://192.0.2.66/\";\"x\")",
    "<script>alert(1)</script>",
    "\u202egpj.exe\u202c",
    "tab\tand\nline\x00\x1b[31m",
    "@SUM(A1)",
    "é" * 3000,
    "камера-1",
    "  -2+3  ",
    "\ud800 lone",
    "\"quoted\", and; more",
)  # fmt: skip
NORTHLIGHT = NamedClaim(id="northlight", name="Northlight Optics Manufacturing", confidence=0.98)
HARBOURVIEW = NamedClaim(id="harbourview", name="Harbourview", confidence=0.97)
TIDEWATER = NamedClaim(id="tidewater", name="Tidewater Imaging", confidence=0.99)


def key(n):
    """The id of device `n`: sixteen hexadecimal digits, as real ones have."""
    return sha256(f"device {n}".encode()).hexdigest()[:16]


def verdict(outcome=Outcome.LISTED, list_id="ex-procurement"):
    return VerdictRecord(
        list=list_id,
        outcome=outcome,
        basis=Basis.OEM,
        entity="Northlight Optics Manufacturing",
        statement="made by a company named on the Exampleland procurement act",
        effect="procurement",
        citation=Citation(title="Act", url="https://law.example/act", section="7 (a)"),
        last_checked="2026-01-12",
        because=("e1",),
    )


def advisory(status="affected", id="CVE-0000-0001"):
    return AdvisoryRecord(
        id=id,
        known_exploited=True,
        status=status,
        why="firmware 4.2.1 is below 4.3",
        url="https://advisories.example/0001",
        title="A page answers without asking who",
        fixed="4.3",
    )


def camera(n, **changes):
    device = DeviceRecord(
        id=key(n),
        ip=f"192.0.2.{n}",
        addresses=(f"192.0.2.{n}",),
        mac=f"00:00:5e:00:53:{n:02x}",
        mac_source=MacSource.MEASURED,
        hostnames=(f"cam-{n}.store.example",),
        is_cctv=True,
        device_type="camera",
        confidence=0.996,
        brand=HARBOURVIEW,
        manufacturer=NORTHLIGHT,
        model="NL-220",
        firmware="4.2.1",
        firmware_date="2022-04-12",
        serial=f"NL{n:06}",
        capabilities=(CapabilityRecord(id="face-recognition", confidence=0.9, because=("e2",)),),
        verdicts=(verdict(),),
    )
    return replace(device, **changes)


def printer(n=200):
    return DeviceRecord(
        id=key(n), ip=f"192.0.2.{n}", addresses=(f"192.0.2.{n}",), is_cctv=False, device_type="other"
    )


def report(*devices, id="scan-1", site="Store 12", at="2026-01-15T10:00:00Z", until=None):
    return Report(
        schema=SCHEMA,
        scan=ScanRecord(
            id=id,
            site=site,
            started_at=at,
            ended_at=until or at,
            complete=True,
            scope=ScopeRecord(targets=("192.0.2.0/24",), addresses=256),
            versions=Versions(netcam="0.1.0", signatures="sha256:0", oui="2026-01-10", lists={}),
            traffic=Traffic(),
            coverage=(),
        ),
        devices=devices,
    )


def store():
    """A listed camera, a recorder on three addresses with a flaw, an unknown one, a clear one, a printer."""
    return report(
        camera(10, advisories=(advisory("unknown"),)),
        camera(
            11,
            device_type="nvr",
            brand=None,
            model="NL-R16",
            addresses=("192.0.2.11", "192.0.2.111", "2001:db8::11", "fe80::1"),
            advisories=(advisory(), advisory("not-affected", "CVE-0000-0002")),
        ),
        camera(
            12,
            brand=None,
            manufacturer=None,
            model=None,
            device_type=None,
            firmware=None,
            firmware_date=None,
            serial=None,
            mac_source=MacSource.CLAIMED,
            capabilities=(),
            verdicts=(verdict(Outcome.UNDETERMINED),),
        ),
        camera(
            13, brand=TIDEWATER, manufacturer=TIDEWATER, model="TW 4", verdicts=(verdict(Outcome.NOT_LISTED),), mac=None
        ),
        camera(14, brand=TIDEWATER, manufacturer=TIDEWATER, model="TW-4", verdicts=(), serial=None, hostnames=()),
        printer(),
    )


def hostile(base=30):
    """Each hostile text wherever a device can put one."""
    return report(
        *(
            camera(
                base + n,
                model=text,
                serial=text + str(n),
                firmware=text,
                firmware_date=text,
                hostnames=(text,),
                brand=NamedClaim(id=f"h{n}", name=text, confidence=0.5),
                manufacturer=NamedClaim(id=f"h{n}", name=text, confidence=0.5),
                addresses=(f"192.0.2.{base + n}", text),
                verdicts=(replace(verdict(), statement=text, list=text),),
                advisories=(replace(advisory(), id=text, why=text, title=text, url=text, fixed=text),),
            )
            for n, text in enumerate(HOSTILE)
        ),
        site="=Store <12>",
    )


def deliver(destination, reports, tries=1):
    """Every item, each tried up to `tries` times; (what became of each by key, the errors left)."""
    done, failed = {}, {}
    for item in destination.items(reports):
        for _ in range(tries):
            try:
                done[item.key] = destination.put(item)
                failed.pop(item.key, None)
                break
            except ExportError as error:
                failed[item.key] = error
                if not error.retry:
                    break
    return done, failed
