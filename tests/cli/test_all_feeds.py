"""`all` in place of a feed: both, one after the other, and neither stops the other."""

import json
from typing import Any

import pytest

from tests.support.shells import GUIDE, NEWEST, Ended, Shell

INCIDENT, DLR = "iZoologic Incident Case Sync", "iZoologic DLR Case Sync"
LISTS = {"CaseSync": INCIDENT, "DLRSyncedCases": DLR}


def outcomes(ended: Ended) -> dict[str, str]:
    """Return the outcome by feed of the JSON form."""
    data: list[dict[str, Any]] = json.loads(ended.out)
    return {one["feed"]: one["outcome"] for one in data}


def test_both_feeds_run_into_one_library(shell: Shell, guide_library: bytes) -> None:
    ended = shell.feed("run", "all", *GUIDE)
    assert ended.code == 0
    assert ended.out.startswith(f"{INCIDENT}: complete\n")
    assert f"\n\n{DLR}: complete\n" in ended.out
    (shell.folder / "one_by_one.sqlite").write_bytes(guide_library)
    assert shell.export() == shell.export("one_by_one.sqlite")


@pytest.mark.parametrize("command", [["sync"], ["backfill", *NEWEST], ["retry"]])
def test_every_command_that_runs_feeds_takes_all(shell: Shell, command: list[str]) -> None:
    ended = shell.feed(command[0], "all", *command[1:], "--format", "json")
    assert (ended.code, outcomes(ended)) == (0, {INCIDENT: "complete", DLR: "complete"})


@pytest.mark.parametrize("endpoint", LISTS)
def test_a_feed_that_fails_does_not_stop_the_other(shell: Shell, endpoint: str) -> None:
    shell.emulator.state.add_fault("status", endpoint=endpoint, status=403, count=None)
    ended = shell.feed("run", "all", *NEWEST, "--format", "json")
    expected = {INCIDENT: "complete", DLR: "complete", LISTS[endpoint]: "failed"}
    assert (ended.code, outcomes(ended)) == (1, expected)


def test_the_exit_code_is_the_worst(shell: Shell) -> None:
    shell.emulator.state.add_fault("status", endpoint="DownloadCaseFile", status=403, count=None)
    assert shell.feed("run", "all", *NEWEST).code == 3
    shell.emulator.state.add_fault("status", endpoint="DLRSyncedCases", status=403, count=None)
    assert shell.feed("run", "all", *NEWEST).code == 1


def test_a_feed_that_cannot_be_configured_does_not_stop_the_other(shell: Shell) -> None:
    # a field of both in the environment, one of them only for the other feed
    ended = shell.feed(
        "run", "all", *NEWEST, "--set", "ingest_as_event=perhaps", "--format", "json"
    )
    assert ended.code == 2
    assert outcomes(ended) == {DLR: "complete"}
    assert f"izoologic-cdf: {INCIDENT}: --set: ingest_as_event takes yes or no" in ended.err


def test_a_quiet_run_of_all_says_nothing(shell: Shell) -> None:
    assert shell.feed("run", "all", *NEWEST, "--quiet") == Ended(0, "", "")


def test_named_cases_belong_to_one_feed(shell: Shell) -> None:
    ended = shell.feed("retry", "all", "CASE123456")
    assert (ended.code, ended.out) == (2, "")
    assert "a case belongs to one feed" in ended.err


def test_one_push_follows_both(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed: list[str] = []

    def push_after(options: Any) -> int:
        pushed.append(options.library)
        return 3

    monkeypatch.setattr("izoologic_cdf.cli.push_command.push_after", push_after)
    assert shell.feed("sync", "all", "--push", "threatq.yaml").code == 3
    assert pushed == ["izoologic.sqlite"]
