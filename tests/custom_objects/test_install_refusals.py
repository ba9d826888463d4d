"""What install.sh refuses before anything is touched."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.platforms import assert_untouched, bound_by_permissions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.platforms import FakePlatform


@pytest.mark.parametrize("name", ["account.json", "images/account.svg"])
@pytest.mark.parametrize("state", ["missing", "empty", "a folder"])
def test_a_missing_file_is_named_and_nothing_is_touched(
    platform: FakePlatform, name: str, state: str
) -> None:
    path = platform.bundle / name
    path.unlink()
    if state == "empty":
        path.touch()
    elif state == "a folder":
        path.mkdir()
    result = platform.run()
    assert_untouched(platform, result)
    assert f"{path} is missing, empty or not readable" in result.err


@pytest.mark.parametrize("override", ["THREATQ_API_DIR", "THREATQ_SEEDS_DIR"])
def test_a_platform_that_is_not_there_is_named_with_the_way_out(
    platform: FakePlatform, tmp_path: Path, override: str
) -> None:
    nowhere = tmp_path / "no platform"
    result = platform.run(env=platform.environment(**{override: str(nowhere)}))
    assert_untouched(platform, result)
    assert str(nowhere) in result.err
    assert f"set {override}" in result.err
    assert not nowhere.exists()


def test_the_default_place_of_the_api_is_the_one_of_the_platform(platform: FakePlatform) -> None:
    if os.path.lexists("/var/www/api"):
        pytest.skip("there is a real /var/www/api here")
    result = platform.run(env=platform.environment(THREATQ_API_DIR=""))
    assert_untouched(platform, result)
    assert "/var/www/api/artisan is missing" in result.err
    assert "/var/www/api/database/seeds/data is missing" in result.err


def test_all_problems_are_told_at_once(v5: FakePlatform, tmp_path: Path) -> None:
    v5.stub(v5.bin / "id", "echo 1000", recorded=False)
    for name in ("account.json", "images/account.svg"):
        (v5.bundle / name).unlink()
    result = v5.run(env=v5.environment(THREATQ_API_DIR=str(tmp_path / "nowhere")))
    assert_untouched(v5, result)
    told = [line for line in result.err.splitlines() if line.startswith("- ")]
    things = ["Root", "account.json", "account.svg", "nowhere/artisan", "nowhere/database/seeds"]
    for thing, line in zip(things, told, strict=True):
        assert thing in line


def test_v5_needs_root(v5: FakePlatform) -> None:
    v5.stub(v5.bin / "id", "echo 1000", recorded=False)
    result = v5.run()
    assert_untouched(v5, result)
    assert 'run "sudo ./install.sh"' in result.err


def test_an_artisan_that_nothing_can_run_is_refused(platform: FakePlatform) -> None:
    platform.artisan.chmod(0o644)
    result = platform.run()
    assert_untouched(platform, result)
    assert "there is no php to run it with" in result.err


def test_a_target_that_this_user_cannot_write_is_refused(v6: FakePlatform) -> None:
    v6.icon_target.parent.chmod(0o555)
    result = v6.run([*bound_by_permissions(), *v6.command()])
    assert_untouched(v6, result)
    assert f"{v6.icon_target} cannot be written by this user" in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["/nonexistent folder"], 'There is no folder "/nonexistent folder"'),
        ([""], 'There is no folder ""'),
        (["one", "two"], "Usage:"),
        (["--force"], "Usage:"),
    ],
)
def test_wrong_usage_is_told_from_a_failure(
    platform: FakePlatform, arguments: list[str], words: str
) -> None:
    result = platform.run(["sh", str(platform.bundle / "install.sh"), *arguments])
    assert_untouched(platform, result, status=2)
    assert words in result.err
