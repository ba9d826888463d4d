"""On a terminal: secrets are asked for and never shown, a bar moves, Ctrl-C ends a run."""

import json
import time

import pytest

from tests.cli.terminal import typed
from tests.support.shells import GUIDE, Shell

# seconds until a person presses Ctrl-C again
PATIENCE = 5
# forking beside threads is what a pseudo-terminal needs; the child only executes the program
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")


def test_missing_fields_are_asked_for_and_secrets_are_not_shown(shell: Shell) -> None:
    seen = typed(
        ["run", "incident", *GUIDE, "--format", "json"],
        shell.folder,
        [
            ("API Hostname: ", shell.emulator.url.encode() + b"\n"),
            ("API Key: ", shell.emulator.api_key.encode() + b"\n"),
            ("API Secret: ", shell.emulator.secret_key.encode() + b"\n"),
        ],
        output="summary.json",
    )
    assert seen.code == 0, seen.text
    assert shell.emulator.url in seen.text
    assert shell.emulator.api_key not in seen.text
    assert shell.emulator.secret_key not in seen.text
    # the prompts do not spoil the summary
    summary = json.loads((shell.folder / "summary.json").read_text())
    assert summary["outcome"] == "complete"
    assert "window 1" not in seen.text
    assert "2023-01-01 (1/32)" in seen.text


@pytest.mark.parametrize(
    ("replies", "code", "told"),
    [
        ([("API Hostname: ", b"\n")], 2, "API Hostname (api_host) is missing"),
        ([("API Hostname: ", b"   \n")], 2, "API Hostname (api_host) is missing"),
        ([("API Hostname: ", b"\x04")], 2, "API Hostname (api_host) is missing"),
        ([("API Hostname: ", b"h\n"), ("API Key: ", b"\x04")], 2, "API Key (api_key) is missing"),
        ([("API Hostname: ", b"h\n"), ("API Key: ", b"\x03")], 130, "interrupted"),
    ],
)
def test_no_answer_is_told_and_starts_nothing(
    shell: Shell, replies: list[tuple[str, bytes]], code: int, told: str
) -> None:
    seen = typed(["run", "incident", *GUIDE], shell.folder, replies)
    assert (seen.code, "Traceback" in seen.text) == (code, False)
    assert told in seen.text
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize("command", ["run", "backfill"])
def test_an_interrupt_makes_130_keeps_what_is_done_and_the_next_run_completes_it(
    shell: Shell, command: str
) -> None:
    words = [command, "incident", *GUIDE, "--config", shell.config()]
    # one case of the last window never answers; those before it are done by then
    fault = shell.emulator.state.add_fault("hang", endpoint="CaseDetail", case="gz3kEgBWO")
    pressed = [0.0]

    def press() -> bytes:
        # again after a while: Python can miss a signal that comes just before a wait
        if not fault.applied or time.monotonic() < pressed[-1] + PATIENCE:
            return b""
        pressed.append(time.monotonic())
        return b"\x03"

    seen = typed(words, shell.folder, [], meanwhile=press)
    assert (seen.code, "Traceback" in seen.text) == (130, False), seen.text
    assert "iZoologic Incident Case Sync: interrupted" in seen.text
    done = {one["value"] for one in shell.export() if one["type"] == "incident"}
    assert {"CASE123456", "CASE123457", "CASE123458"} <= done
    assert "gz3kEgBWO" not in done
    shell.emulator.state.clear_faults()
    assert shell(*words).code == 0
    done = {one["value"] for one in shell.export() if one["type"] == "incident"}
    assert "gz3kEgBWO" in done
    assert len(done) == 5


def test_the_emulator_tells_its_address_and_stops_at_an_interrupt(shell: Shell) -> None:
    stop = "Stop it with Ctrl-C."
    seen = typed(["emulator", "--scenario", "generated:3"], shell.folder, [(stop, b"\x03")])
    assert (seen.code, "Traceback" in seen.text) == (0, False)
    for label in ("API Hostname  http://127.0.0.1:", "API Key", "API Secret"):
        assert label in seen.text
