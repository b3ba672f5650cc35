"""The pages on inventories say what the program sends: every field, column, option and link."""

import re
from pathlib import Path

import pytest
from store_reports import camera, report

from netcam.exports import find
from netcam.exports.facts import texts
from netcam.exports.to_cyclonedx import OWN as CYCLONEDX
from netcam.exports.to_cyclonedx import STATES
from netcam.exports.to_netbox import FIELDS, TAGS
from netcam.exports.to_servicenow import COLUMNS as SERVICENOW
from netcam.exports.to_snipeit_csv import COLUMNS as SNIPEIT

DOCS = Path(__file__).parents[3] / "docs" / "inventory"
PAGES = {"netbox": "netbox", "snipeit": "snipeit", "snipeit-csv": "snipeit", "servicenow": "servicenow"}
PAGES |= {"glpi": "glpi", "cyclonedx": "cyclonedx"}


def page(name):
    return (DOCS / f"{name}.md").read_text("utf-8")


def code(name):
    return set(re.findall(r"`([^`\n]+)`", page(name)))


@pytest.mark.parametrize("name", PAGES)
def test_each_destination_has_a_line_in_the_overview_and_an_example_on_its_page(name):
    assert re.search(rf"^\| `{name}` \|.*\]\({PAGES[name]}\.md", page("README"), re.M)
    assert f"netcam export report.json --to {name} " in page(PAGES[name])


@pytest.mark.parametrize("name", PAGES)
def test_every_option_of_a_destination_is_explained(name):
    told = page("README") + page(PAGES[name])
    assert {o.name for o in find(name).options if f"-O {o.name}=" not in told} == set()


def test_every_fact_is_explained_in_the_overview():
    from netcam.exports.facts import device_facts

    (facts,) = device_facts([report(camera(1))])
    elsewhere = {"model", "ip", "site"}  # fields of the systems themselves
    assert set(texts(facts)) - elsewhere - code("README") == set()


def test_every_field_that_is_written_is_on_its_page():
    assert {f"netcam_{field}" for field in FIELDS} | set(TAGS) <= code("netbox")
    assert set(SERVICENOW) <= code("servicenow")
    assert set(SNIPEIT) <= code("snipeit")
    assert {f"netcam:{key.replace('_', '-')}" for key in CYCLONEDX} | set(STATES.values()) <= code("cyclonedx")


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_links_resolve(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if not target.startswith("https://"):
            file, _, anchor = target.partition("#")
            goal = (path.parent / file).resolve()
            assert goal.is_file(), target
            headings = {
                re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
                for heading in re.findall(r"^#+ (.*)$", goal.read_text("utf-8"), re.M)
            }
            assert not anchor or anchor in headings, target
