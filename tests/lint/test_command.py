"""The command `lint`: what it prints, and its exit codes."""

import json
from pathlib import Path

import pytest

from izoologic_cdf.cli.main import main
from tests.support.linted import complete

Captured = pytest.CaptureFixture[str]

TEXT = """\
{path}:11:15: CDF204 unknown category 'Comercial'
        category: Comercial
                  ^
    help: did you mean 'Commercial'?
"""


def written(tmp_path: Path, example: str) -> str:
    path = tmp_path / "cases.yaml"
    path.write_text(complete(example), encoding="utf-8")
    return str(path)


def test_without_a_file_the_built_in_definitions_are_linted_and_silent(
    capsys: Captured,
) -> None:
    assert main(["lint"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_finding_shows_place_code_sentence_line_caret_and_what_to_do(
    tmp_path: Path, capsys: Captured
) -> None:
    path = written(tmp_path, "category: Comercial\n")
    assert main(["lint", path]) == 1
    assert capsys.readouterr() == (TEXT.format(path=path), "")


def test_json_is_a_list_of_objects(tmp_path: Path, capsys: Captured) -> None:
    path = written(tmp_path, "category: Comercial\n")
    assert main(["lint", path, path, "--format", "json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first == second
    assert first == {
        "file": path,
        "line": 11,
        "column": 15,
        "code": "CDF204",
        "message": "unknown category 'Comercial'",
        "help": "did you mean 'Commercial'?",
        "source_line": "    category: Comercial",
    }


def test_json_without_findings_is_an_empty_list(capsys: Captured) -> None:
    assert main(["lint", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_file_that_is_not_there_is_a_usage_error(capsys: Captured) -> None:
    assert main(["lint", "nowhere.yaml"]) == 2
    assert "there is no file 'nowhere.yaml' to lint" in capsys.readouterr().err


def test_a_rule_is_explained_as_the_document_does(capsys: Captured) -> None:
    assert main(["lint", "--explain", "cdf103"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("### CDF103 set-is-read\n\nA key that `set` makes")
    assert said.count("```yaml\n") == 2


def test_a_rule_that_is_unknown_is_not_explained(capsys: Captured) -> None:
    assert main(["lint", "--explain", "CDF130"]) == 2
    assert "there is no rule 'CDF130'; there are CDF001, CDF002, " in capsys.readouterr().err
