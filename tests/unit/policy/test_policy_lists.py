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
from netcam.policy.load import capabilities, check_lists, digest, faults, load_list, load_lists, stale_lists

SHIPPED = load_lists()
SAMPLES = Path(__file__).parents[3] / "signatures" / "lists" / "samples"
SAMPLE, PROGRAMME = SAMPLES / "retailer-policy.toml", SAMPLES / "removal-programme.toml"
HIKVISION, DAHUA = "Hangzhou Hikvision Digital Technology", "Zhejiang Dahua Technology"
JUDGING = (
    "au-direction-2023",
    "ca-order-2025",
    "ca-quebec-2023",
    "lt-procurement-2022",
    "tw-executive-yuan-2020",
    "uk-cabinet-office-2022",
    "us-bis-entity",
    "us-dod-1260h",
    "us-fcc-covered",
    "us-la-1753",
    "us-ndaa-889",
    "us-ns-cmic",
)
READING = ("ca-closure-2025", "eu-cybersecurity-act-proposal-2026", "in-er-certification", "ua-nacp-2023",
           "uk-fac-2021", "uk-procurement-act-2023", "us-ndaa-5949")  # fmt: skip
REACHING = {id: p for id, p in SHIPPED.items() if p.reaches}


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


def test_official_lists_with_legal_force_judge_and_the_others_only_when_asked():
    assert tuple(sorted(id for id, p in SHIPPED.items() if p.by_default)) == JUDGING
    asked = {p.list.effect for p in SHIPPED.values() if p.reaches and not p.by_default}
    assert asked == {"position"}


def test_an_instrument_that_names_nobody_is_kept_for_reading_and_judges_nothing():
    assert tuple(sorted(id for id, p in SHIPPED.items() if not p.reaches)) == READING


def test_no_sample_is_loaded_by_itself():
    assert not {path.stem for path in SAMPLES.glob("*.toml")} & SHIPPED.keys()


def test_the_shipped_lists_and_the_sample_keep_every_rule():
    lists = load_lists(own=[SAMPLE, PROGRAMME], vendors=signatures().vendors)
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
    assert not head.binds.endswith(".") or head.binds.endswith(" Inc.")
    assert all(source.url.startswith("https://") and source.section for source in head.citation)
    assert all(item.entity and item.references for item in listed.entry)


