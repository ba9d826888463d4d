"""What install.sh does when nothing is wrong."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.platforms import installation

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.platforms import FakePlatform

SHELLS = ["sh", "dash", "bash --posix", "busybox sh"]
BOTH_FILES = ("account.json", "images/account.svg")


def test_the_steps_happen_in_their_order_and_nothing_else_does(platform: FakePlatform) -> None:
    result = platform.run()
    assert (result.status, result.err) == (0, "")
    assert platform.calls() == installation(platform)
    assert not platform.in_maintenance


@pytest.mark.parametrize("shell", SHELLS)
def test_any_posix_shell_runs_it(platform: FakePlatform, shell: str) -> None:
    program, *options = shell.split()
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    result = platform.run(platform.command(" ".join([path, *options])))
    assert (result.status, result.err) == (0, "")
    assert platform.calls() == installation(platform)


def test_the_files_arrive_unchanged_and_readable_by_all(platform: FakePlatform) -> None:
    for name in BOTH_FILES:
        (platform.bundle / name).chmod(0o600)
    assert platform.run().status == 0
    targets = (platform.json_target, platform.icon_target)
    for name, target in zip(BOTH_FILES, targets, strict=True):
        assert target.read_bytes() == (platform.bundle / name).read_bytes()
        assert target.stat().st_mode & 0o777 == 0o644


def test_missing_target_folders_are_made(platform: FakePlatform) -> None:
    platform.json_target.parent.rmdir()
    shutil.rmtree(platform.seeds / "icons")
    assert platform.run().status == 0
    assert platform.icon_target.is_file()


@pytest.mark.parametrize("place", [".", "else where"])
def test_it_runs_from_any_folder_and_by_a_relative_path(
    platform: FakePlatform, tmp_path: Path, place: str
) -> None:
    here = tmp_path / place
    here.mkdir(exist_ok=True)
    before = set(here.iterdir())
    command = ["sh", os.path.relpath(platform.bundle / "install.sh", here)]
    if platform.version == 6:
        command.append(os.path.relpath(platform.bundle, here))
    # with CDPATH, cd says where it went, which must not become part of a path
    result = platform.run(command, cwd=here, env=platform.environment(CDPATH=str(tmp_path)))
    assert result.status == 0
    assert platform.calls() == installation(platform)
    assert set(here.iterdir()) - before <= {platform.root / "calls"}


def test_a_second_run_repeats_all_steps_and_succeeds(platform: FakePlatform) -> None:
    assert [platform.run().status, platform.run().status] == [0, 0]
    assert platform.calls() == installation(platform) * 2


@pytest.mark.parametrize(
    "words",
    [
        "Object set account already exists.",
        "Already exists",
        "SQLSTATE[23000]: 1062 Duplicate entry 'account' for key 'code'",
    ],
)
def test_an_object_that_is_there_already_is_kept_and_the_words_of_the_tool_are_told(
    platform: FakePlatform, words: str
) -> None:
    platform.on("artisan threatq:make-object-set", f'echo "{words}" >&2; exit 1')
    result = platform.run()
    assert result.status == 0
    assert words in result.out
    assert "The object is there already: kept." in result.out
    assert platform.calls() == installation(platform)


@pytest.mark.parametrize(("old", "told"), [("[]", True), (None, False)])
def test_a_different_definition_on_the_platform_is_replaced_and_that_is_told(
    platform: FakePlatform, old: str | None, told: bool
) -> None:
    ours = (platform.bundle / "account.json").read_text()
    platform.json_target.write_text(old if old is not None else ours)
    result = platform.run()
    assert result.status == 0
    assert ("from another bundle or version: replaced" in result.out) is told
    assert platform.json_target.read_text() == ours


@pytest.mark.parametrize("executable", [True, False])
def test_an_artisan_that_is_not_executable_is_run_by_php(
    platform: FakePlatform, executable: bool
) -> None:
    platform.stub(platform.bin / "php", 'exec sh "$@"')
    if not executable:
        platform.artisan.chmod(0o644)
    assert platform.run().status == 0
    assert ("php" in {call[0] for call in platform.calls()}) is not executable
    assert [call for call in platform.calls() if call[0] != "php"] == installation(platform)


def test_artisan_cannot_wait_for_an_answer_that_nobody_is_asked_for(platform: FakePlatform) -> None:
    platform.on("artisan cache:clear", "cat; echo nothing to read")
    result = platform.run()
    assert result.status == 0
    assert "nothing to read" in result.out
    assert "keyboard" not in result.out


def test_the_log_holds_what_the_screen_showed_of_every_run(platform: FakePlatform) -> None:
    platform.on("artisan cache:clear", "echo Cache cleared; echo 50% done, really")
    screens = [platform.run().out, platform.run().out]
    assert "    Cache cleared\n    50% done, really\n" in screens[0]
    assert platform.log.read_text() == "".join(screens)
    assert all(screen.endswith(f"Log: {platform.log}\n") for screen in screens)


def test_without_room_beside_the_files_the_log_is_a_temporary_file(
    platform: FakePlatform, tmp_path: Path
) -> None:
    platform.log.mkdir()
    result = platform.run()
    assert result.status == 0
    (log,) = (tmp_path / "tmp").iterdir()
    assert log.read_text() == result.out
    assert f"Log: {log}" in result.out


def test_without_any_log_it_says_so_and_installs(platform: FakePlatform, tmp_path: Path) -> None:
    platform.log.mkdir()
    result = platform.run(env=platform.environment(TMPDIR=str(tmp_path / "nowhere")))
    assert result.status == 0
    assert "There is no log" in result.err
    assert platform.calls() == installation(platform)


@pytest.mark.parametrize("answer", ["unit unknown", "no systemctl"])
def test_without_a_dynamo_unit_nothing_is_restarted_and_that_is_told(
    v5: FakePlatform, answer: str
) -> None:
    if answer == "no systemctl":
        (v5.bin / "systemctl").unlink()
    else:
        v5.on("systemctl cat", "echo No files found >&2; exit 1")
    result = v5.run()
    assert (result.status, result.err) == (0, "")
    assert "No service threatq-dynamo here" in result.out
    assert "systemctl restart" not in v5.steps()


def test_an_overridden_seed_folder_and_unit_are_used(v5: FakePlatform, tmp_path: Path) -> None:
    seeds = tmp_path / "seed ers"
    seeds.mkdir()
    env = v5.environment(THREATQ_SEEDS_DIR=str(seeds), THREATQ_DYNAMO_UNIT="dynamo-2")
    assert v5.run(env=env).status == 0
    assert (seeds / "custom_objects" / "account.json").is_file()
    assert (seeds / "icons" / "images" / "custom_objects" / "account.svg").is_file()
    assert v5.calls()[-1] == ["systemctl", "restart", "dynamo-2"]


def test_help_is_printed_and_nothing_else_happens(platform: FakePlatform) -> None:
    result = platform.run(["sh", str(platform.bundle / "install.sh"), "--help"])
    assert (result.status, result.err) == (0, "")
    assert "sudo ./install.sh" in result.out
    assert platform.calls() == []
