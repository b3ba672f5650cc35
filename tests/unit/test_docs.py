"""The docs say what the program does: its keys, options, kinds, numbers and links."""

import json
import re
import tomllib
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path

import click
import msgspec
import pytest

from netcam.advisories import judge as advisory_judge
from netcam.advisories.check import check_advisories
from netcam.advisories.load import Advisories, AdvisoryFile
from netcam.cli import cli
from netcam.datafiles import data_folder
from netcam.demo.emulator import FIRST_ADDRESS
from netcam.demo.store import demo_store
from netcam.discovery.ports import DEFAULT_PORTS
from netcam.engine import fuse
from netcam.engine.check import check
from netcam.engine.load import VendorFile, load_signatures
from netcam.net.gate import PACES
from netcam.pipeline import probe_names
from netcam.policy import judge
from netcam.policy.load import EFFECTS, PolicyList, load_list
from netcam.probes import decoders, emitted_kinds
from netcam.probes.quiet_ports import QUIET_PORTS
from netcam.report.to_json import json_schema

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md"))])


@cache
def text(name):
    return (DOCS / name).read_text("utf-8")


def code(name):
    """All that a page sets in code: words between backticks, and blocks."""
    page = text(name)
    return " ".join([*re.findall(r"`([^`\n]+)`", page), *re.findall(r"^```.*?^```", page, re.M | re.S)])


def words(name):
    return set(re.findall(r"[A-Za-z0-9_.*-]+", code(name)))


def test_the_committed_schema_is_what_the_program_prints():
    assert json.loads(text("report-schema.json")) == json_schema()


def test_every_key_of_the_report_is_in_the_report_format():
    schema = json_schema()
    objects = [schema, *schema["$defs"].values()]
    keys = {key for part in objects for key in part.get("properties", {})}
    values = {value for part in objects for value in part.get("enum", ())}
    assert (keys | values) - words("report-format.md") == set()


def test_every_observation_kind_is_in_the_report_format():
    vocabulary = tomllib.loads((data_folder() / "vocabulary.toml").read_text("utf-8"))
    kinds = emitted_kinds() | set(decoders()) | set(vocabulary["kinds"]["input"])
    assert kinds - words("report-format.md") == set()


def test_every_word_of_the_vocabulary_is_explained():
    vocabulary = tomllib.loads((data_folder() / "vocabulary.toml").read_text("utf-8"))
    spoken = words("report-format.md") | words("writing-signatures.md")
    wanted = {*vocabulary["fields"], *(word for group in vocabulary["words"].values() for word in group)}
    assert wanted - spoken == set()


def structs(kind, found=None):
    """Every table of a TOML file: its struct and those inside."""
    found = {} if found is None else found
    for field in msgspec.structs.fields(kind):
        found.setdefault(kind, []).append(field.encode_name)
        stack = [field.type]
        while stack:
            inner = stack.pop()
            stack += getattr(inner, "__args__", ())
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and inner not in found:
                structs(inner, found)
    return found


@pytest.mark.parametrize("kind", [VendorFile, PolicyList, AdvisoryFile])
def test_every_key_of_a_signature_or_list_file_is_explained(kind):
    keys = {key for keys in structs(kind).values() for key in keys}
    assert len(keys) > 15
    assert keys - words("writing-signatures.md") == set()


def test_every_effect_of_a_list_is_explained():
    for page in ("writing-signatures.md", "report-format.md"):
        assert set(EFFECTS) - words(page) == set()


def commands(group, path=()):
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            yield (*path, name), command
            if isinstance(command, click.Group):
                yield from commands(command, (*path, name))


def all_pages():
    return "\n".join(page.read_text("utf-8") for page in PAGES)


def test_every_command_is_in_the_docs():
    pages = all_pages()
    groups = {path[0] for path, _ in commands(cli) if len(path) > 1}
    for path, _ in commands(cli):
        if path[0] in groups and len(path) > 1:
            assert re.search(rf"netcam {path[0]} (\w+`?,? `?)*{path[1]}\b", pages), path
        else:
            assert f"netcam {path[0]}" in pages, path


def test_every_option_is_in_the_docs():
    pages = all_pages()
    for path, command in [*commands(cli), (("netcam",), cli)]:
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                long = [o for o in parameter.opts if o.startswith("--")] or parameter.opts
                named = any(re.search(rf"(?<![\w-]){re.escape(o)}(?![\w-])", pages) for o in long)
                assert named, (path, parameter.opts)


