"""What the documents state agrees with the code: versions, mapping, decisions, layers."""

import csv
import re
import tomllib
from collections.abc import Iterator

import pytest

from izoologic_cdf.content import folder
from izoologic_cdf.runtime.http import Limits
from tests.documents.support import rows, text
from tools import layers, mapping
from tools.layers import ROOT
from tools.source import FEEDS, source

_DECISION = re.compile(r"\bI-\d\d\b")


def test_one_version_stands_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = project["project"]["version"]
    assert [source(feed).version for feed in FEEDS] == [version, version]
    assert re.findall(r"^## \[(.*?)\]", text("CHANGELOG.md"), re.MULTILINE)[0] == version
    guide = text("docs/bundle/GUIDE.md")
    assert re.findall(r"[Vv]ersion (\d+\.\d+\.\d+)", guide)[0] == version
    assert set(re.findall(r"sync-cases-(\d+\.\d+\.\d+)\.zip", text("README.md"))) == {version}


def test_the_decisions_state_the_limits_of_a_call() -> None:
    decisions, limits = " ".join(text("docs/decisions.md").split()), Limits()
    for said in (
        f"A connection has {limits.connect:g} seconds, a server {limits.read:g} to go on",
        f"A whole call has {limits.whole:g}, from the status line",
        f"waiting {limits.first_wait:g} second doubled each time, at most {limits.longest_wait:g},",
        f"`Retry-After` is obeyed up to {limits.longest_retry_after:g} seconds",
    ):
        assert said in decisions


def test_the_guide_tells_the_releases_of_the_change_log() -> None:
    released = re.findall(r"^## \[(.*?)\]", text("CHANGELOG.md"), re.MULTILINE)
    section = text("docs/bundle/GUIDE.md").partition("\n## Change log\n")[2]
    told = re.findall(r"^- \*\*(.*?)\*\*: ", section, re.MULTILINE)
    assert told == released


@pytest.mark.parametrize(
    ("feed", "tables"), [("incident", ("incident", "communications")), ("dlr", ("dlr",))]
)
def test_every_attribute_of_the_vendors_tables_stands_in_ours_and_no_other(
    feed: str, tables: tuple[str, ...]
) -> None:
    due = {
        row["object_type_or_attribute_key"]
        for row in vendor_rows(tables)
        if row["entity"].endswith("Attribute")
    }
    assert {row[0] for row in rows(mapping.attributes(feed))[2:]} == due


@pytest.mark.parametrize(
    ("feed", "tables"), [("incident", ("incident", "communications")), ("dlr", ("dlr",))]
)
def test_every_field_of_the_vendors_tables_is_named_as_they_spell_it(
    feed: str, tables: tuple[str, ...]
) -> None:
    written = [mapping.objects(feed), mapping.attributes(feed), mapping.derived(feed)]
    shown = set(re.findall(r"\w+", "\n".join(written)))
    fields = {row["path"].rpartition(".")[2] for row in vendor_rows(tables)}
    assert fields <= shown
    # and none of them in the lower case in which the definition reads it
    assert not shown & {field.lower() for field in fields if not field.islower()}


@pytest.mark.parametrize(
    ("feed", "attribute", "example"),
    [
        ("incident", "URL", "https://suspicious-site.com"),
        ("incident", "Detected By", "iZoo"),
        ("incident", "Posted By", "user@email.com"),
        ("dlr", "Is Executive Account", "false"),
        ("dlr", "Threat Actor Activities", "Defacement, Hacking"),
    ],
)
def test_examples_are_those_of_the_samples(feed: str, attribute: str, example: str) -> None:
    shown = {row[0]: row[4] for row in rows(mapping.attributes(feed))}
    assert shown[attribute] == f"`{example}`"


def vendor_rows(tables: tuple[str, ...]) -> Iterator[dict[str, str]]:
    for table in tables:
        path = folder("fixtures") / "mapping" / f"{table}_mapping.csv"
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


@pytest.mark.parametrize("feed", FEEDS)
def test_the_tables_mark_what_an_ingest_rule_updates(feed: str) -> None:
    (primary,) = [feed for feed in source(feed).feeds if feed.kind == "primary"]
    updated = {row[0] for row in rows(mapping.attributes(feed)) if row[5] == "update"}
    due = (
        {"URL", "Status", "Up Time", "Progress Stage"} if "ingest_rules" in primary.keys else set()
    )
    assert updated == due


def test_a_switch_is_shown_by_its_label() -> None:
    shown = {(row[0], row[1]): (row[2], row[5]) for row in rows(mapping.objects("dlr"))}
    label = "Ingest as Identity instead of Compromised Account"
    assert shown["Compromised Account", "`value`"] == ("`data.account`", f"{label}: off")
    assert shown["Identity", "`value`"] == ("`data.account`", f"{label}: on")


def test_each_of_47_decisions_has_one_row() -> None:
    numbers = [row[0] for row in rows(text("docs/decisions.md")) if _DECISION.fullmatch(row[0])]
    assert numbers == [f"I-{number:02}" for number in range(1, 48)]


def test_every_decision_that_the_code_cites_is_listed() -> None:
    known = set(_DECISION.findall(text("docs/decisions.md")))
    for name in ("feeds", "filters", "izoologic_cdf"):
        for path in (ROOT / name).rglob("*"):
            if path.suffix in (".py", ".yaml"):
                cited = set(_DECISION.findall(path.read_text(encoding="utf-8")))
                assert cited <= known, path


def _table() -> dict[str, set[str]]:
    """Return what the table of the architecture says each layer imports."""
    found = (row for row in rows(text("docs/architecture.md")) if len(row) == 3)
    return {
        row[0].strip("`"): set(re.findall(r"`(\w+)`", row[2]))
        for row in found
        if row[0].startswith("`")
    }


def test_each_layer_imports_what_the_architecture_says_and_nothing_else() -> None:
    assert _table() == layers.imports()


def test_no_layer_imports_one_that_imports_it_back() -> None:
    assert [package for package in layers.imports() if package in layers.reached(package)] == []


def test_the_picture_leads_from_each_layer_to_all_that_it_imports_and_no_further() -> None:
    assert layers.layers() in text("docs/architecture.md")
    arrows = set(re.findall(r"^    (\w+) --> (\w+)$", layers.layers(), re.MULTILINE))
    assert {package for arrow in arrows for package in arrow} == set(layers.imports())
    for package in layers.imports():
        led, waiting = set[str](), [package]
        while waiting:
            one = waiting.pop()
            more = {end for begin, end in arrows if begin == one} - led
            led |= more
            waiting += more
        assert led == layers.reached(package)


def test_no_module_name_stands_in_two_packages() -> None:
    paths = (ROOT / layers.PACKAGE).rglob("*.py")
    modules = [path.stem for path in paths if path.stem != "__init__"]
    assert sorted(modules) == sorted(set(modules))


def test_the_documents_stay_few() -> None:
    assert len(list((ROOT / "docs").rglob("*.md"))) <= 14
    assert len(text("README.md").splitlines()) <= 170
