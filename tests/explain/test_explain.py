"""`explain`: an attribute that is there, and why one is not; nothing personal is shown."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.content import folder
from tests.support.built import built_text
from tests.support.shells import Ended, Shell

OURS = folder("feeds") / "izoologic_sync_cases.yaml"
CASE, ACCOUNT = "CASE123456", "DLR#n9Ra7KbR3"
GUIDE = folder("fixtures") / "guide"
PERSONAL = ("Email_Test", "Password_Test", "Username_Test")


@pytest.fixture
def told(shell: Shell) -> Callable[..., Any]:
    def tell(*words: str) -> Any:
        ended = shell("explain", *words, "--format", "json")
        assert (ended.code, ended.err) == (0, "")
        return json.loads(ended.out)

    return tell


def row_of(told: Any, name: str) -> Any:
    return next(row for row in told["rows"] if row["name"] == name)


def changed(tmp_path: Path, *changes: tuple[str, str]) -> str:
    """Write our definition with some texts replaced, beside a copy of nothing else."""
    text = OURS.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "changed.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def record(tmp_path: Path, **changes: Any) -> str:
    """Write the guide's samples as a record; `changes` replace fields of the details."""
    detail = json.loads((GUIDE / "case_detail.json").read_bytes())
    detail["result"] |= changes
    bodies = {
        "CaseSync": json.loads((GUIDE / "case_sync.json").read_bytes()),
        "CaseDetail": detail,
        "FetchCaseCommunications": {"success": False, "errorCode": "iZOO2011", "result": None},
    }
    path = tmp_path / "record.json"
    path.write_text(json.dumps(bodies), encoding="utf-8")
    return str(path)


def test_the_way_of_an_attribute_that_is_there(told: Any) -> None:
    row = row_of(told(CASE, "--attribute", "brand"), "Brand")
    assert row["value"] == '"Example Brand"'
    assert row["objects"] == [f"incident {CASE}"]
    assert [one["path"] for one in row["fields"]] == ["result.brand"]
    assert row["fields"][0]["endpoint"] == "GET /api/ThreatManagement/CaseDetail"
    words = [one["step"] for one in row["steps"]]
    assert words[:4] == ["parse-json", "python", "drop", "python"]
    assert words[-2:] == ["supplemental", "drop"]
    lines = OURS.read_text(encoding="utf-8").splitlines()
    for step in (*row["steps"], {"at": row["at"], "step": row["expression"]}):
        _, line, _ = step["at"].rsplit(":", 2)
        assert step["step"] in lines[int(line) - 1]
    assert {one["value"] for one in row["steps"]} == {'"Example Brand"'}


def test_a_value_that_several_steps_make_is_followed_through_all_of_them(told: Any) -> None:
    row = row_of(told(CASE, "--attribute", "Status"), "Status")
    steps = [f"{one['step']} {one['text']}" for one in row["steps"]]
    assert "python status.newest" in steps
    assert any(step.startswith("set status: value.get('statusdescription'") for step in steps)
    assert {one["path"] for one in row["fields"]} >= {"result.statusDescription"}


KEPT = "      - python: records.incident\n"
DROPPED = f"{KEPT}      - new: !expr dict(value | dictsort(true) | rejectattr(0, 'eq', 'brand'))\n"
ABSENT: dict[str, tuple[dict[str, Any], list[tuple[str, str]], str, str]] = {
    "null in the answer": (
        {"impact": None},
        [],
        "Impact",
        "`impact` is null in the answer of GET /api/ThreatManagement/CaseDetail",
    ),
    "blank in the answer": ({"impact": " "}, [], "Impact", "`impact` is blank in the answer"),
    "misspelt": (
        {},
        [("data.feed_results.brand", "data.feed_results.brnd")],
        "Brand",
        "`brnd` is not in the answer of GET /api/ThreatManagement/CaseDetail, and no step sets it",
    ),
    "dropped": (
        {},
        [(KEPT, DROPPED)],
        "Brand",
        "dropped by `new` at ",
    ),
    "its condition": ({}, [], "Description", "its condition is false: user_fields.ingest_desc"),
    "an empty list": ({}, [], "IP Address", "its value is an empty list"),
}