def test_every_option_the_docs_name_exists():
    known = {o for _, c in [*commands(cli), ((), cli)] for p in c.params for o in (*p.opts, *p.secondary_opts)}
    named = {
        option
        for page in PAGES
        for line in re.findall(r"`([^`\n]+)`|^((?:python3 run\.py|netcam) .*)$", page.read_text("utf-8"), re.M)
        for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", " ".join(line))
    }
    assert named - known - {"--help", "--version"} == set()


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_resolve(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.is_file(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", goal.read_text("utf-8"), re.M)
            assert anchor in map(slug, headings), f"{page.name}: {target}"


def test_every_page_can_be_reached_from_the_readme():
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)\s#]+)", page.read_text("utf-8"))
        todo += [(page.parent / link).resolve() for link in links if link.endswith(".md") and "://" not in link]
    assert set(PAGES) - seen == set()


def test_the_numbers_of_concepts_are_those_of_the_engine():
    page = text("concepts.md")
    for strength, weight in fuse.WEIGHT.items():
        assert f"| {strength} | {weight:g} |" in page
    thresholds = (judge.LISTED_AT, judge.CLEARED_AT, judge.POSSIBLE_AT, advisory_judge.SURE_AT, advisory_judge.TOLD_AT)
    for number in (*thresholds, fuse.DECIDED_AT, fuse.CONFLICT_AT, fuse.CEILING):
        assert re.search(rf"(?<![\d.]){number:g}(?!\d)", page), number


def tally(value, *weights):
    alone = 1.0
    for weight in weights:
        alone *= 1 - weight
    return fuse.Tally(value, 1 - alone, ())


def test_the_worked_examples_of_concepts_come_out_of_the_engine():
    page = text("concepts.md")
    weak, supporting, strong, definitive = (fuse.WEIGHT[s] for s in sorted(fuse.WEIGHT, key=fuse.WEIGHT.get))
    worked = {
        "one strong sign": [(strong,)],
        "one definitive sign": [(definitive,)],
        "strong + supporting": [(strong, supporting)],
        "strong + weak": [(strong, weak)],
        "two strong signs": [(strong, strong)],
        "two supporting signs": [(supporting, supporting)],
        "strong for one maker, strong for another": [(strong,), (strong,)],
        "strong for one maker, supporting for another": [(strong,), (supporting,)],
        "definitive for one maker, weak for another": [(definitive,), (weak,)],
    }
    for what, rivals in worked.items():
        row = re.search(rf"^\| {re.escape(what)} \| (.*) \|$", page, re.M)
        assert row, what
        said = [float(number) for number in re.findall(r"0\.\d+", row[1])]
        got = [claim.confidence for claim in fuse.compete([tally(str(n), *w) for n, w in enumerate(rivals)])]
        assert said == sorted(set(got), reverse=True), what


def test_the_manners_table_holds_the_paces():
    page = text("authorised-use.md")
    for pace in PACES.values():
        row = rf"\| `{pace.name}`[^|]*\| {pace.total_pps:,} \| {pace.host_pps} \| {pace.host_connections} \|"
        assert re.search(row, page), pace.name


def test_everything_that_can_be_switched_off_is_in_what_netcam_sends():
    assert set(probe_names()) - words("authorised-use.md") == set()


def test_authorised_use_counts_the_default_ports_and_names_the_control_ports():
    page = " ".join(text("authorised-use.md").split())
    assert f"the {len(DEFAULT_PORTS)} default ports" in page
    control = sorted(port for port, why in QUIET_PORTS.items() if "control" in why)
    assert f"industrial control ({', '.join(map(str, control))})" in page


def examples():
    return re.findall(r"^```toml\n(.*?)^```", text("writing-signatures.md"), re.M | re.S)


def test_the_vendor_file_of_writing_signatures_keeps_every_rule(tmp_path):
    """Put together as a reader would: the file, then the tables that need no other registrant or vendor."""
    first, *rest = examples()
    tables = [part for part in rest if part.startswith(("[[model]]", "[[firmware]]", "[[page]]"))]
    (tmp_path / "northlight.toml").write_text("\n".join([first, *tables]), "utf-8")
    loaded = load_signatures(extra=[tmp_path])
    problems = check(loaded, emitted_kinds() | set(decoders()))
    assert len(loaded.vendors["northlight"].page) == 1
    assert [p for p in problems if p.file.startswith(str(tmp_path))] == []
    flaws = msgspec.convert(tomllib.loads(next(e for e in examples() if "[[advisory]]" in e)), AdvisoryFile)
    told = Advisories(files={flaws.vendor: flaws}, paths={flaws.vendor: "writing-signatures.md"})
    assert check_advisories(told, loaded) == ()


def test_the_other_tables_of_writing_signatures_have_the_right_keys():
    for part in examples()[1:]:
        if part.startswith(("[[oui]]", "[[made_by]]")):
            raw = tomllib.loads(part)
            company = {"id": "x", "name": "X", "references": ["x"]}
            msgspec.convert({"schema": 1, "vendor": company, **raw}, VendorFile)


def test_the_list_of_writing_signatures_loads(tmp_path):
    (tmp_path / "our-policy.toml").write_text(next(e for e in examples() if "[list]" in e), "utf-8")
    assert load_list(tmp_path / "our-policy.toml").id == "our-policy"


def test_the_device_that_quickstart_explains_is_the_badged_one():
    named = re.search(r"explain netcam-demo\.json (\S+)", text("quickstart.md"))[1]
    number = int(IPv4Address(named)) - int(IPv4Address(FIRST_ADDRESS))
    assert demo_store()[number].name == "annke-camera"


def test_pictures_are_small():
    pictures = sorted((DOCS / "images").iterdir())
    assert {p.name for p in pictures} >= {"table.svg", "report.png"}
    assert all(p.stat().st_size < 300_000 for p in pictures)
