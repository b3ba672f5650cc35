"""What a report comes to: groups of findings, due days, capabilities, firmware ages."""

from dataclasses import replace

from sample import camera, evidence, sample_report, verdict, verdicts

from netcam.model.report import Basis, CapabilityRecord, DeviceRecord, NamedClaim, Outcome
from netcam.report.summary import capabilities, dues, findings, firmware_ages


def report_of(*devices):
    return sample_report(devices, [])


def device(n, **changes):
    return camera(n, f"192.0.2.{n}", **changes)[0]


def test_devices_of_which_every_list_says_the_same_are_one_finding_whatever_their_evidence():
    one, two = device(1), device(2, verdicts=verdicts(Outcome.LISTED, Basis.OEM, because=("e9",)))
    (found,) = findings(report_of(two, one))
    assert [d.ip for d in found.devices] == ["192.0.2.1", "192.0.2.2"]
    assert (found.maker, found.brand) == ("Northlight Optics Manufacturing", "Harbourview")
    assert [v.list for v in found.listed] == ["ex-export", "ex-procurement"]
    assert found.possible == ()
    assert found.bases == ("sold under another brand, built by a company that the list names",)


def test_another_badge_or_another_answer_of_any_list_is_another_finding():
    other = NamedClaim(id="x", name="Xylo", confidence=0.9)
    less = (verdict("ex-procurement", Outcome.LISTED, Basis.OEM), verdict("ex-export", Outcome.POSSIBLE, Basis.OEM))
    found = findings(report_of(device(1), device(2, brand=other), device(3, verdicts=less)))
    assert [len(f.devices) for f in found] == [1, 1, 1]
    both = next(f for f in found if f.devices[0].ip == "192.0.2.3")
    assert ([v.list for v in both.listed], [v.list for v in both.possible]) == (["ex-procurement"], ["ex-export"])


def test_listed_findings_come_first_then_the_larger_ones():
    maybe = verdicts(Outcome.POSSIBLE)
    many = [device(n, brand=None) for n in (3, 4)]
    found = findings(report_of(device(1, verdicts=maybe), device(2), *many, device(5, verdicts=())))
    assert [(f.outcome, len(f.devices)) for f in found] == [("listed", 2), ("listed", 1), ("possible", 1)]


def test_due_days_come_in_order_and_a_past_one_is_known_by_the_end_of_the_scan():
    def own(id, day, outcome=Outcome.LISTED):
        return replace(verdict("ex-procurement", outcome), list=id, title=id.upper(), due=day)

    wanted = dues(
        report_of(
            device(1, verdicts=(own("b", "2026-01-15"),)),
            device(2, verdicts=(own("a", "2026-01-14"), own("b", "2026-01-15"))),
            device(3, verdicts=(own("a", "2026-01-14", Outcome.NOT_LISTED),)),
        )
    )
    assert [(w.day, w.list, w.title, w.past, [d.ip for d in w.devices]) for w in wanted] == [
        ("2026-01-14", "a", "A", True, ["192.0.2.2"]),
        ("2026-01-15", "b", "B", False, ["192.0.2.1", "192.0.2.2"]),
    ]


def test_capabilities_name_their_devices_and_the_signatures_that_show_them():
    able = (
        CapabilityRecord(id="ptz", confidence=0.9, because=("e1",)),
        CapabilityRecord(id="anpr", confidence=0.9, because=("e2", "e77")),
    )
    two = device(2, capabilities=able[1:], evidence=(evidence(2, "northlight.model.anpr", "o1", capability="anpr"),))
    found = capabilities(report_of(device(1, capabilities=able), two))
    assert [(c.id, c.name, len(c.devices)) for c in found] == [
        ("anpr", "Number-plate recognition (ANPR)", 2), ("ptz", "Pan, tilt and zoom (PTZ)", 1),
    ]  # fmt: skip
    assert [(e.signature, n) for e, n in found[0].shown_by] == [
        ("northlight.model.anpr", 1), ("northlight.nldp.model", 1),
    ]  # fmt: skip


def test_firmware_ages_fall_in_groups_and_devices_that_tell_none_are_counted():
    days = (0, 364, 365, 729, 730, 1460, 1461, 9000, None)
    devices = [device(n, firmware_age_days=age) for n, age in enumerate(days, 1)]
    other = DeviceRecord(id="p", is_cctv=False, firmware_age_days=5000)
    ages = firmware_ages(report_of(*devices, other), oldest=3)
    assert [sum(counts.values()) for _, counts in ages.groups] == [2, 2, 2, 2]
    assert (ages.known, ages.unknown) == (8, 1)
    assert [d.firmware_age_days for d in ages.oldest] == [9000, 1461, 1460]
