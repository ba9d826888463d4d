"""The generated parts of the documents are fresh, and a stale one is found."""

import re
from pathlib import Path

import pytest

from benchmarks.__main__ import PARTS
from benchmarks.report import BLOCKS, GOALS, goals
from izoologic_cdf.lint.check import RULES
from tests.documents.support import DOCUMENTS, text
from tools.documents import SCHEMA, __all__, make, show
from tools.layers import ROOT

_CALLS = re.compile(r"^<!-- \[\[\[cog show\((.*)\) \]\]\] -->$", re.MULTILINE)


def test_no_document_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    assert make(check=True) == 0, capsys.readouterr().out


def test_every_block_that_can_be_made_stands_in_some_document() -> None:
    called = {call for document in DOCUMENTS for call in _CALLS.findall(text(document))}
    assert {call.partition("(")[0] for call in called} == set(__all__) - {"show"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with the schema, and a document that has blocks."""
    for document in (SCHEMA, "docs/commands.md"):
        path = tmp_path / document
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((ROOT / document).read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("document", "fresh", "stale"),
    [("docs/commands.md", "| 130 |", "| 131 |"), (SCHEMA, "definitions", "definition")],
)
def test_a_changed_part_is_found_and_made_anew(
    copy: Path, capsys: pytest.CaptureFixture[str], document: str, fresh: str, stale: str
) -> None:
    assert make(copy, check=True) == 0
    path = copy / document
    due = path.read_text(encoding="utf-8")
    path.write_text(due.replace(fresh, stale, 1), encoding="utf-8")
    assert make(copy, check=True) != 0
    assert Path(document).name in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") != due
    assert make(copy, check=False) == 0
    assert path.read_text(encoding="utf-8") == due


def test_a_measured_figure_stays_until_another_one_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    begin, end = '<!-- [[[cog show(figure("speed", cog.previous)) ]]] -->', "<!-- [[[end]]] -->"
    (tmp_path / "docs").mkdir()
    path.write_text(f"{begin}\n\n7 cases/s\n\n{end}\n", encoding="utf-8")
    make(tmp_path, check=False)
    assert "\n\n7 cases/s\n\n" in path.read_text(encoding="utf-8")
    make(tmp_path, {"speed": "8 cases/s"}, check=False)
    assert path.read_text(encoding="utf-8") == f"{begin}\n\n8 cases/s\n\n{end}\n"


def test_every_figure_that_is_measured_has_its_block() -> None:
    shown = re.findall(r'figure\("(\w+)"', text("docs/performance.md"))
    assert sorted(shown) == sorted(BLOCKS)
    assert {part for parts in BLOCKS.values() for part in parts} == set(PARTS)


def test_a_goal_that_is_missed_is_called_not_met() -> None:
    keys = {(part, key): goal for _, _, goal, _, part, key in GOALS}
    results: dict[str, dict[str, dict[str, float]]] = {}
    for (part, key), goal in keys.items():
        results.setdefault(part, {"numbers": {}})["numbers"][key] = goal
    assert "not met" not in goals(results)
    for _, sign, goal, _, part, key in GOALS:
        results[part]["numbers"][key] = goal * (0.99 if sign == ">=" else 1.01)
    assert goals(results).count("**not met**") == len(GOALS)
    assert goals({}).count("not measured") == len(GOALS)


def test_a_block_has_empty_lines_around_it(capsys: pytest.CaptureFixture[str]) -> None:
    show("| a |\n")
    assert capsys.readouterr().out == "\n| a |\n\n"


def test_every_rule_has_its_section_and_no_other_has() -> None:
    sections = re.findall(r"^### (CDF\d+) ", text("docs/lint.md"), re.MULTILINE)
    assert sections == [rule.code for rule in RULES]
