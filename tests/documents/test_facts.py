"""What the documents state agrees with the code: versions, mapping, decisions, layers."""

import ast
import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from izoologic_cdf.content import folder
from izoologic_cdf.documents import derived, mapping
from izoologic_cdf.documents.catalog import ROOT
from izoologic_cdf.documents.source import FEEDS, source
from tests.documents.support import rows, text

_DECISION = re.compile(r"\bI-\d\d\b")
_LAYERS = ("language", "library", "runtime", "loopback", "emulator", "lint", "bundle", "diff")


def test_one_version_stands_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = project["project"]["version"]
    assert [source(feed).version for feed in FEEDS] == [version, version]
    assert re.findall(r"^## \[(.*?)\]", text("CHANGELOG.md"), re.MULTILINE)[0] == version
    guide = text("docs/bundle/GUIDE.md")
    assert re.findall(r"[Vv]ersion (\d+\.\d+\.\d+)", guide)[0] == version
    assert set(re.findall(r"sync-cases-(\d+\.\d+\.\d+)\.zip", text("README.md"))) == {version}


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
    written = [mapping.objects(feed), mapping.attributes(feed), derived.derived(feed)]
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


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {
            name.split(".")[1] for name in names if name and name.startswith("izoologic_cdf.")
        }
    return found


@pytest.mark.parametrize("layer", _LAYERS)
def test_a_layer_imports_what_the_architecture_says_and_nothing_else(layer: str) -> None:
    (stated,) = [row[2] for row in rows(text("docs/architecture.md")) if row[0] == f"`{layer}`"]
    allowed = {layer, "content", "errors", "printable", *re.findall(r"`(\w+)`", stated)}
    for path in (ROOT / "izoologic_cdf" / layer).rglob("*.py"):
        assert _imported(path) <= allowed, path


def test_tests_share_nothing_but_what_lies_in_support() -> None:
    tests = ROOT / "tests"
    for path in tests.rglob("*.py"):
        named = re.findall(r"^\s*from tests\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        own = path.relative_to(tests).parts[0]
        assert set(named) <= {own, "support"}, path
