"""Small bad definitions: each file ends in the findings that it has to give, and gives no other.

`# expect: LINE:COLUMN CODE message`, in the order in which they are shown.
"""

import re
from pathlib import Path

import pytest

from izoologic_cdf.lint.check import RULES, lint

FILES = sorted((Path(__file__).parent / "bad").iterdir())
EXPECT = re.compile(r"^# expect: (\d+):(\d+) (CDF\d{3}) (.+)$", re.MULTILINE)


def expected(path: Path) -> list[tuple[int, int, str, str]]:
    return [
        (int(line), int(column), code, message)
        for line, column, code, message in EXPECT.findall(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_definition_gives_exactly_the_findings_it_states(path: Path) -> None:
    found = [
        (finding.position.line, finding.position.column, finding.code, finding.message)
        for finding in lint(path)
    ]
    assert found == expected(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_of_the_folder_states_a_finding(path: Path) -> None:
    assert path.suffix == ".yaml"
    assert expected(path)


def test_every_rule_has_a_bad_definition_and_every_code_has_a_rule() -> None:
    stated = {code for path in FILES for _, _, code, _ in expected(path)}
    assert stated == {rule.code for rule in RULES}
