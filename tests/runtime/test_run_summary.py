"""The summary of a run: how it ended, what a script reads, what a person reads."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from izoologic_cdf.library.objects import Count, Counts
from izoologic_cdf.runtime.summary import Missing, Summary, plural
from izoologic_cdf.runtime.windows import Window

DAY = 86_400
NAMES = {"account": "Compromised Account"}


def summary(**changes: Any) -> Summary:
    return Summary("Feed", 0, DAY - 1, **{"windows": 2, "windows_done": 2, **changes})


@pytest.mark.parametrize(
    ("changes", "outcome", "code"),
    [
        ({}, "complete", 0),
        ({"windows": 0, "windows_done": 0}, "complete", 0),
        ({"skipped": 3, "warnings": 3}, "complete", 0),
        ({"failed": 1}, "partial", 3),
        ({"failures": 1}, "partial", 3),
        ({"deferred": ["a"]}, "partial", 3),
        ({"abandoned": ["a"], "missing": [Missing(None, "broken", True, ["a"])]}, "complete", 0),
        ({"missing": [Missing("notes", "broken", True, ["a"])]}, "complete", 0),
        ({"missing": [Missing("notes", "403", False, ["a"])]}, "partial", 3),
        ({"left_out": ["notes"]}, "complete", 0),
        ({"gaps": [Window(0, 5)], "windows_done": 1}, "partial", 3),
        ({"windows_done": 0, "gaps": [Window(0, 5)]}, "failed", 1),
        ({"error": "no login"}, "failed", 1),
        ({"error": "no login", "windows_done": 0}, "failed", 1),
        ({"interrupted": True}, "interrupted", 130),
        ({"interrupted": True, "error": "no login", "failed": 1}, "interrupted", 130),
    ],
)
def test_a_run_ends_as_one_of_four(changes: dict[str, Any], outcome: str, code: int) -> None:
    assert (summary(**changes).outcome, summary(**changes).exit_code) == (outcome, code)


def busy() -> Summary:
    made = summary(
        windows=3, windows_done=2, gaps=[Window(0, 3599)], listed=1234, detailed=1200, skipped=30,
        failed=4, retried=2, warnings=5, failures=6, requests=4321, retries=7, logins=2,
        seconds=83.456, left_out=["files"],
        missing=[Missing(None, "GET /case: 503", False, ["case-00", "case-01"]),
                 Missing("notes", "GET /notes: 403", False, ["a", "b", "c", "d"]),
                 Missing("files", "it is no PNG", True, ["e"])],
        deferred=[f"case-{n:02}" for n in range(12)], abandoned=["case-99"],
    )  # fmt: skip
    made.ingested.counts = {
        "incident": Counts(Count(1200, 3, 4), Count(56_789, 1, 0)),
        "account": Counts(Count(1, 0, 0), Count(0, 0, 9)),
        "identity": Counts(Count(0, 0, 2), Count(0, 0, 0)),
        "asset_group": Counts(Count(1, 0, 0), Count(0, 2, 0)),
        "note": Counts(),
    }
    return made


def test_the_text_for_people(golden: Callable[[str, str], None]) -> None:
    golden("summary.txt", busy().as_text(NAMES) + "\n")
    failed = summary(error="the login failed: GET /x: no connection", windows_done=0)
    golden("summary_failed.txt", failed.as_text() + "\n")


def test_the_document_for_scripts(golden: Callable[[str, str], None]) -> None:
    golden("summary.json", busy().as_json() + "\n")
    assert json.loads(busy().as_json()) == busy().as_data()


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("incident", "Incidents"),
        ("account", "Compromised Accounts"),
        ("identity", "Identities"),
        ("asset_group", "Asset Groups"),
    ],
)
def test_a_code_is_shown_by_the_name_that_people_know(code: str, name: str) -> None:
    assert plural(code, NAMES) == name
