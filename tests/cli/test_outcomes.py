"""Outcomes of real runs: exit code, what goes to which stream, and both forms of a summary."""

import re
from collections.abc import Callable

import pytest

from tests.support.shells import GUIDE, Ended, Shell

REFUSED = {"result": None, "success": False, "message": "Try later", "errorCode": "iZOO5000"}
NO_DATA = {"result": None, "success": False, "message": "No data", "errorCode": "iZOO2011"}
CASE = "CASE123456"


def _nothing(shell: Shell) -> None:
    shell.emulator.state.clear_faults()


def _gone(shell: Shell) -> None:
    shell.emulator.state.add_fault("envelope", endpoint="CaseDetail", case=CASE, json=NO_DATA)


def _failed_case(shell: Shell) -> None:
    shell.emulator.state.add_fault("envelope", endpoint="CaseDetail", case=CASE, json=REFUSED)


def _gap(shell: Shell) -> None:
    shell.emulator.state.add_fault("status", endpoint="CaseSync", status=403, nth=1)


def _no_window(shell: Shell) -> None:
    shell.emulator.state.add_fault("status", endpoint="CaseSync", status=403, count=None)


def _no_login(shell: Shell) -> None:
    shell.emulator.state.add_fault("status", endpoint="Authenticate", status=403)


OUTCOMES = [
    (_nothing, 0, "complete"), (_gone, 0, "complete"), (_failed_case, 3, "partial"),
    (_gap, 3, "partial"), (_no_window, 1, "failed"), (_no_login, 1, "failed"),
]  # fmt: skip


def _again(shell: Shell, break_it: Callable[[Shell], None], *words: str) -> Ended:
    """Run into a library of its own, with the same fault from its first request on."""
    shell.emulator.state.clear_faults()
    break_it(shell)
    return shell.feed("run", "incident", *GUIDE, *words)


@pytest.mark.parametrize(
    ("break_it", "code", "outcome"), OUTCOMES, ids=[one[0].__name__ for one in OUTCOMES]
)
def test_a_run_ends_with_its_code_and_both_forms_of_its_summary_agree(
    shell: Shell, break_it: Callable[[Shell], None], code: int, outcome: str
) -> None:
    text = _again(shell, break_it, "--library", "text.sqlite")
    data = _again(shell, break_it, "--library", "json.sqlite", "--format", "json")
    assert (text.code, data.code) == (code, code)
    assert data.data["outcome"] == outcome
    assert data.data == _read(text.out) | {"seconds": data.data["seconds"]}
    # all that is no summary goes to standard error, in both forms
    assert text.said == data.said
    assert not data.data["cases"]["listed"] or "window 32 of 32: 2025-07-" in text.err


def _read(text: str) -> dict[str, object]:
    """Return what the JSON form says, read from the text form."""
    head, _, table = text.partition("\n\n")
    feed, outcome = head.splitlines()[0].rsplit(": ", 1)
    # a label takes ten characters
    lines = [(line[2:12].strip(), line[12:]) for line in head.splitlines()[1:]]
    said = dict(lines)
    since, until, done, asked = _match(r"(.+) to (.+) UTC, (\d+) of (\d+) windows", said["range"])
    numbers = {name: [int(n) for n in re.findall(r"\d+", said[name])] for name in (
        "cases", "calls", "messages",
    )}  # fmt: skip
    listed, detailed, skipped, failed = numbers["cases"]
    gaps = [rest for label, rest in lines if label == "gap"]
    missing = [rest.partition(": ") for label, rest in lines if label == "missing"]
    return {
        "feed": feed,
        "outcome": outcome,
        "since": since,
        "until": until,
        "windows": {"asked": int(asked), "done": int(done)},
        "gaps": [
            dict(zip(("since", "until"), _match("(.+) to (.+) UTC", one), strict=True))
            for one in gaps
        ],
        "cases": {
            "listed": listed, "detailed": detailed, "skipped": skipped, "failed": failed,
            "retried": 0, "deferred": said["deferred"].split(", ") if "deferred" in said else [],
            "abandoned": [],
        },
        "missing": [
            {"part": None, "cases": cases.split(", "), "abandoned": False, "reason": reason}
            for cases, _, reason in missing
        ],
        "left_out": [],
        "warnings": numbers["messages"][0],
        "failures": numbers["messages"][1],
        "calls": dict(zip(("requests", "retries", "logins"), numbers["calls"], strict=True)),
        "objects": _objects(table),
        "error": said.get("error"),
    }  # fmt: skip


def _match(pattern: str, text: str) -> tuple[str, ...]:
    found = re.fullmatch(pattern, text)
    assert found, text
    return found.groups()


def _objects(table: str) -> dict[str, dict[str, dict[str, int]]]:
    """Return the counts of the table by object code; a row that is not there is all zeros."""
    columns = ("created", "updated", "unchanged")
    objects: dict[str, dict[str, dict[str, int]]] = {}
    for line in table.splitlines()[1:]:
        name, *numbers = re.split(r" {2,}", line.strip())
        counts = dict(zip(columns, map(int, numbers), strict=True))
        code = name.removesuffix(" Attributes").removesuffix("s").lower()
        empty = {kind: dict.fromkeys(columns, 0) for kind in ("objects", "attributes")}
        kind = "attributes" if name.endswith("Attributes") else "objects"
        objects.setdefault(code, empty)[kind] = counts
    return objects


