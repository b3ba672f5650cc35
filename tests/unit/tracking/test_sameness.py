"""Which device is which at two visits; addresses are documentation ones, marks are invented."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netcam.model.identity import Strength
from netcam.model.report import (
    SCHEMA,
    DeviceRecord,
    EvidenceRecord,
    MacSource,
    NamedClaim,
    ObservationRecord,
    Report,
    ScanRecord,
    ScopeRecord,
    Traffic,
    Versions,
)
from netcam.tracking.model import Marks, Sighted
from netcam.tracking.sameness import MARKS_KEPT, marked, marks, pair

MAC1, MAC2, MAC3 = "00:00:5e:00:53:01", "00:00:5e:00:53:02", "00:00:5e:00:53:03"


def device(address=None, *, serial=None, mac=None, claimed=False, uuids=(), certificates=(), maker=None, model=None):
    addresses = () if address is None else (address,) if isinstance(address, str) else tuple(address)
    record = DeviceRecord(
        id="x",
        ip=addresses[0] if addresses else None,
        addresses=addresses,
        mac=mac,
        mac_source=None if mac is None else MacSource.CLAIMED if claimed else MacSource.MEASURED,
        serial=serial,
        model=model,
        manufacturer=NamedClaim(id=maker, name=maker.title(), confidence=0.9) if maker else None,
    )
    return record, Marks(
        serial=serial,
        mac=mac,
        measured=mac is not None and not claimed,
        uuids=frozenset(uuids),
        certificates=frozenset(certificates),
        addresses=addresses,
    )


def known(**devices):
    return [Sighted(key=key, record=record, marks=marks) for key, (record, marks) in devices.items()]


def test_a_new_dhcp_address_is_no_new_device():
    old = known(a=device("192.0.2.10", serial="NL0001AB"), b=device("192.0.2.11", mac=MAC2))
    assert pair(old, [device("192.0.2.80", mac=MAC2), device("192.0.2.81", serial="NL0001AB")]) == ("b", "a")


def test_two_devices_that_swap_addresses_stay_themselves():
    for mark in ("serial", "mac"):
        one, two = ("NL0001AB", "NL0002CD") if mark == "serial" else (MAC1, MAC2)
        old = known(a=device("192.0.2.10", **{mark: one}), b=device("192.0.2.11", **{mark: two}))
        new = [device("192.0.2.10", **{mark: two}), device("192.0.2.11", **{mark: one})]
        assert pair(old, new) == ("b", "a")


def test_a_serial_number_unseen_once_is_made_up_for_by_the_mac():
    whole = device("192.0.2.10", serial="NL0001AB", mac=MAC1)
    without = device("192.0.2.20", mac=MAC1)
    assert pair(known(a=whole), [without]) == ("a",)
    assert pair(known(a=without), [whole]) == ("a",)


def test_a_mac_that_is_measured_once_and_claimed_another_time_is_one():
    old = known(a=device("192.0.2.10", mac=MAC1))
    assert pair(old, [device("192.0.2.20", mac=MAC1, claimed=True)]) == ("a",)


def test_a_measured_mac_wins_over_one_that_is_claimed_by_another_device():
    old = known(a=device("192.0.2.10", mac=MAC1))
    new = [device("192.0.2.10", mac=MAC1, claimed=True), device("192.0.2.44", mac=MAC1)]
    assert pair(old, new) == (None, "a")


def test_another_serial_number_at_the_address_is_another_device():
    old = known(a=device("192.0.2.10", serial="NL0001AB"))
    assert pair(old, [device("192.0.2.10", serial="NL0002CD")]) == (None,)


def test_another_mac_at_the_address_is_another_device():
    old = known(a=device("192.0.2.10", mac=MAC1))
    assert pair(old, [device("192.0.2.10", mac=MAC2)]) == (None,)


def test_a_serial_number_overrules_the_mac():
    old = known(a=device("192.0.2.10", serial="NL0001AB", mac=MAC1))
    assert pair(old, [device("192.0.2.11", serial="NL0001AB", mac=MAC3)]) == ("a",)


def test_a_mac_does_not_pair_what_has_another_serial_number():
    old = known(a=device("192.0.2.10", serial="NL0001AB", mac=MAC1))
    assert pair(old, [device("192.0.2.10", serial="NL0009ZZ", mac=MAC1)]) == (None,)


def test_a_serial_number_with_the_model_before_it_is_no_other_one():
    old = known(a=device("192.0.2.10", serial="0001AB77", mac=MAC1))
    assert pair(old, [device("192.0.2.11", serial="NL-2200001AB77", mac=MAC1)]) == ("a",)


def test_a_serial_number_that_two_devices_show_at_one_visit_is_left_to_the_weaker_marks():
    old = known(
        a=device("192.0.2.10", serial="NL0001AB", mac=MAC1), b=device("192.0.2.11", serial="NL0001AB", mac=MAC2)
    )
    new = [device("192.0.2.11", serial="NL0001AB", mac=MAC1), device("192.0.2.10", serial="NL0001AB", mac=MAC2)]
    assert pair(old, new) == ("a", "b")


def test_a_clone_that_appears_does_not_take_the_place_of_the_device_it_copies():
    old = known(a=device("192.0.2.10", serial="NL0001AB", mac=MAC1))
    new = [device("192.0.2.99", serial="NL0001AB", mac=MAC2), device("192.0.2.10", serial="NL0001AB", mac=MAC1)]
    assert pair(old, new) == (None, "a")


def test_clones_that_only_their_addresses_tell_apart_are_told_by_them():
    old = known(a=device("192.0.2.10", serial="NL0001AB"), b=device("192.0.2.11", serial="NL0001AB"))
    new = [device("192.0.2.11", serial="NL0001AB"), device("192.0.2.10", serial="NL0001AB")]
    assert pair(old, new) == ("b", "a")


def test_a_uuid_pairs_what_has_no_stronger_mark():
    old = known(a=device("192.0.2.10", uuids=["4d454930-0000-4000-8000-000000000001"]))
    assert pair(old, [device("192.0.2.20", uuids=["4d454930-0000-4000-8000-000000000001", "other-uuid"])]) == ("a",)


def test_a_uuid_or_certificate_does_not_pair_what_has_another_mac_or_serial_number():
    for shared in ({"uuids": ["firmware-wide-uuid"]}, {"certificates": ["ab" * 32]}):
        old = known(a=device("192.0.2.10", mac=MAC1, **shared), b=device("192.0.2.11", serial="NL0001AB", **shared))
        new = [device("192.0.2.20", mac=MAC3, **shared)]
        assert pair(old[:1], new) == (None,)
        assert pair(old[1:], [device("192.0.2.20", serial="NL0007XX", **shared)]) == (None,)


def test_a_certificate_pairs_one_model_and_not_two():
    old = known(a=device("192.0.2.10", certificates=["ab" * 32], model="NL-220"))
    assert pair(old, [device("192.0.2.20", certificates=["ab" * 32], model="NL-220")]) == ("a",)
    assert pair(old, [device("192.0.2.20", certificates=["ab" * 32], model="NL-310")]) == (None,)


def test_a_makers_certificate_on_many_devices_tells_none():
    shared = {"certificates": ["ab" * 32]}
    old = known(a=device("192.0.2.10", **shared), b=device("192.0.2.11", **shared))
    assert pair(old, [device("192.0.2.20", **shared)]) == (None,)


def test_an_address_pairs_what_nothing_contradicts():
    old = known(a=device("192.0.2.10", mac=MAC1, model="NL-220"))
    assert pair(old, [device("192.0.2.10")]) == ("a",)
    assert pair(old, [device("192.0.2.10", model="NL-220 rev B")]) == ("a",)  # no maker says it is another


def test_another_makers_other_model_at_the_address_is_another_device():
    old = known(a=device("192.0.2.10", maker="northlight", model="NL-220"))
    assert pair(old, [device("192.0.2.10", maker="tidewater", model="TW-9")]) == (None,)
    assert pair(old, [device("192.0.2.10", maker="northlight", model="NL-221")]) == ("a",)


def test_a_device_is_not_paired_by_address_when_its_own_marks_are_elsewhere():
    old = known(a=device("192.0.2.10", serial="NL0001AB"))
    assert pair(old, [device("192.0.2.10"), device("192.0.2.30", serial="NL0001AB")]) == (None, "a")


def test_a_device_on_several_addresses_goes_with_the_one_that_shares_most():
    old = known(a=device(["192.0.2.10", "192.0.2.11", "192.0.2.12"]))
    new = [device("192.0.2.10"), device(["192.0.2.11", "192.0.2.12"])]
    assert pair(old, new) == (None, "a")


POOL = st.builds(
    device,
    st.sampled_from([None, "192.0.2.1", "192.0.2.2", ("192.0.2.4", "192.0.2.5"), ("192.0.2.1", "192.0.2.5")]),
    serial=st.sampled_from([None, "NL0001AB", "NL0002CD", "X-NL0002CD"]),
    mac=st.sampled_from([None, MAC1, MAC2, MAC3]),
    claimed=st.booleans(),
    uuids=st.sets(st.sampled_from(["u-one", "u-two", "u-three"]), max_size=2),
    certificates=st.sets(st.sampled_from(["c-one", "c-two"]), max_size=1),
    maker=st.sampled_from([None, "northlight", "tidewater"]),
    model=st.sampled_from([None, "NL-220", "TW-9"]),
)


@given(st.lists(POOL, max_size=7), st.lists(POOL, max_size=7), st.randoms(use_true_random=False))
def test_pairing_is_one_to_one_and_does_not_depend_on_order(before, after, random):
    old = [Sighted(key=f"k{n}", record=record, marks=marks) for n, (record, marks) in enumerate(before)]
    found = pair(old, after)
    assert len(found) == len(after)
    kept = [key for key in found if key is not None]
    assert len(kept) == len(set(kept))
    order = list(range(len(after)))
    random.shuffle(order)
    random.shuffle(old)
    again = pair(old, [after[n] for n in order])
    assert dict(zip(order, again, strict=True)) == dict(enumerate(found))


@given(st.lists(POOL, max_size=7))
def test_a_visit_at_which_nothing_changed_gives_no_device_the_key_of_another(devices):
    old = [Sighted(key=f"k{n}", record=record, marks=marks) for n, (record, marks) in enumerate(devices)]
    for n, key in enumerate(pair(old, devices)):
        assert key in (f"k{n}", None)


def seen(n, kind, value, ip):
    return ObservationRecord(
        id=f"o{n}", kind=kind, value=value, ip=ip, port=None, transport=None, probe="", seen_at="", root=""
    )


def report(devices, observations):
    scan = ScanRecord(
        id="s", site=None, started_at="", ended_at="", complete=True, scope=ScopeRecord(),
        versions=Versions(netcam="0", signatures="", oui="", lists={}), traffic=Traffic(), coverage=(),
    )  # fmt: skip
    return Report(schema=SCHEMA, scan=scan, devices=tuple(devices), observations=tuple(observations))


def test_marks_are_read_as_they_are_compared_and_dummies_are_none():
    record = DeviceRecord(id="x", serial=" nl0001ab ", mac=MAC1, mac_source=MacSource.CLAIMED, addresses=("192.0.2.1",))
    observations = [
        seen(1, "ssdp.uuid", "UUID:4D454930-0000-4000-8000-000000000001", "192.0.2.1"),
        seen(2, "wsd.uuid", "urn:uuid:4d454930-0000-4000-8000-000000000001", "192.0.2.1"),
        seen(3, "wsd.uuid", "urn:uuid:00000000-0000-0000-0000-000000000000", "192.0.2.1"),
        seen(4, "tls.fingerprint", "AB" * 32, "192.0.2.1"),
    ]
    found = marks(record, observations)
    assert (found.serial, found.mac, found.measured) == ("NL0001AB", MAC1, False)
    assert found.uuids == {"4d454930-0000-4000-8000-000000000001"}
    assert found.certificates == {"ab" * 32}
    assert marks(DeviceRecord(id="x", serial="0000000000"), []).serial is None


def test_a_device_that_makes_up_uuids_keeps_a_bounded_number_of_them():
    many = [seen(n, "ssdp.uuid", f"4d454930-0000-4000-8000-{n:012d}", "192.0.2.1") for n in range(500)]
    assert len(marks(DeviceRecord(id="x"), many).uuids) == MARKS_KEPT


def test_an_observation_belongs_to_the_device_at_its_address_or_whose_evidence_rests_on_it():
    spoken = EvidenceRecord(id="e1", signature="a.b.c", observation="o2", strength=Strength.WEAK, says={})
    devices = [
        DeviceRecord(id="a", addresses=("192.0.2.1",)),
        DeviceRecord(id="b", addresses=("192.0.2.2",)),
        DeviceRecord(id="c", addresses=("192.0.2.2",), evidence=(spoken,)),
    ]
    observations = [
        seen(1, "tls.fingerprint", "aa", "192.0.2.1"),
        seen(2, "tls.fingerprint", "bb", "192.0.2.2"),
        seen(3, "tls.fingerprint", "cc", None),
    ]
    assert [set(m.certificates) for _, m in marked(report(devices, observations))] == [{"aa"}, set(), {"bb"}]