@pytest.mark.parametrize(("answer", "changes", "name", "reason"), ABSENT.values(), ids=ABSENT)
def test_why_an_attribute_is_absent(
    told: Any,
    tmp_path: Path,
    answer: dict[str, Any],
    changes: list[tuple[str, str]],
    name: str,
    reason: str,
) -> None:
    words = ["--record", record(tmp_path, **answer), "--definition", changed(tmp_path, *changes)]
    words += ["--filters", str(folder("filters")), "--attribute", name]
    rows = told(CASE, *words)["rows"]
    assert rows[0]["reason"].startswith(reason)
    assert ("did you mean 'brand'?" in rows[0]["reason"]) == (
        bool(changes) and changes[0][0] != KEPT
    )
    assert rows[0]["objects"] == []


def test_a_dropping_step_is_named_with_its_line(told: Any, tmp_path: Path) -> None:
    answer, changes, name, _ = ABSENT["dropped"]
    path = changed(tmp_path, *changes)
    words = ("--record", record(tmp_path, **answer), "--definition", path, "--attribute", name)
    row = told(CASE, *words, "--filters", str(folder("filters")))["rows"][0]
    at = re.search(r":(\d+):\d+$", row["reason"])
    assert at
    assert "rejectattr" in Path(path).read_text(encoding="utf-8").splitlines()[int(at[1]) - 1]


def test_a_case_that_is_dropped_has_the_step_and_no_rows(told: Any, tmp_path: Path) -> None:
    told_ = told(CASE, "--record", gone(tmp_path))
    assert told_["rows"] == []
    assert any("dropped by `drop: value.feed_results is none`" in one for one in told_["notes"])


def gone(tmp_path: Path) -> str:
    path = Path(record(tmp_path))
    bodies = json.loads(path.read_bytes())
    bodies["CaseDetail"] = bodies["FetchCaseCommunications"]
    path.write_text(json.dumps(bodies), encoding="utf-8")
    return str(path)


def test_a_case_that_the_list_drops_is_explained(shell: Shell, tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        (
            "    - drop: !expr value.caseId and",
            "    - drop: !expr value.caseId == 'CASE123457' or value.caseId and",
        ),
    )
    words = (
        "--record",
        record(tmp_path),
        "--definition",
        path,
        "--filters",
        str(folder("filters")),
    )
    ended = shell("explain", "CASE123457", *words)
    assert ended.code == 2
    assert (
        "CASE123457 is in the list, and dropped by `drop: value.caseId == 'CASE123457'" in ended.err
    )


def test_a_case_that_is_not_listed_names_those_that_are(shell: Shell) -> None:
    ended = shell("explain", "CASE0")
    assert ended.code == 2
    assert "no list of this range has the case CASE0; it has" in ended.err
    assert CASE in ended.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_personal_data_and_secrets_are_masked(shell: Shell, form: str) -> None:
    ended = shell("explain", ACCOUNT, "--format", form)
    assert ended.code == 0
    assert "Password" in ended.out
    for value in PERSONAL:
        assert value.lower() not in ended.out.lower()
    for row in ("Severity", "Substantial Threat"):
        assert row in ended.out


def test_personal_data_is_shown_on_demand_and_secrets_never(shell: Shell) -> None:
    ended = shell("explain", ACCOUNT, "--show-data")
    for value in PERSONAL[:2]:
        assert value in ended.out
    token = shell("explain", ACCOUNT, "--expr", "user_fields.api_key", "--show-data")
    assert token.code == 0
    assert "emulator-api-key" not in token.out
    assert "***" in token.out


def test_messages_are_masked_with_what_is_made_of_them(shell: Shell) -> None:
    ended = shell("explain", "gz3kEgBWO", "--format", "json")
    assert "note objects" in ended.out
    assert "user@email.com" not in ended.out
    assert "Please find more details" not in ended.out


def test_an_expression_is_evaluated_at_each_step_or_at_one(told: Any, tmp_path: Path) -> None:
    path = record(tmp_path)
    everywhere = told("--expr", "value.result.addedDate", "--record", path)
    assert '"1672531200"' in {one["value"] for one in everywhere}
    line = next(
        number
        for number, text in enumerate(OURS.read_text(encoding="utf-8").splitlines(), 1)
        if text.strip() == "- python: records.incident"
    )
    (at,) = told("--expr", "value.addedDate", "--record", path, "--step", str(line))
    assert at["value"] == '"1672531200"'
    (of_report,) = told("--expr", "data.feed_results.brand", "--record", path)
    assert of_report["value"] == '"Example Brand"'