@pytest.mark.parametrize(
    ("list_id", "vendor", "outcome", "basis"),
    [
        ("ca-quebec-2023", "dahua", Outcome.LISTED, Basis.NAMED),
        ("ca-quebec-2023", "ezviz", Outcome.LISTED, Basis.SUBSIDIARY),
        ("us-la-1753", "hikvision", Outcome.LISTED, Basis.NAMED),
        ("us-ns-cmic", "hikvision", Outcome.POSSIBLE, Basis.NAMED),
        ("us-ns-cmic", "megvii", Outcome.LISTED, Basis.NAMED),
        ("us-ns-cmic", "ezviz", Outcome.NOT_LISTED, None),
        ("lt-procurement-2022", "hikvision", Outcome.POSSIBLE, None),
        ("tw-executive-yuan-2020", "uniview", Outcome.POSSIBLE, None),
        ("uk-tesco-2023", "dahua", Outcome.LISTED, Basis.NAMED),
        ("uk-morrisons-2023", "hikvision", Outcome.POSSIBLE, Basis.NAMED),
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


@pytest.mark.parametrize("list_id", REACHING)
@pytest.mark.parametrize("vendor", ["axis", "hanwha", "bosch", "mobotix"])
def test_makers_whom_no_list_names_are_not_listed_anywhere(list_id, vendor):
    assert held(maker(vendor), SHIPPED[list_id]).outcome is Outcome.NOT_LISTED


def test_no_entry_of_the_1260h_list_can_give_listed_while_the_names_of_2026_are_unread():
    assert all(item.verified != "yes" or item.removed for item in SHIPPED["us-dod-1260h"].entry)


def test_no_list_names_the_chip_maker_hisilicon():
    texts = [t for p in SHIPPED.values() for e in p.entry for t in (e.vendor or "", e.entity)]
    assert not any("hisilicon" in t.lower() for t in texts)
    assert signatures().registrants.get("Hisilicon Technologies Co., Ltd") is None


def test_a_chip_that_a_device_shows_is_a_question_on_the_procurement_list_and_none_on_the_export_list():
    seen = Numbering().observe(Endpoint(), "test", {"onvif.hardware": "HI3516EV200_50H20AI_S38"})
    _, identity = identify(signatures(), seen, EvidenceIds())
    assert [c.value for c in identity.components] == ["hisilicon"]
    verdict = held(identity, SHIPPED["us-ndaa-889"])
    assert (verdict.outcome, verdict.basis) == (Outcome.POSSIBLE, Basis.COMPONENT_RISK)
    assert "a part by HiSilicon, which belongs to Huawei Technologies" in verdict.statement
    assert held(identity, SHIPPED["us-bis-entity"]).basis is None


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


@pytest.mark.parametrize("listed", [*REACHING.values(), load_list(SAMPLE)], ids=[*REACHING, "sample"])
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
    sure = any(item.verified == "yes" and not item.removed and item.vendor in vendors for item in listed.entry)
    assert outcomes == set(Outcome) - (set() if sure else {Outcome.LISTED})


def test_a_store_managers_sentence_names_badge_maker_list_and_whom_it_binds():
    annke = maker("hikvision", brand=(claim("annke", 0.97),), is_cctv=True)
    purposes = (
        "for video and telecom equipment in public safety, government facilities, critical infrastructure and national "
        "security"
    )
    assert held(annke, SHIPPED["us-ndaa-889"]).statement == (
        f"sold as Annke, made by {HIKVISION}, a company named on the US section 889 procurement list ({purposes}, "
        "since 2018-08-13), which applies to US federal agencies, companies holding US federal contracts and "
        "recipients of US federal grants or loans"
    )
    assert held(maker("imou"), SHIPPED["us-fcc-covered"]).statement == (
        f"made by Imou, which belongs to {DAHUA}, a company named on the FCC Covered List ({purposes}, since "
        "2021-03-12), which applies to whoever has equipment authorised, imports it or markets it in the United States"
    )
    assert held(maker("dahua"), SHIPPED["uk-cabinet-office-2022"]).statement == (
        f"made by {DAHUA}, perhaps one of the companies subject to the National Intelligence Law of China that the UK "
        "Cabinet Office instruction of 24 November 2022 describes without naming any; it applies to UK central "
        "government departments at sensitive sites"
    )
    assert held(maker("hikvision"), SHIPPED["us-dod-1260h"]).statement == (
        f"made by {HIKVISION}, a company reported to be named on the US Department of Defense section 1260H list "
        "(since 2021-06), which applies to the US Department of Defense and its contracts, through other laws; our "
        "sources confirm the entry only in part"
    )
    assert held(maker("uniview"), SHIPPED["us-bis-entity"]).statement == (
        "made by Zhejiang Uniview Technologies, a company named on the US Entity List (since 2024-12-10), which "
        "applies to those who export goods or technology under US export control to the company, not those who buy or "
        "use its cameras"
    )


def test_a_telecom_entry_is_told_with_its_scope_so_that_a_camera_is_not_taken_for_what_the_law_names():
    statement = held(maker("huawei"), SHIPPED["us-ndaa-889"]).statement
    assert "named on the US section 889 procurement list (for telecom equipment, since 2018-08-13)" in statement


@pytest.mark.parametrize("list_id", ["us-bis-entity", "us-ns-cmic", "us-dod-1260h"])
def test_a_list_about_dealings_with_a_company_has_no_opinion_on_badges(list_id):
    badged = maker("megvii" if list_id != "us-dod-1260h" else "dahua", brand=(claim("annke", 0.97),))
    assert "another badge" not in held(badged, SHIPPED[list_id]).statement


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
    ("old", "new", "line", "named"),
    [
        ("schema = 1", "schema = 2", 1, ["schema 2", "which reads 1"]),
        ('authority = "us"', 'autority = "us"', 6, ["unknown key 'autority'", "is 'authority' meant?"]),
        ('authority = "us"', 'authority = "us"\nzzz = "us"', 7, ["unknown key 'zzz'", "accepted: id, title"]),
        ('authority = "us"\n', "", 2, ["[list]", "'authority' is missing"]),
        ('binds = "all our stores"', 'binds = " "', 8, ["binds is empty"]),
        ('binds = "all our stores"', "binds = 7", 8, ["[list] binds: expected text, got a whole number"]),
        ('id = "ours"', 'id = "Our list"', 3, ["'Our list'", "lower-case words", "'our-policy'"]),
        ('effect = "private-policy"', 'effect = "ban"', 7, ["effect 'ban'", "procurement", "private-policy"]),
        ("last_checked = 2026-01-12", 'last_checked = "lately"', 10, ["last_checked", "a day such as 2026-01-15"]),
        ("last_checked =", 'covers_oem = "maybe"\nlast_checked =', 10, ["covers_oem 'maybe'", "yes, no, unknown"]),
        (
            '[[list.citation]]\ntitle = "Our policy"\nurl = "https://intranet.example/policy"\n',
            "citation = []\n",
            2,
            ["[[list.citation]]"],
        ),
        (
            '[[list.citation]]\ntitle = "Our policy"\nurl = "https://intranet.example/policy"\n',
            "",
            2,
            ["'citation' is missing"],
        ),
        ("https://intranet.example/policy", "javascript:alert(1)", 13, ["citation url", "https://"]),
        ('vendor = "hikvision"\n', "", 14, ["entry 1", "none of vendor, country or entity"]),
        ('vendor = "hikvision"', 'vendor = "hikvision"\ncountry = "CN"', 16, ["entry 1", "one of them"]),
        ('vendor = "hikvision"', 'vendor = "hikvision"\nmodel = ["DS-*"]', 16, ["entry 1", "model is for own lists"]),
        ('vendor = "hikvision"', 'vendor = "hikvision"\nverified = "maybe"', 16, ["verified 'maybe'", "partly"]),
        ('vendor = "hikvision"', 'vendor = "hikvision"\nadded = "last May"', 16, ["added 'last May'", "2026-01-15"]),
        ('vendor = "hikvision"', 'vendor = "hikvision"\ncapabilty = "anpr"', 16, ["'capability' meant?"]),
        ('vendor = "hikvision"', 'vendor = "hikvision\n', 15, ["not TOML, column", "Illegal character"]),
        ('vendor = "hikvision"', 'vendor = """hikvision', 16, ["not TOML, at the end of the file"]),
        ('vendor = "hikvision"', "vendor == 1", 15, ["not TOML, column 9"]),
        ('vendor = "hikvision"', 'vendor = "a"\nvendor = "b"', 16, ["not TOML, column", "overwrite"]),
    ],
)
def test_a_broken_list_is_one_line_that_names_file_line_and_what_is_accepted(written, old, new, line, named):
    assert GOOD.count(old) == 1
    path = written(GOOD.replace(old, new))
    with pytest.raises(SignatureError) as error:
        load_list(path)
    text = str(error.value)
    assert text.startswith(f"{path}:{line}: "), text
    assert "\n" not in text
    assert all(word in text for word in named), text


OWN = GOOD.replace("[list]\n", "[list]\nown = true\n")


@pytest.mark.parametrize(
    ("entry", "line", "named"),
    [
        ('entity = "nobody"', 15, ["entry 1", "none of vendor, brand, country, model, capability"]),
        ("model = '^DS-2CD'", 16, ["'^DS-2CD' is no pattern", "* stands for any characters"]),
        ("model = [\n  'DS-*',\n  '',\n]", 16, ["'' is no pattern"]),
        ("model = 7", 16, ["[entry] model: expected text or a list, got a whole number"]),
        ("firmware_older_than_days = 0", 16, ["firmware_older_than_days 0", "between 1 and 36500"]),
        ('firmware_older_than_days = "3y"', 16, ["expected a whole number", "got text"]),
        ('vendor = "hikvision"\ndue = "soon"', 17, ["due", "a day such as 2026-01-15"]),
        ('capability = "face recognition"', 16, ["'face recognition' is not one of", "face-recognition"]),
        ('brand = "ankke"', 16, ["brand 'ankke'", "is 'annke' meant?"]),
    ],
)
def test_a_condition_that_could_never_hold_is_refused_at_its_line(written, entry, line, named):
    path = written(OWN.replace('vendor = "hikvision"', entry))
    with pytest.raises(SignatureError) as error:
        load_lists(own=[path], vendors=signatures().vendors)
    text = str(error.value)
    assert text.startswith(f"{path}:{line}: "), text
    assert all(word in text for word in named), text


def test_all_mistakes_of_a_file_are_told_in_the_order_of_its_lines(written):
    path = written(OWN.replace("title =", "tilte =", 1).replace('vendor = "hikvision"', "colour = 1"))
    found = faults(path, signatures().vendors, capabilities())
    assert [flaw.line for flaw in found] == [5, 16]
    with pytest.raises(SignatureError, match=r"ours\.toml:5: .* \(and 1 more: `netcam lists check --list-file`\)"):
        load_list(path)


def test_an_own_list_with_a_vendor_nobody_knows_is_refused_when_the_vendors_are_known(written):
    path = written(GOOD.replace("hikvision", "hikvison"))
    with pytest.raises(SignatureError, match=r"ours\.toml:15: vendor 'hikvison' .* is 'hikvision' meant\?"):
        load_lists(own=[path], vendors=signatures().vendors)


def test_an_own_list_may_not_take_the_id_of_a_shipped_one(written):
    path = written(GOOD.replace('id = "ours"', 'id = "us-ndaa-889"'))
    with pytest.raises(SignatureError, match=r"ours\.toml:3: .*another list has this id"):
        load_lists(own=[path])


def test_a_file_that_is_handed_in_may_use_the_keys_of_own_lists_and_has_an_entry(written):
    badge = written(GOOD.replace('vendor = "hikvision"', 'brand = "annke"'))
    assert load_lists(own=[badge])["ours"].entry[0].brand == "annke"
    with pytest.raises(SignatureError, match=r"at least one \[\[entry\]\]"):
        load_list(written(GOOD[: GOOD.index("[[entry]]")]), handed_in=True)


def test_the_digest_of_a_list_is_about_its_content():
    listed = SHIPPED["us-ndaa-889"]
    assert digest(listed) == digest(load_lists()["us-ndaa-889"]) != digest(SHIPPED["us-fcc-covered"])


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
