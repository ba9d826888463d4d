"""Every typical mistake of a mapping has something that says so: lint, or explain for one case."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from izoologic_cdf.content import folder
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import DefinitionError
from izoologic_cdf.lint.check import lint_document
from tests.support.shells import Shell

OURS = folder("feeds") / "izoologic_sync_cases.yaml"
GUIDE = folder("fixtures") / "guide"
RANGE = ("--since", "2022-12-15", "--until", "2023-01-14")
MISTAKES: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("mistakes.yaml").read_text(encoding="utf-8")
)
LINTED = {name: one for name, one in MISTAKES.items() if "lint" in one}
EXPLAINED = {name: one for name, one in MISTAKES.items() if "explain" in one}


def test_each_mistake_is_told_by_one_of_both() -> None:
    assert len(MISTAKES) >= 27
    assert LINTED.keys() | EXPLAINED.keys() == MISTAKES.keys()
    assert not LINTED.keys() & EXPLAINED.keys()


def made(mistake: dict[str, Any]) -> tuple[str, int]:
    """Return our definition with the mistake, and the line of it."""
    text = OURS.read_text(encoding="utf-8")
    if "old" not in mistake:
        return text, 0
    assert mistake["old"] in text
    changed = text.replace(mistake["old"], mistake["new"], 1)
    same = zip(text.splitlines(), changed.splitlines(), strict=False)
    return changed, next(number for number, (a, b) in enumerate(same, 1) if a != b)


@pytest.mark.parametrize("mistake", LINTED.values(), ids=LINTED)
def test_lint_says_what_is_wrong_and_where(mistake: dict[str, Any]) -> None:
    text, line = made(mistake)
    try:
        findings = lint_document(Document(str(OURS), text), OURS)
    except DefinitionError as error:
        findings = error.findings
    told = [f"{one.code} {one.message}" + (f"; {one.help}" if one.help else "") for one in findings]
    found = [number for number, one in enumerate(told) if one.startswith(mistake["lint"])]
    assert found, told
    # a field that is kept no longer is missed where it is read
    places = {findings[number].position.line for number in found}
    assert line in places or len(told) == 1


@pytest.mark.parametrize("mistake", EXPLAINED.values(), ids=EXPLAINED)
def test_explain_says_why_there_is_no_value(
    shell: Shell, tmp_path: Path, mistake: dict[str, Any]
) -> None:
    (tmp_path / "feeds").mkdir()
    path, record = tmp_path / "feeds" / "changed.yaml", tmp_path / "record.json"
    path.write_text(made(mistake)[0], encoding="utf-8")
    detail = json.loads((GUIDE / "case_detail.json").read_bytes())
    detail["result"] |= mistake.get("answer", {})
    none = {"success": False, "errorCode": "iZOO2011", "result": None}
    listed = json.loads((GUIDE / "case_sync.json").read_bytes())
    bodies = {"CaseSync": listed, "CaseDetail": detail, "FetchCaseCommunications": none}
    record.write_text(json.dumps(bodies), encoding="utf-8")
    name = mistake.get("attribute")
    words = (
        "--record",
        str(record),
        "--definition",
        str(path),
        "--filters",
        str(folder("filters")),
    )
    ended = shell("explain", "CASE123456", *words, *RANGE, *(("--attribute", name) if name else ()))
    assert ended.code == 0, ended.err
    assert mistake["explain"] in ended.out