MISTAKES = {
    "no such attribute": (("--attribute", "Brnd"), "there is no attribute 'Brnd'; did you mean"),
    "no expression": (("--expr", "value."), "not a valid Jinja2 expression"),
    "a step that has not run": (("--expr", "value", "--step", "3"), "no step of line 3 has run"),
    "no record": (("--record", "nowhere.json"), "--record: nowhere.json: No such file"),
    "two sources": (("--record", "a", "--config", "b"), "two sources of answers"),
}


@pytest.mark.parametrize(("words", "message"), MISTAKES.values(), ids=MISTAKES)
def test_what_cannot_be_explained_is_said(
    shell: Shell, words: tuple[str, ...], message: str
) -> None:
    ended = shell("explain", CASE, *words)
    assert ended.code == 2
    assert message in ended.err
    assert "bug" not in ended.err


def test_a_record_without_an_endpoint_names_those_that_it_has(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text('{"Other": {}}')
    ended = shell("explain", "--record", str(path))
    assert ended.code == 2
    assert (
        "the record has no answer of POST /api/ThreatManagement/CaseSync; it has Other" in ended.err
    )


def test_the_page_loads_nothing_and_escapes_what_it_shows(shell: Shell, tmp_path: Path) -> None:
    page = tmp_path / "explain.html"
    path = record(tmp_path, brand="<script>alert(1)</script>")
    assert shell("explain", CASE, "--record", path, "-o", str(page)).code == 0
    text = page.read_text(encoding="utf-8")
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"(?:src|href)=", text)


def test_text_of_an_attribute(shell: Shell) -> None:
    ended: Ended = shell("explain", CASE, "--attribute", "Brand")
    lines = ended.out.splitlines()
    assert 'Brand = "Example Brand"' in lines
    assert any(line.startswith("  expression  data.feed_results.brand  [") for line in lines)
    assert '      result.brand = "Example Brand"' in lines


def test_the_built_definition_is_explained_as_well(shell: Shell, tmp_path: Path) -> None:
    built, path = tmp_path / "built.yaml", Path(record(tmp_path, impact=None))
    built.write_text(built_text(), encoding="utf-8")
    bodies = json.loads(path.read_bytes())
    bodies["Authenticate"] = {"success": True, "result": "a token of the record"}
    bodies["DownloadCaseFile"] = "bytes"
    path.write_text(json.dumps(bodies), encoding="utf-8")
    words = ("--record", str(path), "--definition", str(built), "--feed", "incident")
    of_one = ("--since", "2023-01-01", "--until", "2023-01-10", "--format", "json")
    ended = shell("explain", CASE, *words, *of_one)
    assert ended.code == 0, ended.err
    told = ended.data
    assert told["case"] == CASE
    brand = row_of(told, "Brand")
    assert (brand["value"], brand["objects"]) == ('"Example Brand"', [f"incident {CASE}"])
    assert [one["path"] for one in brand["fields"]] == ["result.brand"]
    # a native step skips what is null, where the authored file has a Python filter
    reason = row_of(told, "Impact")["reason"]
    at = re.fullmatch(
        r"`impact` is null in the answer of GET /api/ThreatManagement/CaseDetail, and skipped by "
        r"`drop` at .*built.yaml:(\d+):\d+",
        reason,
    )
    assert at, reason
    step, condition = built.read_text("utf-8").splitlines()[int(at[1]) - 1 :][:2]
    assert "drop: !expr" in step
    assert "value[1] is none" in condition
    assert "a token of the record" not in ended.out


def test_a_tenant_is_asked_with_its_configuration(shell: Shell) -> None:
    words = ("--since", "2022-12-31", "--until", "2023-01-10", "--attribute", "Brand")
    ended = shell.feed("explain", CASE, *words)
    assert ended.code == 0
    assert 'Brand = "Example Brand"' in ended.out
    assert "200  POST /api/Token/Authenticate" in ended.out
    assert shell.emulator.secret_key not in ended.out
    late = shell.feed("explain", CASE)
    assert late.code == 2
    assert "name another with --since and --until" in late.err
