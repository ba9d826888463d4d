"""The command lines of run, backfill, sync, retry and windows, end to end over the emulator."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.cli.main import main
from izoologic_cdf.emulator import Emulator, Scenario
from izoologic_cdf.runtime.windows import DAY
from tests.support.signals import heeded

REFUSED = {"result": None, "success": False, "message": "Try later", "errorCode": "iZOO5000"}


@dataclass
class Shell:
    """A folder with a configuration, and an emulator that follows real time."""

    emulator: Emulator
    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def library(self) -> Path:
        return self.folder / "library.sqlite"

    def arguments(self, *words: str) -> list[str]:
        config = self.folder / "config.yaml"
        config.write_text(
            f"api_host: {self.emulator.url}\napi_key: {self.emulator.api_key}\n"
            f"api_secret: {self.emulator.secret_key}\n"
        )
        config.chmod(0o600)
        return [*words, "--library", str(self.library), "--config", str(config)]

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Return exit code, standard output and standard error of a command."""
        return self.plain(*self.arguments(*words))

    def plain(self, *words: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        code = main(words)
        written = self.capsys.readouterr()
        return code, written.out, written.err

    def summary(self, *words: str) -> dict[str, Any]:
        _, out, _ = self(*words, "--format", "json")
        found: dict[str, Any] = json.loads(out)
        return found

    def cases(self) -> set[str]:
        _, out, _ = self.plain("library", "export", str(self.library))
        return {one["value"] for one in json.loads(out)["objects"] if one["type"] == "incident"}


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    with Emulator(Scenario(name="live"), strict=True) as emulator:
        yield emulator


@pytest.fixture
def shell(
    live: Emulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    live.state.reset()
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("IZOOLOGIC_"):
            monkeypatch.delenv(name)
    for number in range(3):
        when = int(time.time()) - 3_600 - number * 20 * DAY
        live.state.put_case(f"caSe0000{number}", {"url": "https://example.com"}, when)
    return Shell(live, tmp_path, capsys)


def break_case(shell: Shell, case: str = "caSe00001", count: int | None = 1) -> None:
    shell.emulator.state.add_fault(
        "envelope", endpoint="CaseDetail", case=case, json=REFUSED, count=count
    )


def test_a_run_tells_its_windows_on_standard_error_and_its_summary_on_standard_output(
    shell: Shell,
) -> None:
    code, out, err = shell("run", "incident", "--since", "50d")
    assert code == 0
    assert out.startswith("iZoologic Incident Case Sync: complete\n")
    assert "3 listed, 3 detailed, 0 skipped, 0 failed" in out
    assert "window 1 of 2: " in err
    assert "window 2 of 2: " in err
    assert "window" not in out.splitlines()[0]
    assert shell.cases() == {"caSe00000", "caSe00001", "caSe00002"}


@pytest.mark.parametrize("command", ["run", "backfill", "sync"])
def test_the_summary_as_json_is_one_document_alone_on_standard_output(
    shell: Shell, command: str
) -> None:
    found = shell.summary(command, "incident", "--since", "50d")
    assert found["outcome"] == "complete"
    assert found["windows"] == {"asked": 2, "done": 2}
    assert found["cases"] == {
        "listed": 3,
        "detailed": 3,
        "skipped": 0,
        "failed": 0,
        "retried": 0,
        "deferred": [],
        "abandoned": [],
    }
    assert found["gaps"] == []
    assert found["error"] is None


def test_a_failed_case_makes_3_and_is_named_with_endpoint_case_and_reason(shell: Shell) -> None:
    break_case(shell)
    code, out, err = shell("run", "incident", "--since", "50d")
    assert code == 3
    assert "  deferred  caSe00001\n" in out
    assert "failure: case caSe00001: the API refused the request (iZOO5000: Try later)\n" in err
    assert shell("sync", "incident")[0] == 0
    assert shell.cases() == {"caSe00000", "caSe00001", "caSe00002"}


def test_wrong_keys_make_1_and_a_hint(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IZOOLOGIC_API_SECRET", "wrong-secret")
    code, out, err = shell("sync", "incident")
    assert code == 1
    assert "error     the login failed: " in out
    assert "error: the login failed: the API refused the request (iZOO9001" in err
    assert "wrong-secret" not in out + err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "incident"), "--since"),
        (("backfill", "incident"), "--since"),
        (("run", "incident", "--since", "yesterday"), "'yesterday' is not a time"),
        (("run", "incident", "--since", "2025-02-01", "--until", "2025-01-01"), "not before"),
        (("run", "nothing", "--since", "1d"), "nothing"),
        (("sync", "incident", "--since", "now"), "--since must be in the past"),
        (("sync", "incident", "--in-flight", "0"), "expected an integer from 1 to 256"),
        (("sync", "incident", "--requests-per-second", "0"), "expected a number from 0.001"),
        (("retry", "incident", "caSe0none"), "not deferred: caSe0none"),
        (("windows",), "--since"),
    ],
)
def test_what_cannot_be_done_makes_2_and_says_why(
    shell: Shell, words: tuple[str, ...], told: str
) -> None:
    arguments = words if words[0] == "windows" else shell.arguments(*words)
    try:
        code, _, err = shell.plain(*arguments)
    except SystemExit as left:
        # argparse ends the process itself
        code, err = int(str(left.code)), shell.capsys.readouterr().err
    assert code == 2
    assert told in err
    assert "Traceback" not in err