def test_a_case_that_is_gone_is_warned_of_counted_as_skipped_and_not_retried(shell: Shell) -> None:
    ended = _again(shell, _gone, "--format", "json")
    assert ended.data["cases"]["skipped"] == 1
    assert ended.data["cases"]["deferred"] == []
    assert any(f"warning: case {CASE}: " in line for line in ended.said)
    asked = [one for one in shell.emulator.requests if one.query.get("caseid") == CASE]
    assert len(asked) == 1


@pytest.mark.parametrize("code", [0, 3])
def test_what_succeeded_is_in_the_library_whatever_the_outcome(shell: Shell, code: int) -> None:
    assert _again(shell, _failed_case if code else _nothing).code == code
    cases = {one["value"] for one in shell.export() if one["type"] == "incident"}
    assert (CASE in cases) is not bool(code)
    assert len(cases) == (4 if code else 5)


def test_a_failed_run_leaves_an_empty_library(shell: Shell) -> None:
    assert _again(shell, _no_login).code == 1
    assert shell("library", "export", "izoologic.sqlite").out == '{"objects": []}\n'


def test_a_second_run_changes_nothing(shell: Shell) -> None:
    assert shell.feed("run", "incident", *GUIDE).code == 0
    before = shell("library", "export", "izoologic.sqlite").out
    ended = shell.feed("run", "incident", *GUIDE, "--format", "json")
    assert ended.code == 0
    for counts in ended.data["objects"].values():
        for kind in counts.values():
            assert kind["created"] == kind["updated"] == 0
    assert shell("library", "export", "izoologic.sqlite").out == before


ODD = [
    (("walk",), "invalid choice: 'walk'"),
    (("--bogus",), "COMMAND"),
    (("fields", "incident", "--bogus"), "unrecognized arguments: --bogus"),
    (("run",), "FEED, --since"),
    (("run", "incident"), "--since"),
    (("run", "incident", "dlr", "--since", "1d"), "unrecognized arguments: dlr"),
    (("run", "incident", "--since"), "expected one argument"),
    (("run", "incident", "--since", "1d", "--format", "xml"), "invalid choice: 'xml'"),
    *((("run", "incident", "--since", "1d", f"--in-flight={n}"), "from 1 to 256")
      for n in ("0", "-1", "1.5", "", " 1", "²", "many")),
    *((("run", "incident", "--since", "1d", f"--requests-per-second={n}"), "from 0.001 to 1000")
      for n in ("0", "-1", "nan", "inf", "-inf", "1e-300", "", "fast")),
    *((("emulator", f"--port={n}"), "expected an integer from 0 to 65535")
      for n in ("-1", "65536", "99999", "http", "", "1e3")),
    *((("emulator", "--scenario", name), "scenario") for name in
      ("", ".", "nothing", "nothing.json", "tenant.yaml", "generated:x", "generated:-1")),
    (("library",), "ACTION"),
    (("library", "show"), "there is no library at izoologic.sqlite"),
    (("library", "import", "x"), "invalid choice: 'import'"),
    (("lint", "nothing.yaml"), "nothing.yaml"),
    (("lint", "a" * 300), "name too long"),
    (("lint", "."), "'.'"),
    (("build", "--output", "tenant.yaml"), "tenant.yaml"),
    (("build", "--output", "a" * 300), "name too long"),
    (("diff", "nothing.yaml", "nothing.yaml"), "nothing.yaml"),
    (("diff", "tenant.yaml", "."), "tenant.yaml"),
    (("windows", "--since", "1h", "--until", "2h"), "--since must be before --until"),
    (("windows", "--since", "999999d"), "before 2000"),
    (("sync", "incident", "--since", "2100-01-01"), "--since must be in the past"),
    (("retry", "incident", "b", "a"), "not deferred: a, b; deferred: none"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "told"), ODD)
def test_what_cannot_be_done_makes_2_and_says_why_on_standard_error_alone(
    shell: Shell, words: tuple[str, ...], told: str
) -> None:
    shell.config()
    feeds = words[:1] in (("run",), ("sync",), ("retry",))
    ended = (shell.feed if feeds else shell)(*words)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("path", ["nothing.zip", "tenant.yaml", "a" * 300])
def test_a_bundle_that_is_none_makes_1_and_is_named(shell: Shell, path: str) -> None:
    shell.config()
    ended = shell("verify", path)
    assert ended.code == 1
    assert f"{path}: this is not a bundle" in ended.out


def test_a_port_that_is_taken_is_a_usage_error(shell: Shell) -> None:
    ended = shell("emulator", "--port", str(shell.emulator.port))
    assert (ended.code, ended.out) == (2, "")
    assert "choose another port, or 0 for a free one" in ended.err
