"""Whatever a file holds, linting ends in findings."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from izoologic_cdf.lint.check import RULES, lint
from tests.support.linted import complete, lint_text

EXAMPLES = [
    complete(example) for rule in RULES for example in (rule.explanation.bad, rule.explanation.good)
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(EXAMPLES), st.data())
def test_a_definition_with_lines_cut_out_and_moved_gives_findings_and_no_traceback(
    text: str, data: st.DataObject
) -> None:
    lines = text.splitlines(keepends=True)
    chosen = data.draw(st.lists(st.sampled_from(range(len(lines))), min_size=1, max_size=30))
    for finding in lint_text("".join(lines[at] for at in chosen)):
        assert finding.code is None or finding.code.startswith("CDF")
        assert finding.position.line >= 1


ODD = {
    "a list": "- a\n",
    "a text": "hello\n",
    "feeds that are a list": "feeds: [a]\n",
    "a feed that is empty": "feeds: {A: }\n",
    "keys that are lists": "? [a, b]\n: c\n",
    "a filter that is null": "feeds: {A: {filters: [null]}}\n",
    "a set that is a list": "feeds: {A: {filters: [{set: [a]}]}}\n",
    "a merge of text": "feeds: {A: {<<: text}}\n",
    "fields that are texts": "feeds: {A: {user_fields: [a, {name: [b]}]}}\n",
    "deep nesting": "feeds: " + "{A: " * 300 + "}" * 300 + "\n",
    "deep lists": "feeds: {A: {filters: " + "[" * 400 + "]" * 400 + "}}\n",
    "a deep expression": "feeds: {A: {filters: [{drop: !expr '" + "(" * 400 + "}]}}\n",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_files_give_findings(text: str) -> None:
    assert lint_text(text)


def test_a_file_that_is_not_utf_8_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"version: \xe9\n")
    (finding,) = lint(path)
    assert finding.code == "CDF001"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Return a definition of somebody else, with Python beside it that must not run."""
    (tmp_path / "filters").mkdir()
    (tmp_path / "filters" / "rows.py").write_text(
        '__all__ = ["cases"]\nraise SystemExit("the code of a linted definition was run")\n',
        encoding="utf-8",
    )
    (tmp_path / "feeds").mkdir()
    path = tmp_path / "feeds" / "foreign.yaml"
    path.write_text(complete("filters:\n  - python: rows.cases\n"), encoding="utf-8")
    return path


def test_python_filters_are_known_without_being_run(foreign: Path) -> None:
    assert lint(foreign) == []


def test_a_mistyped_python_filter_is_found_without_running_any(foreign: Path) -> None:
    text = foreign.read_text(encoding="utf-8").replace("rows.cases", "rows.case")
    foreign.write_text(text, encoding="utf-8")
    (finding,) = lint(foreign)
    assert (finding.code, finding.help) == ("CDF005", "did you mean 'rows.cases'?")
