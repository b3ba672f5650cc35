"""The page: one file, no request, every text from strangers shown as text."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from sample import HOSTILE, big_report, camera, hostile_report, sample_report, verdict, verdicts

from netcam.model.report import ChangeRecord, ChangesRecord, DeviceRecord, NamedClaim, Outcome
from netcam.report.to_html import dump

VOID = {"meta", "input", "br", "col"}
LEFT_OPEN = {"tr", "td", "th", "li", "dt", "dd", "p", "tbody", "option"}


class Page(HTMLParser):
    """Elements with their attributes, the text, and what is closed wrongly."""

    def __init__(self, data):
        super().__init__()
        self.elements, self.text, self.wrong, self.open = [], [], [], []
        self.feed(data.decode("utf-8"))
        self.wrong += [tag for tag in self.open if tag not in LEFT_OPEN]

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in LEFT_OPEN:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for found, attributes in self.elements if found == tag]

    def words(self):
        return " ".join(" ".join(self.text).split())


def body(page):
    """The text without style and script."""
    return " ".join(t for t in page.text if not t.startswith(("\n:root", '\n"use strict')))


REPORTS = {"sample": sample_report(), "hostile": hostile_report(), "empty": sample_report([], [])}


@pytest.fixture(params=REPORTS)
def page(request):
    return Page(dump(REPORTS[request.param]))


def test_elements_are_closed_in_order(page):
    assert page.wrong == []


def test_nothing_is_fetched_from_anywhere(page):
    assert not {"link", "img", "iframe", "object", "embed", "base", "audio", "video"} & {t for t, _ in page.elements}
    assert not [a for _, a in page.elements if {"src", "srcset", "action", "background", "style", "poster"} & set(a)]
    assert "url(" not in "".join(page.text)
    assert "@import" not in "".join(page.text)


def test_no_attribute_runs_script_and_links_lead_to_the_web_or_into_the_page(page):
    assert not [name for _, a in page.elements for name in a if name.startswith("on")]
    assert [a["href"] for a in page.all("a") if not a["href"].startswith(("#", "https://", "http://"))] == []


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_the_policy_allows_the_one_style_and_the_one_script_by_their_hashes(report):
    text = dump(report).decode("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    for tag in ("style", "script"):
        (part,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"


def test_device_text_stays_text():
    text = dump(hostile_report()).decode("utf-8")
    assert text.count("<script>") == text.count("</script>") == 1
    assert "<img" not in text
    assert "{{ 7*7 }}" in text  # not rendered a second time
    assert "49" not in re.findall(r"maker <b>([^<]*)", text)
    for raw in ("\u202e", "\u2066", "\u200b", "\ufeff", "\x1b", "\x07", "\x00"):
        assert raw not in text
    assert r"\u202eredael" in text
    assert HOSTILE["wide"] in text


def test_a_text_of_ten_thousand_characters_is_cut():
    text = dump(hostile_report()).decode("utf-8")
    runs = {len(w) for w in re.findall("W+", text)}
    assert {n for n in runs if n > 200} == {600}  # verdicts' statements alone, which no device writes
    assert 200 in runs
    assert max(len(w) for cell in re.findall("<td[^>]*>([^<]*)", text) for w in re.findall("W+", cell)) == 60


def test_every_device_is_there_with_its_chain_from_observation_to_verdict():
    page = Page(dump(sample_report()))
    assert len([t for t in page.all("tbody") if t.get("id", "").startswith("d")]) == 6
    words = page.words()
    for part in (
        "http.server NLO-Web/4.2.1 192.0.2.10 tcp/80",
        "northlight.nldp.model says maker northlight",
        "because of e1, e2",
        "section 7 (a)",
        "last checked 2026-01-12",
        "two makers' marks on one device",
        "CVE-0000-0001",
        "known to be exploited",
        "2001:db8::9",
    ):
        assert part in words, part


def test_listed_devices_come_first_by_address_and_other_equipment_last():
    text = dump(sample_report()).decode("utf-8")
    rows = re.findall(r'<th scope="row">([\d.]+)<td', text)
    assert rows == ["192.0.2.9", "192.0.2.10", "192.0.2.30", "192.0.2.40", "192.0.2.77", "192.0.2.200"]


def test_each_group_of_devices_has_the_sentence_of_every_list_with_its_source():
    words = Page(dump(sample_report())).words()
    group = words[words.index("Northlight Optics Manufacturing, badge: Harbourview listed 1 device") :]
    for part in (
        "Sold under another brand, built by a company that the list names.",
        "192.0.2.10 Harbourview NL-220",
        "ex-export Made by a company named on the Exampleland export list, which applies to exports",
        "Regulates what others may export to the company; buying from it is another matter (export-control).",
        "ex-procurement Made by a company named on the Exampleland procurement act",
        "Source: Exampleland procurement act , section 7 (a); last checked 2026-01-12.",
        "Northlight Optics Manufacturing, badge: Brightmoor possible 1 device",
        "Possibly made by a company named on the Exampleland procurement act",
    ):
        assert part in group, part
        group = group[group.index(part) :]


def test_each_list_counts_its_outcomes():
    words = Page(dump(sample_report())).words()
    assert "ex-procurement listed 2 possible 1 undetermined 1 not listed 1" in words
    assert "ex-export listed 2 undetermined 2 not listed 1" in words


def test_a_listed_device_whose_maker_another_list_names_possibly_says_so_on_demand():
    judged = (verdict("ex-procurement", Outcome.LISTED), verdict("ex-export", Outcome.POSSIBLE))
    device, seen = camera(1, "192.0.2.1", verdicts=judged)
    words = Page(dump(sample_report([device], seen))).words()
    assert "Possible on 1 more list ex-export Possibly made by" in words


def test_what_own_lists_want_done_stands_with_its_day_and_whether_that_is_past():
    own = replace(verdict(), list="own", title="Own policy", due="2026-01-14")
    device, seen = camera(1, "192.0.2.1", verdicts=(own, replace(own, list="own-2", due="2027-01-01")))
    page = Page(dump(sample_report([device], seen)))
    assert "2026-01-14 was past on the day of the scan : 1 device by Own policy own 192.0.2.1" in page.words()
    assert "2027-01-01 : 1 device by Own policy own-2" in page.words()
    assert "Own policy due 2026-01-14 Made by a company" in page.words()
    assert ("a", {"href": "#due"}) in page.elements
    assert ("a", {"href": "#due"}) not in Page(dump(sample_report())).elements


def test_what_judging_again_changed_is_told_with_its_cause_and_a_way_to_the_device():
    report = sample_report()
    device = report.devices[2]
    change = ChangeRecord(
        device=device.id, ip=device.ip, field="verdict", list="ex-export", old=None, new="listed", cause="a new list"
    )
    before = replace(report.scan.versions, lists={"ex-procurement": "2026-01-12", "gone": "2025-01-01"})
    page = Page(dump(replace(report, changes=ChangesRecord(before=before, changed=(change,)))))
    assert "1 device changed. ex-export : no answer → became listed Because a new list 192.0.2.10" in page.words()
    assert "Held against now: ex-export. No longer held against: gone." in page.words()
    same = Page(dump(replace(report, changes=ChangesRecord(before=report.scan.versions))))
    assert "Nothing changed." in same.words()
    assert "Judged again" not in Page(dump(report)).words()


def test_capabilities_say_what_shows_them_and_that_use_was_not_looked_at():
    words = Page(dump(sample_report())).words()
    assert "Face recognition : 3 devices" in words
    assert "Shown by northlight.nldp.model (definitive, from nldp.model; 3 devices)" in words
    assert "Whether any of it is in use was not looked at." in words
    none = Page(dump(sample_report([], []))).words()
    assert "That is no proof that nothing can do it." in none


def test_firmware_is_told_by_age_with_the_oldest_builds():
    old, seen = camera(1, "192.0.2.1", firmware_age_days=1374)
    page = Page(dump(sample_report([old, DeviceRecord(id="x", is_cctv=True)], seen)))
    assert "1 of 2 CCTV devices tell a build date; of the other 1 the age is not known." in page.words()
    assert "2 to 4 years 1 : 1 listed" in page.words()
    assert "2022-04-12 3.8 years 4.2.1 192.0.2.1 Harbourview NL-220" in page.words()
    assert "No CCTV device tells when its firmware was built." in Page(dump(sample_report([], []))).words()


def test_every_entry_of_the_contents_leads_to_a_heading(page):
    headings = {a.get("id") for a in page.all("h2")}
    contents = {a["href"][1:] for a in page.all("a") if a["href"][1:].isalpha()}
    assert contents <= headings
    assert len(contents) >= 6


def test_a_list_that_names_no_maker_here_is_still_mentioned():
    device, seen = camera(1, "192.0.2.1", verdicts=verdicts(Outcome.NOT_LISTED))
    words = Page(dump(sample_report([device], seen))).words()
    assert "No device is listed or possibly listed." in words
    assert "Exampleland export list ex-export not listed 1" in words


def test_what_was_not_covered_is_said_before_what_was():
    words = Page(dump(sample_report())).words()
    assert words.index("not covered 192.0.2.0/24 ARP") < words.index("covered in part 192.0.2.0/24 multicast")
    assert "needs the right to send raw frames" in words


def test_an_incomplete_scan_says_so_and_a_complete_one_does_not():
    report = sample_report()
    assert "This scan is incomplete" not in Page(dump(report)).words()
    cut = replace(report, scan=replace(report.scan, complete=False))
    assert "This scan is incomplete" in Page(dump(cut)).words()


def test_links_into_the_table_find_their_device():
    text = dump(sample_report()).decode("utf-8")
    for number, address in re.findall(r'href="#(d\d+)">([\d.]+)<', text):
        assert re.search(rf'id="{number}".*\n<tr><th scope="row">{re.escape(address)}<', text)


def test_a_long_web_address_is_linked_whole():
    report = sample_report()
    url = "https://law.example/?" + "a" * 400
    judged = replace(report.devices[2].verdicts[0], citation=replace(report.devices[2].verdicts[0].citation, url=url))
    page = Page(dump(replace(report, devices=(replace(report.devices[2], verdicts=(judged,)),))))
    assert url in [a["href"] for a in page.all("a")]


def test_the_table_can_be_read_by_ear():
    page = Page(dump(sample_report()))
    assert [t for t in page.all("th") if "scope" not in t] == []
    assert {label["for"] for label in page.all("label")} == {"words", "kinds"}
    assert page.all("html") == [{"lang": "en"}]
    assert ("a", {"class": "skip", "href": "#devices"}) in page.elements
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["aria-labelledby"] for a in page.all("section")} <= set(ids)
    assert page.all("form")[0] == {"id": "controls", "hidden": None}  # useless without script, so script shows it


def test_makers_beyond_the_first_twelve_share_a_bar_and_the_unknown_have_their_own():
    devices = [
        camera(n, f"192.0.2.{n}", manufacturer=NamedClaim(id=f"m{n}", name=f"Maker {n:02}", confidence=0.9))[0]
        for n in range(1, 16)
    ]
    devices.append(DeviceRecord(id="x", is_cctv=True))
    words = Page(dump(sample_report(devices, []))).words()
    assert "3 other makers 3" in words
    assert "Maker undetermined 1" in words


def test_bars_never_leave_their_box():
    text = dump(big_report(60)).decode("utf-8")
    for x, width in re.findall(r'<rect class="[\w-]+" x="([\d.]+)%" width="([\d.]+)%"', text):
        assert float(x) + float(width) <= 100.05


def test_the_words_about_devices_are_about_makers_and_lists():
    words = body(Page(dump(sample_report()))).lower()
    for word in ("banned", "compliant", "unsafe", "bad ", "illegal"):
        assert word not in words


def test_five_thousand_devices_make_a_file_below_eight_megabytes():
    assert len(dump(big_report(5000))) < 8_000_000
