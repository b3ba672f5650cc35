"""The summary for tickets: what it holds, and that nothing a device says is Markdown."""

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt  # comes with rich
from sample import HOSTILE, camera, hostile_report, sample_report

from netcam.model.report import ChangeRecord, ChangesRecord, Citation, NamedClaim, Outcome
from netcam.report.to_markdown import SIZE_LIMIT, code, dump, link, text

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
WORDS = {**HOSTILE, "ref": "Z!12 $34 %56 &78 ~90", "emoji": "a:bomb:b", "entity": "&#64;x &lt;b&gt;", "fence": "```\nx"}


def tokens(markdown):
    for token in PARSER.parse(markdown):
        yield token
        yield from token.children or ()


def shown(markdown):
    """What a reader sees of it, without the spaces of no width."""
    return "".join(t.content for t in tokens(markdown) if t.type in ("text", "code_inline")).replace("\u200b", "")


def test_it_has_the_numbers_the_sentences_their_sources_and_what_was_not_covered():
    page = dump(sample_report()).decode("utf-8")
    for part in (
        "# CCTV devices: Store 12\n",
        "2026-01-15 10:00 UTC",
        "| made by a company named on a list | 2 |",
        "### Northlight Optics Manufacturing, badge: Harbourview: listed, 1 device",
        "| `192.0.2.10` | camera | `NL-220` | `4.2.1` | `NL000001` | `02:00:5e:00:00:01` |",
        "`ex-procurement`: made by a company named on the Exampleland procurement act, which applies to",
        "Source: [Exampleland procurement act](https://law.example/ex-procurement), section 7 (a); last checked 2026",
        "[CVE-0000-0001](https://advisories.example/0001), known to be exploited: 1 device affected: `192.0.2.9`",
        "Face recognition: ",
        "192.0.2.0/24 ARP: not covered, needs the right to send raw frames",
        "This is no legal advice",
    ):
        assert part in page, part
    assert "incomplete" not in page


def test_it_is_a_document_of_headings_tables_and_lists():
    kinds = {t.type for t in tokens(dump(sample_report()).decode("utf-8"))}
    assert {"heading_open", "table_open", "bullet_list_open", "link_open", "code_inline"} <= kinds
    assert not kinds & {"html_block", "html_inline", "image", "fence", "code_block", "hr", "blockquote_open"}


def test_device_text_in_the_document_makes_no_html_image_link_or_new_block():
    page = dump(hostile_report()).decode("utf-8")
    found = list(tokens(page))
    assert not {t.type for t in found} & {"html_block", "html_inline", "image", "fence", "code_block", "hr", "s_open"}
    urls = {t.attrs["href"] for t in found if t.type == "link_open"}
    assert urls == {"https://law.example/ex-export", "https://law.example/ex-procurement"}
    headings = [t for t in found if t.type == "heading_open"]
    assert len(headings) == len([line for line in page.splitlines() if line.startswith("#")])
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in page.splitlines() if line.startswith("| `192.0.2.")}
    assert widths == {7}  # no cell of any device broke its row


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("before", ["", "- ", "| ", "x "], ids=["start", "item", "cell", "inside"])
def test_a_word_is_shown_as_it_is_visible_and_nothing_else_is_made_of_it(name, before):
    escaped = text(WORDS[name], 300)
    assert "\n" not in escaped
    markdown = f"a\n\n{'x: ' if not before else ''}{before}{escaped}"
    kinds = {t.type for t in tokens(markdown)}
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "em_open", "strong_open", "code_inline"}
    if name not in ("rtl", "escape", "long", "marks", "fence"):
        assert WORDS[name].split()[0] in shown(markdown)


@pytest.mark.parametrize(("said", "left"), [
    ("@owner", r"@\w"), ("#12", r"#\d"), ("http://evil.example", "://"), ("www.evil.example", r"(?i)www\."),
    ("!12", r"!\d"), ("$34", r"\$\d"), (":bomb:", ":bomb:"), ("&78", "&78|&amp;78"), ("WWW.X", r"(?i)www\."),
])  # fmt: skip
def test_what_ticket_systems_link_after_markdown_is_done_is_taken_apart(said, left):
    rendered = PARSER.render("x " + text(said))
    assert not re.search(left, rendered)


def test_code_that_can_not_hold_a_text_becomes_words():
    assert code("NL-220") == "`NL-220`"
    assert code("  ") == code(None) == ""
    assert code("a`b|c") == r"a\`b\|c"


def test_only_a_web_address_is_linked_and_it_can_not_leave_its_brackets():
    assert link("x", "javascript:alert(1)") == "x"
    assert link("x]", "https://a.example/(b)|`<c>") == r"[x\]](https://a.example/%28b%29%7C%60%3Cc%3E)"


def test_due_days_and_changes_are_told():
    report = sample_report()
    own = replace(report.devices[2].verdicts[0], list="own", title="Own policy", due="2026-01-01")
    change = ChangeRecord(
        device=report.devices[2].id, ip="192.0.2.10", field="verdict", list="own", old=None, new="listed", cause="why"
    )
    page = dump(
        replace(
            report, devices=(replace(report.devices[2], verdicts=(own,)),),
            changes=ChangesRecord(before=replace(report.scan.versions, lists={"gone": "x"}), changed=(change,)),
        )
    ).decode("utf-8")  # fmt: skip
    assert "- 2026-01-01 (past on the day of the scan): 1 device by Own policy (`own`): `192.0.2.10`" in page
    assert "- `192.0.2.10`: own no answer → listed, because why" in page
    assert "Held against now: `ex-export`, `ex-procurement`." in page
    assert "No longer held against: `gone`." in page


def test_a_long_summary_leaves_out_groups_of_devices_and_counts_them():
    devices = []
    for n in range(1, 250):
        brand = NamedClaim(id=f"b{n}", name=f"Brand {n}", confidence=0.9)
        device, _ = camera(n, f"192.0.2.{n}", brand=brand)
        said = Citation(title="T" * 150, url="https://law.example/" + "a" * 200, section="s" * 150)
        devices.append(replace(device, verdicts=tuple(replace(v, citation=said) for v in device.verdicts)))
    page = dump(sample_report(devices, [])).decode("utf-8")
    assert len(page) <= SIZE_LIMIT
    shown = page.count(": listed, 1 device\n")
    assert 0 < shown < 249
    assert f"{249 - shown} more groups, {249 - shown} devices in all, are in the report itself." in page
    assert "## Not covered in full" in page


def test_nothing_listed_is_said():
    report = sample_report()
    clear = [d for d in report.devices if {v.outcome for v in d.verdicts} <= {Outcome.NOT_LISTED}]
    assert "## Listed devices, and why\n\nNone.\n" in dump(sample_report(clear, [])).decode("utf-8")
