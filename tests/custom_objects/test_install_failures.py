"""What install.sh does when a step fails or somebody stops it: maintenance mode is always left."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.platforms import FakePlatform

# each step in its order, with what the person is told when it fails
STEPS = {
    "artisan down": "Maintenance mode was refused.",
    "rm -f": "The files could not be copied.",
    "artisan threatq:make-object-set": "The object could not be created.",
    "artisan threatq:object-settings": "The icon could not be set.",
    "artisan cache:clear": "The cache could not be cleared.",
    "artisan threatq:update-permissions": "The permissions could not be updated.",
}
SHOUT = "THE PLATFORM MAY STILL BE IN MAINTENANCE MODE"


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_ends_the_run_and_leaves_maintenance_mode(
    platform: FakePlatform, step: str
) -> None:
    platform.on(step, "echo no such luck >&2; exit 9")
    result = platform.run()
    assert result.status == 1
    done = platform.steps()
    assert done[done.index(step) :] == [step, "artisan up"]
    assert not platform.in_maintenance
    for words in (STEPS[step], "FAILED: the installation is not complete"):
        assert words in result.err
    assert "    no such luck\n" in result.out
    assert SHOUT not in result.err
    for line in (result.out + result.err).splitlines():
        assert line in platform.log.read_text().splitlines()


def test_maintenance_mode_switched_on_by_a_call_that_fails_is_left(platform: FakePlatform) -> None:
    platform.on("artisan down", f': >"{platform.root}/down"; exit 9')
    assert platform.run().status == 1
    assert platform.steps() == ["artisan down", "artisan up"]
    assert not platform.in_maintenance


def test_a_failure_can_be_repaired_by_a_second_run(platform: FakePlatform) -> None:
    platform.on("artisan cache:clear", "exit 9")
    assert platform.run().status == 1
    platform.on("artisan cache:clear", "")
    assert platform.run().status == 0


def test_leaving_maintenance_mode_is_tried_twice(platform: FakePlatform) -> None:
    platform.on(
        "artisan up",
        f'tried="{platform.root}/tried"; [ -f "$tried" ] || {{ : >"$tried"; exit 9; }}',
    )
    result = platform.run()
    assert result.status == 1
    assert platform.steps()[-2:] == ["artisan up", "artisan up"]
    assert not platform.in_maintenance
    assert SHOUT not in result.err


@pytest.mark.parametrize("also", ["artisan cache:clear", "artisan up"])
def test_a_maintenance_mode_that_cannot_be_left_is_shouted_with_the_command_to_run(
    platform: FakePlatform, also: str
) -> None:
    platform.on(also, "exit 9")
    platform.on("artisan up", "exit 9")
    result = platform.run()
    assert result.status == 1
    assert platform.in_maintenance
    assert SHOUT in result.err
    assert f'"{platform.artisan}" up ' in result.err
    assert SHOUT in platform.log.read_text()


def test_a_dynamo_that_does_not_restart_is_told_with_the_command_to_run(v5: FakePlatform) -> None:
    v5.on("systemctl restart", "echo job failed >&2; exit 9")
    result = v5.run()
    assert result.status == 1
    assert not v5.in_maintenance
    assert v5.steps()[-2:] == ["artisan up", "systemctl restart"]
    assert "threatq-dynamo did not restart" in result.err
    assert "    systemctl restart threatq-dynamo\n" in result.err
    assert "Nothing was changed" not in result.err


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("to", ["the script alone", "all its processes"])
@pytest.mark.parametrize("step", ["artisan down", "artisan cache:clear", "artisan up"])
def test_a_signal_in_the_middle_leaves_maintenance_mode(
    platform: FakePlatform, number: signal.Signals, to: str, step: str
) -> None:
    reached, go_on = platform.root / "reached", platform.root / "go on"
    # only the first call waits, so that the way out finds an artisan that answers
    wait = f'while [ ! -f "{go_on}" ]; do sleep 0.02; done'
    platform.on(step, f'[ -f "{reached}" ] || {{ : >"{reached}"; {wait}; }}')
    with platform.running(subprocess.DEVNULL) as process:
        platform.wait_for("reached")
        if to == "all its processes":
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
            go_on.touch()
        status = process.wait(20)
    assert status == 128 + number
    assert platform.steps()[-1] == "artisan up"
    assert not platform.in_maintenance
    assert f"Interrupted ({number.name})." in platform.log.read_text()


def test_a_second_signal_does_not_stop_the_way_out(platform: FakePlatform) -> None:
    leaving, go_on = platform.root / "leaving", platform.root / "go on"
    platform.on("artisan cache:clear", "exit 9")
    wait = f'while [ ! -f "{go_on}" ]; do sleep 0.02; done'
    platform.on("artisan up", f': >"{leaving}"; {wait}')
    with platform.running(subprocess.DEVNULL) as process:
        platform.wait_for("leaving")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.killpg(process.pid, number)
        go_on.touch()
        assert process.wait(20) == 1
    assert not platform.in_maintenance


def test_a_terminal_that_goes_away_does_not_stop_the_installation(platform: FakePlatform) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        with platform.running(write) as process:
            assert process.wait(20) == 0
    finally:
        os.close(write)
    assert not platform.in_maintenance
    assert "Compromised Account is installed." in platform.log.read_text()
