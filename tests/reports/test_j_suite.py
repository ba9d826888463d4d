"""J: the tests themselves: one that hangs ends, and none depends on how they were started."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
HANGS = "import time\n\ndef test_it() -> None:\n    time.sleep(60)\n"
# one test of each place that sends signals to a process of its own
SIGNALLED = {
    "cli/test_terminal.py": "test_an_interrupt_makes_130_keeps_what_is_done_and_the_next_run_"
    "completes_it",
    "state/test_commands.py": "test_an_interrupt_makes_130_and_the_next_run_goes_on",
    "emulator/test_server.py": "test_serving_by_hand_prints_address_and_keys_and_ends_on_a_signal",
    "push/test_push_command.py": "test_a_push_that_is_ended_can_be_repeated[2]",
    "custom_objects/test_install_failures.py": "test_a_second_signal_does_not_stop_the_way_out",
}


def _pytest(*words: str, script: str = 'exec "$@"') -> tuple[int, str]:
    """Run pytest as a shell starts it with the project's own configuration."""
    done = subprocess.run(  # noqa: S603 - our own tests
        [
            *("/bin/sh", "-c", script, "sh", sys.executable, "-m", "pytest", "-q"),
            *("-p", "no:cacheprovider", "-c", str(CHECKOUT / "pyproject.toml"), *words),
        ],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout


def test_42_a_test_that_hangs_fails_and_says_where(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    assert 0 < float(pytestconfig.getini("timeout")) <= 600
    (tmp_path / "test_hangs.py").write_text(HANGS)
    code, out = _pytest("-o", "timeout=0.3", str(tmp_path / "test_hangs.py"))
    assert code == 1
    assert "time.sleep(60)" in out
    assert "Timeout" in out


@pytest.mark.parametrize(
    ("target", "said", "runs"),
    [
        ("test", "under four minutes on two free cores", "pytest"),
        ("quick", "under a minute", "not slow"),
    ],
)
def test_2_make_says_how_long_the_tests_take_and_has_a_quick_way(
    target: str, said: str, runs: str
) -> None:
    done = subprocess.run(  # noqa: S603 - our own Makefile
        ["make", "-n", target],  # noqa: S607 - that of the machine
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said in done.stdout
    assert runs in done.stdout


def test_41_what_no_test_can_notice_is_argued_of_code_that_is_there() -> None:
    argued = CHECKOUT / "tests" / "proof" / "argued.yaml"
    for one in yaml.safe_load(argued.read_text(encoding="utf-8")):
        lines = (CHECKOUT / one["module"]).read_text(encoding="utf-8").splitlines()
        assert one["line"] in {line.strip() for line in lines}, one
        assert one["changed"] != one["line"]
        assert one["why"]


@pytest.mark.slow
def test_42_tests_of_signals_pass_where_the_signals_are_ignored() -> None:
    tests = [f"tests/{path}::{name}" for path, name in SIGNALLED.items()]
    code, out = _pytest(*tests, script='trap "" HUP INT TERM; exec "$@"')
    assert code == 0, out