def test_without_keys_and_terminal_the_places_that_were_looked_at_are_named(shell: Shell) -> None:
    code, _, err = shell.plain("sync", "incident", "--set", f"api_host={shell.emulator.url}")
    assert code == 2
    assert err == (
        "izoologic-cdf: API Key (api_key) is missing; looked in: no --config given, "
        "IZOOLOGIC_API_KEY of the environment, no terminal for a prompt\n"
    )


def test_a_backfill_resumes_into_its_gaps_and_a_second_one_asks_nothing(shell: Shell) -> None:
    shell.emulator.state.add_fault("status", endpoint="CaseSync", status=403, nth=1)
    code, out, err = shell("backfill", "incident", "--since", "50d")
    assert code == 3
    assert "failure: nothing was read for " in err
    assert "  gap       " in out
    assert shell("backfill", "incident", "--since", "50d", "--until", "1d")[0] == 0
    assert shell.cases() == {"caSe00000", "caSe00001", "caSe00002"}
    found = shell.summary("backfill", "incident", "--since", "49d", "--until", "1d")
    assert (found["outcome"], found["windows"]["asked"]) == ("complete", 0)
    assert found["calls"]["requests"] == 0


def test_syncs_go_on_where_the_last_one_finished(shell: Shell) -> None:
    assert shell("sync", "incident", "--since", "50d")[0] == 0
    shell.emulator.state.put_case("caSe00009", {"url": "https://example.com"})
    found = shell.summary("sync", "incident")
    assert (found["windows"], found["cases"]["listed"]) == ({"asked": 1, "done": 1}, 1)
    assert "caSe00009" in shell.cases()


def test_an_abandoned_case_is_done_again_by_retry(shell: Shell) -> None:
    break_case(shell, count=5)
    for _ in range(5):
        code, out, err = shell("run", "incident", "--since", "50d")
        assert code == 3
    assert "  abandoned caSe00001\n" in out
    assert "is abandoned; a retry requests it again: the API refused the request" in err
    assert shell("sync", "incident")[0] == 0
    assert "caSe00001" not in shell.cases()
    code, out, _ = shell("retry", "incident", "caSe00001")
    assert (code, "abandoned" in out) == (0, False)
    assert "caSe00001" in shell.cases()


def test_a_retry_of_nothing_is_complete(shell: Shell) -> None:
    found = shell.summary("retry", "incident")
    assert (found["outcome"], found["calls"]["requests"]) == ("complete", 0)


def test_windows_prints_runs_that_cover_the_range_once(shell: Shell) -> None:
    code, out, _ = shell.plain(
        "windows", "--since", "2025-01-01T12:00:00Z", "--until", "2025-04-01"
    )
    assert code == 0
    assert out.splitlines() == [
        "2025-01-01 12:00:00  2025-01-30 23:59:59",
        "2025-01-31 00:00:00  2025-03-01 23:59:59",
        "2025-03-02 00:00:00  2025-03-31 23:59:59",
        "2025-04-01 00:00:00  2025-04-01 00:00:00",
    ]


def test_a_future_end_is_said_and_becomes_now(shell: Shell) -> None:
    code, _, err = shell("run", "incident", "--since", "50d", "--until", "2100-01-01")
    assert code == 0
    assert "--until is in the future; using now" in err


def test_a_process_of_its_own_works_the_same_way(shell: Shell) -> None:
    words = shell.arguments("sync", "incident", "--since", "50d")
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "izoologic_cdf.cli.main", *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("iZoologic Incident Case Sync: complete\n")
    assert "window 1 of 2" in done.stderr
    assert len(shell.cases()) == 3


def test_an_interrupt_makes_130_and_the_next_run_goes_on(shell: Shell) -> None:
    # the newest case never answers; the two before it are done by then
    fault = shell.emulator.state.add_fault("hang", endpoint="CaseDetail", case="caSe00000")
    words = shell.arguments("backfill", "incident", "--since", "50d", "--format", "json")
    with heeded():
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "izoologic_cdf.cli.main", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    for _ in range(400):
        if fault.applied and len(shell.cases()) == 2:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert json.loads(out)["outcome"] == "interrupted"
    assert "Traceback" not in err
    assert shell.cases() == {"caSe00001", "caSe00002"}
    found = shell.summary("backfill", "incident", "--since", "50d")
    assert found["outcome"] == "complete"
    assert shell.cases() == {"caSe00000", "caSe00001", "caSe00002"}


def test_the_first_sync_says_where_it_begins_and_which_other_tenants_the_library_knows(
    shell: Shell,
) -> None:
    _, _, err = shell("sync", "incident", "--since", "50d")
    assert "the first sync begins at " in err
    assert "other tenants" not in err
    _, _, err = shell("sync", "incident")
    assert "first sync" not in err
    _, _, err = shell("sync", "incident", "--tenant", "Example")
    assert "the library has other tenants of this feed: 127.0.0.1:" in err
