"""H: install.sh twice at once, links where it writes as root, and a platform of version 6."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.platforms import BUNDLE, FakePlatform, assert_untouched, installation


def test_35_of_two_installations_at_once_one_is_refused(platform: FakePlatform) -> None:
    reached, go_on = platform.root / "reached", platform.root / "go on"
    wait = f'while [ ! -f "{go_on}" ]; do sleep 0.02; done'
    platform.on("artisan cache:clear", f': >"{reached}"; {wait}')
    with platform.running(subprocess.DEVNULL) as first:
        platform.wait_for("reached")
        second = platform.run()
        assert (second.status, "Nothing was changed." in second.err) == (1, True)
        assert "Another installation is running" in second.err
        assert platform.in_maintenance
        go_on.touch()
        assert first.wait(20) == 0
    assert platform.calls() == installation(platform)
    assert not platform.lock.exists()
    assert platform.run().status == 0


@pytest.mark.parametrize("how", ["artisan down", "artisan up", "rm -f", "SIGTERM"])
def test_35_the_lock_is_left_however_the_installation_ends(
    platform: FakePlatform, how: str
) -> None:
    if how == "SIGTERM":
        platform.on("artisan cache:clear", "kill -15 $PPID")
    else:
        platform.on(how, "exit 9")
    assert platform.run().status != 0
    assert not platform.lock.exists()


@pytest.mark.parametrize(
    "place",
    [
        "custom_objects/account.json",
        "icons/images/custom_objects/account.svg",
        "custom_objects",
        "icons",
        "icons/images",
        "icons/images/custom_objects",
    ],
)
@pytest.mark.parametrize("leads", ["to something", "nowhere"])
def test_35_no_link_is_followed_at_a_target(
    platform: FakePlatform, tmp_path: Path, place: str, leads: str
) -> None:
    path = platform.seeds / place
    if path.is_dir():
        shutil.rmtree(path)
    victim = tmp_path / "victim"
    if leads == "to something":
        if path.suffix:
            victim.write_text("not yours")
        else:
            (victim / "images" / "custom_objects").mkdir(parents=True)
    path.symlink_to(victim)
    result = platform.run()
    assert result.status == 1
    assert "Nothing was changed." in result.err
    assert platform.calls() == []
    assert f"{path} is a link" in result.err
    assert not victim.is_file() or victim.read_text() == "not yours"
    assert not victim.exists() or not list(victim.rglob("account.*"))
    assert leads == "to something" or not victim.exists()


@pytest.mark.parametrize("at", ["file", "folder"])
def test_35_a_link_that_comes_after_the_check_is_not_followed(
    platform: FakePlatform, tmp_path: Path, at: str
) -> None:
    victim = tmp_path / "victim"
    if at == "file":
        victim.write_text("not yours")
        platform.on("rm -f", f'[ "$3" != ./account.svg ] || ln -s "{victim}" ./account.svg')
        platform.stub(platform.bin / "rm", "exit 0")
        (platform.bin / "ln").symlink_to(str(shutil.which("ln")))
    else:
        victim.mkdir()
        (platform.bin / "ln").symlink_to(str(shutil.which("ln")))
        (platform.bin / "rmdir").unlink()
        (platform.bin / "rmdir").symlink_to(str(shutil.which("rmdir")))
        folder = platform.icon_target.parent
        platform.on("artisan down", f'rmdir "{folder}"; ln -s "{victim}" "{folder}"')
    result = platform.run()
    assert result.status == 1
    assert "The files could not be copied." in result.err
    assert not platform.in_maintenance
    assert victim.is_dir() or victim.read_text() == "not yours"
    assert victim.is_file() or list(victim.iterdir()) == []


@pytest.mark.parametrize("name", ["account.json", "images/account.svg"])
def test_35_a_link_in_the_bundle_is_not_followed(
    platform: FakePlatform, tmp_path: Path, name: str
) -> None:
    secret = tmp_path / "shadow"
    secret.write_text("secret")
    (platform.bundle / name).unlink()
    (platform.bundle / name).symlink_to(secret)
    result = platform.run()
    assert_untouched(platform, result)
    assert f"{platform.bundle / name} is a link" in result.err


@pytest.mark.parametrize("name", ["account.json", "images/account.svg"])
def test_35_a_second_name_of_a_file_is_as_little_followed(
    platform: FakePlatform, tmp_path: Path, name: str
) -> None:
    (tmp_path / "shadow").hardlink_to(platform.bundle / name)
    result = platform.run()
    assert_untouched(platform, result)
    assert f"{platform.bundle / name} has a second name" in result.err


def test_35_a_link_in_place_of_the_folder_of_images_is_not_followed(
    platform: FakePlatform, tmp_path: Path
) -> None:
    images = platform.bundle / "images"
    images.rename(tmp_path / "elsewhere")
    images.symlink_to(tmp_path / "elsewhere")
    result = platform.run()
    assert_untouched(platform, result)
    assert f"{images} is a link" in result.err


def test_35_the_log_is_no_pipe_and_no_second_name_of_another_file(
    platform: FakePlatform, tmp_path: Path
) -> None:
    os.mkfifo(platform.log)
    assert platform.run().status == 0
    platform.log.unlink()
    victim = tmp_path / "victim"
    victim.write_text("not yours")
    platform.log.hardlink_to(victim)
    assert platform.run().status == 0
    assert victim.read_text() == "not yours"


def test_35_the_log_follows_no_link(platform: FakePlatform, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("not yours")
    platform.log.symlink_to(victim)
    assert platform.run().status == 0
    assert victim.read_text() == "not yours"


def test_35_on_version_6_artisan_may_lie_in_the_current_folder(v6: FakePlatform) -> None:
    if os.path.lexists("/var/www/api"):
        pytest.skip("there is a real /var/www/api here")
    result = v6.run(cwd=v6.api, env=v6.environment(THREATQ_API_DIR=""))
    assert (result.status, result.err) == (0, "")
    assert v6.calls() == installation(v6)


def test_35_on_version_5_the_current_folder_is_the_bundles_and_runs_nothing(
    v5: FakePlatform,
) -> None:
    if os.path.lexists("/var/www/api"):
        pytest.skip("there is a real /var/www/api here")
    planted = v5.bundle / "artisan"
    v5.stub(planted, "exit 0")
    result = v5.run(env=v5.environment(THREATQ_API_DIR=""))
    assert_untouched(v5, result)
    assert "/var/www/api/artisan is missing" in result.err


def test_35_the_colour_is_the_definitions(platform: FakePlatform) -> None:
    (definition,) = json.loads((BUNDLE / "account.json").read_text())
    assert platform.run().status == 0
    (call,) = [one for one in platform.calls() if "threatq:object-settings" in one]
    assert f"--background-color={definition['bg_color']}" in call
