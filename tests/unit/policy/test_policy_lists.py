"""The lists that netcam ships, and what a broken list file is told."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from policy_cases import claim, dispute, entry, policy

from netcam.engine.identify import identify
from netcam.engine.load import load_signatures
from netcam.engine.match import EvidenceIds
from netcam.errors import SignatureError
from netcam.model import Endpoint, Identity, Numbering
from netcam.model.report import Basis, Outcome
from netcam.policy.judge import judge
from netcam.policy.load import check_lists, load_list, load_lists, stale_lists

SHIPPED = load_lists()
SAMPLE = Path(__file__).parents[3] / "signatures" / "lists" / "samples" / "retailer-policy.toml"
HIKVISION, DAHUA = "Hangzhou Hikvision Digital Technology", "Zhejiang Dahua Technology"
IDS = (
    "au-direction-2023",
    "ca-order-2025",
    "uk-cabinet-office-2022",
    "us-bis-entity",
    "us-dod-1260h",
    "us-fcc-covered",
    "us-ndaa-889",
)


@cache
def signatures():
    return load_signatures()


def held(identity, listed):
    known = signatures()
    return judge(
        identity,
        listed,
        parents=known.parents,
        country=lambda v: company.country if (company := known.company(v)) else None,
        name=known.display_name,
        on=date(2026, 6, 1),
    )


def maker(vendor, confidence=0.97, **more):
    return Identity(manufacturer=(claim(vendor, confidence),), **more)


def test_seven_lists_are_shipped_and_the_sample_is_not_among_them():
    assert tuple(sorted(SHIPPED)) == IDS


def test_the_shipped_lists_and_the_sample_keep_every_rule():
    lists = load_lists(own=[SAMPLE], vendors=signatures().vendors)
    assert check_lists(lists.values(), signatures().vendors) == ()


def test_every_vendor_that_a_list_names_has_a_file_of_a_company_that_builds():
    for listed in (*SHIPPED.values(), load_list(SAMPLE)):
        for item in listed.entry:
            if item.vendor is not None:
                assert signatures().vendors[item.vendor].vendor.builds, (listed.id, item.vendor)


@pytest.mark.parametrize("listed", SHIPPED.values(), ids=SHIPPED)
def test_a_shipped_list_says_whom_it_binds_what_it_leaves_alone_and_where_it_stands(listed):
    head = listed.list
    assert head.called
    assert head.limits
    assert head.in_force
    assert not head.own
    assert not head.binds.endswith(".")
    assert all(source.url.startswith("https://") and source.section for source in head.citation)
    assert all(item.entity and item.references for item in listed.entry)


@pytest.mark.parametrize(
    ("list_id", "vendor", "outcome", "basis"),
    [
        ("us-ndaa-889", "hikvision", Outcome.LISTED, Basis.NAMED),
        ("us-ndaa-889", "dahua", Outcome.LISTED, Basis.NAMED),
        ("us-ndaa-889", "ezviz", Outcome.LISTED, Basis.SUBSIDIARY),
        ("us-ndaa-889", "imou", Outcome.LISTED, Basis.SUBSIDIARY),
        ("us-ndaa-889", "uniview", Outcome.NOT_LISTED, None),
        ("us-fcc-covered", "hikvision", Outcome.LISTED, Basis.NAMED),
        ("us-fcc-covered", "imou", Outcome.LISTED, Basis.SUBSIDIARY),
        ("us-fcc-covered", "tiandy", Outcome.NOT_LISTED, None),
        ("us-bis-entity", "uniview", Outcome.LISTED, Basis.NAMED),
        ("us-bis-entity", "tiandy", Outcome.LISTED, Basis.NAMED),
        ("us-bis-entity", "keda", Outcome.LISTED, Basis.NAMED),
        ("us-bis-entity", "ezviz", Outcome.POSSIBLE, Basis.SUBSIDIARY),
        ("us-bis-entity", "cloudwalk", Outcome.POSSIBLE, Basis.NAMED),
        ("us-bis-entity", "hytera", Outcome.NOT_LISTED, None),
        ("us-dod-1260h", "hikvision", Outcome.POSSIBLE, Basis.NAMED),
        ("us-dod-1260h", "dahua", Outcome.POSSIBLE, Basis.NAMED),
        ("us-dod-1260h", "megvii", Outcome.NOT_LISTED, None),
        ("uk-cabinet-office-2022", "hikvision", Outcome.POSSIBLE, None),
        ("uk-cabinet-office-2022", "uniview", Outcome.POSSIBLE, None),
        ("uk-cabinet-office-2022", "axis", Outcome.NOT_LISTED, None),
        ("ca-order-2025", "hikvision", Outcome.LISTED, Basis.NAMED),
        ("ca-order-2025", "dahua", Outcome.NOT_LISTED, None),
        ("au-direction-2023", "dahua", Outcome.LISTED, Basis.NAMED),
    ],
)
def test_what_the_shipped_lists_say_about_a_sure_maker(list_id, vendor, outcome, basis):
    verdict = held(maker(vendor), SHIPPED[list_id])
    assert (verdict.outcome, verdict.basis) == (outcome, basis)


@pytest.mark.parametrize("list_id", IDS)
@pytest.mark.parametrize("vendor", ["axis", "hanwha", "bosch", "mobotix"])
def test_makers_whom_no_list_names_are_not_listed_anywhere(list_id, vendor):
    assert held(maker(vendor), SHIPPED[list_id]).outcome is Outcome.NOT_LISTED


def test_no_entry_of_the_1260h_list_can_give_listed_while_the_names_of_2026_are_unread():
    assert all(item.verified != "yes" or item.removed for item in SHIPPED["us-dod-1260h"].entry)


def test_no_list_names_the_chip_maker_hisilicon():
    texts = [t for p in SHIPPED.values() for e in p.entry for t in (e.vendor or "", e.entity)]
    assert not any("hisilicon" in t.lower() for t in texts)
    assert signatures().registrants.get("Hisilicon Technologies Co., Ltd") is None


def test_a_badge_alone_never_makes_a_device_listed_however_sure_the_brand_table_is():
    """Every badge of the table, named by the device, with nothing that tells the maker."""
    suggested = 0
    for vendor_id, file in signatures().vendors.items():
        if not file.made_by:
            continue
        seen = Numbering().observe(Endpoint(), "test", {"onvif.manufacturer": file.vendor.name})
        evidence, identity = identify(signatures(), seen, EvidenceIds())
        if any("manufacturer" in e.says and ".made-by." not in e.signature for e in evidence):
            continue  # this name is a sign of the maker too
        suggested += bool(identity.manufacturer)
        for listed in (*SHIPPED.values(), load_list(SAMPLE)):
            assert held(identity, listed).outcome is not Outcome.LISTED, (vendor_id, listed.id)
    assert suggested >= 5


FORBIDDEN = re.compile(
    r"\b(?:banned?|unsafe|safe|compliant|compliance|bad|illegal|unlawful|forbidden)\b", re.IGNORECASE
)


@pytest.mark.parametrize("listed", [*SHIPPED.values(), load_list(SAMPLE)], ids=[*SHIPPED, "sample"])
def test_no_statement_says_more_than_maker_list_and_whom_it_applies_to(listed):
    vendors = ("hikvision", "ezviz", "dahua", "huawei", "hytera", "uniview", "megvii", "axis", "tp-link")
    outcomes = set()
    for vendor, confidence, is_cctv, badge, conflicts in product(
        vendors, (0.97, 0.85, 0.3, 0.01), (True, False), ((), (claim("annke", 0.9),)), (False, True)
    ):
        identity = maker(
            vendor, confidence, is_cctv=is_cctv, brand=badge, conflicts=dispute(vendor, "bosch") if conflicts else ()
        )
        verdict = held(identity, listed)
        outcomes.add(verdict.outcome)
        assert not FORBIDDEN.search(verdict.statement), verdict.statement
        assert "\n" not in verdict.statement
        assert "  " not in verdict.statement
        assert not verdict.statement.endswith(".")
        if verdict.outcome in (Outcome.LISTED, Outcome.POSSIBLE):
            assert f"applies to {listed.list.binds}" in verdict.statement
    described = any(item.country for item in listed.entry)
    unconfirmed = all(item.verified != "yes" or item.removed for item in listed.entry)
    expected = set(Outcome) - ({Outcome.LISTED} if described or unconfirmed else set())
    assert outcomes == expected


def test_a_store_managers_sentence_names_badge_maker_list_and_whom_it_binds():
    annke = maker("hikvision", brand=(claim("annke", 0.97),), is_cctv=True)
    assert held(annke, SHIPPED["us-ndaa-889"]).statement == (
        f"sold as Annke, made by {HIKVISION}, a company named on the US section 889 procurement list, which applies to "
        "US federal agencies, companies holding US federal contracts and recipients of US federal grants or loans"
    )
    assert held(maker("imou"), SHIPPED["us-fcc-covered"]).statement == (
        f"made by Imou, which belongs to {DAHUA}, a company named on the FCC Covered List, which applies to whoever "
        "has equipment authorised, imports it or markets it in the United States"
    )
    assert held(maker("dahua"), SHIPPED["uk-cabinet-office-2022"]).statement == (
        f"made by {DAHUA}, perhaps one of the companies subject to the National Intelligence Law of China that the UK "
        "Cabinet Office instruction of 24 November 2022 describes without naming any; it applies to UK central "
        "government departments at sensitive sites"
    )
    assert held(maker("hikvision"), SHIPPED["us-dod-1260h"]).statement == (
        f"made by {HIKVISION}, a company reported to be named on the US Department of Defense section 1260H list, "
        "which applies to the US Department of Defense and its contracts, through other laws; our sources confirm "
        "the entry only in part"
    )


def test_the_retailers_sample_counts_subsidiaries_and_badges_as_the_policy_says():
    sample = load_lists(own=[SAMPLE])["retailer-policy"]
    assert held(maker("ezviz"), sample).outcome is Outcome.LISTED
    assert held(maker("dahua", brand=(claim("annke", 0.97),)), sample).basis is Basis.OEM
    assert held(maker("axis"), sample).outcome is Outcome.NOT_LISTED


def test_a_list_is_stale_from_the_ninety_first_day_on_and_an_own_one_never():
    listed, own = policy(), policy(own=True)
    checked = listed.list.last_checked
    assert stale_lists([listed, own], checked + timedelta(days=90)) == ()
    (warning,) = stale_lists([listed, own], checked + timedelta(days=91))
    assert warning.startswith("ex-procurement was last checked on 2026-01-12, 91 days ago")


def test_all_shipped_lists_go_stale_by_themselves():
    assert len(stale_lists(SHIPPED.values(), date(2027, 6, 1))) == len(SHIPPED)


def test_unknown_vendors_second_entries_and_missing_sources_are_problems_of_a_line_each():
    listed = policy(entry(vendor="northlite"), entry(references=[]), entry())
    assert check_lists([listed], {"northlight", "tidewater"}) == (
        "ex-procurement: vendor 'northlite' has no file under vendors/; is 'northlight' meant?",
        "ex-procurement: Northlight Optics Company: an entry without a source",
        "ex-procurement: Northlight Optics Company: a second entry for 'northlight'",
    )


GOOD = """schema = 1
[list]
id = "ours"
title = "Our policy"
jurisdiction = "own estate"
authority = "us"
effect = "private-policy"
binds = "all our stores"
says = "No Northlight."
last_checked = 2026-01-12
[[list.citation]]
title = "Our policy"
url = "https://intranet.example/policy"
[[entry]]
vendor = "hikvision"
references = ["our policy"]
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "ours.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_the_list_that_the_broken_ones_are_made_of_loads(written):
    assert load_list(written(GOOD)).called == "Our policy"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("schema = 1", "schema = 2", ["schema 2"]),
        ('authority = "us"', 'autority = "us"', ["autority"]),
        ('authority = "us"\n', "", ["authority"]),
        ('binds = "all our stores"', 'binds = " "', ["ours", "binds is empty"]),
        ('effect = "private-policy"', 'effect = "ban"', ["ours", "effect 'ban'", "procurement"]),
        ("last_checked = 2026-01-12", 'last_checked = "lately"', ["last_checked"]),
        ("last_checked =", 'covers_oem = "maybe"\nlast_checked =', ["ours", "covers_oem 'maybe'"]),
        (
            '[[list.citation]]\ntitle = "Our policy"\nurl = "https://intranet.example/policy"\n',
            "citation = []\n",
            ["ours", "[[list.citation]]"],
        ),
        ('[[list.citation]]\ntitle = "Our policy"\nurl = "https://intranet.example/policy"\n', "", ["citation"]),
        ("https://intranet.example/policy", "javascript:alert(1)", ["ours", "citation url"]),
        ('vendor = "hikvision"\n', "", ["ours", "entry 1", "vendor, brand or country"]),
        ('vendor = "hikvision"', 'vendor = "hikvision"\ncountry = "CN"', ["entry 1", "vendor, brand or country"]),
        ('vendor = "hikvision"', 'vendor = "hikvision"\nverified = "maybe"', ["entry 1", "verified 'maybe'"]),
        ('vendor = "hikvision"', 'vendor = "hikvision"\nadded = "last May"', ["entry 1", "added 'last May'"]),
        ('vendor = "hikvision"', 'vendor = "hikvision"\ncolour = "red"', ["entry[0]", "colour"]),
        ('[[entry]]\nvendor = "hikvision"\nreferences = ["our policy"]\n', "", ["entry"]),
    ],
)
def test_a_broken_list_is_one_line_that_names_the_file_and_the_key(written, old, new, named):
    assert GOOD.count(old) == 1
    path = written(GOOD.replace(old, new))
    with pytest.raises(SignatureError) as error:
        load_list(path)
    text = str(error.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert all(word in text for word in named), text


def test_an_own_list_with_a_vendor_nobody_knows_is_refused_when_the_vendors_are_known(written):
    path = written(GOOD.replace("hikvision", "hikvison"))
    with pytest.raises(SignatureError, match=r"ours\.toml: ours: vendor 'hikvison' .* is 'hikvision' meant\?"):
        load_lists(own=[path], vendors=signatures().vendors)


def test_an_own_list_may_not_take_the_id_of_a_shipped_one(written):
    path = written(GOOD.replace('id = "ours"', 'id = "us-ndaa-889"'))
    with pytest.raises(SignatureError, match="another list has this id"):
        load_lists(own=[path])


def test_an_own_list_needs_no_web_address(written):
    assert load_list(
        written(GOOD.replace("https://intranet.example/policy", "").replace("[list]", "[list]\nown = true"))
    )


def test_a_shipped_lists_id_is_its_files_name(tmp_path):
    (tmp_path / "vocabulary.toml").write_text("", "utf-8")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "theirs.toml").write_text(GOOD, "utf-8")
    with pytest.raises(SignatureError, match="the list id must be the file's name"):
        load_lists(tmp_path)
