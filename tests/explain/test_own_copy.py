"""An own copy: what `init` writes, what `test` compares, and what `--watch` does again."""

import shutil
from pathlib import Path

import pytest

from izoologic_cdf.cli.main import main
from izoologic_cdf.cli.own_copy import PARTS
from izoologic_cdf.cli.watching import watch
from tests.support.shells import Shell

FEED = "feeds/izoologic_sync_cases.yaml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what `init` made; it takes some seconds."""
    folder = tmp_path_factory.mktemp("init") / "own"
    assert main(["init", str(folder)]) == 0
    return folder


@pytest.fixture
def own(made: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shell.folder / "own"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_an_own_copy_is_complete_and_passes_its_tests(shell: Shell, own: Path) -> None:
    assert {path.name for path in own.iterdir()} == {*PARTS, "tests"}
    assert shell("lint", FEED).out == ""
    ended = shell("test", "dlr")
    assert (ended.code, ended.err) == (0, "")
    assert "the samples become what the tests say" in ended.out


def test_what_a_change_makes_different_is_named(shell: Shell, own: Path) -> None:
    change(own / FEED, "value: !expr data.feed_results.brand", "value: !expr data.feed_results.url")
    ended = shell("test", "incident")
    assert ended.code == 1
    assert (
        "tests/incident_case_sync.yaml: CASE123456 > incident CASE123456 > Brand is "
        '"https://suspicious-site.com", and was "Example Brand"' in ended.out
    )
    assert "dlr" not in ended.out


def test_an_update_takes_the_change_as_it_is(shell: Shell, own: Path) -> None:
    change(own / FEED, "value: !expr data.Parent.brand", "value: !expr data.Parent.caseid")
    assert shell("test", "dlr").code == 1
    assert shell("test", "dlr", "--update").code == 0
    assert shell("test", "dlr").code == 0


def test_a_changed_filter_and_a_new_field_are_the_copys_own(shell: Shell, own: Path) -> None:
    change(own / "filters" / "status.py", "stated[-1] if stated", "stated[-1].upper() if stated")
    change(own / FEED, "value.get('statusdescription', value.newest)", "value.newest")
    ended = shell("test", "incident")
    assert 'Status is "OPEN", and was "Open"' in ended.out


def test_a_folder_that_is_in_use_is_left_alone(shell: Shell) -> None:
    (shell.folder / "mine").mkdir()
    (shell.folder / "mine" / "file").write_text("kept")
    ended = shell("init", "mine")
    assert ended.code == 2
    assert "mine is there already" in ended.err
    assert [path.name for path in (shell.folder / "mine").iterdir()] == ["file"]


def test_tests_that_are_missing_say_how_to_write_them(shell: Shell, own: Path) -> None:
    (own / "tests" / "dlr_case_sync.yaml").unlink()
    ended = shell("test", "dlr")
    assert ended.code == 2
    assert "write it: --update" in ended.err


def test_without_a_definition_here_the_command_says_what_it_needs(shell: Shell) -> None:
    ended = shell("test")
    assert ended.code == 2
    assert "there is no feeds/*.yaml here: see init" in ended.err


def test_a_watch_does_it_again_after_each_change_until_it_is_ended(tmp_path: Path) -> None:
    path, done = tmp_path / "feed.yaml", list[str]()
    path.write_text("one")
    changes = iter(["", "changed", "", None])

    def wait(_: float) -> None:
        text = next(changes)
        if text is None:
            raise KeyboardInterrupt
        if text:
            path.write_text(text)

    assert watch([path], lambda: done.append(path.read_text()), wait) == 0
    assert done == ["one", "changed"]


def test_a_watch_goes_on_after_a_mistake(
    shell: Shell, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = iter(["version: [", None])

    def wait(_: float) -> None:
        text = next(texts)
        if text is None:
            raise KeyboardInterrupt
        (own / FEED).write_text(text)

    monkeypatch.setattr(watch, "__defaults__", (wait,))
    ended = shell("explain", "CASE123456", "--definition", FEED, "--attribute", "Brand", "--watch")
    assert ended.code == 0
    assert 'Brand = "Example Brand"' in ended.out
    assert "the definition cannot be used" in ended.err
    assert "this [ is not closed" in ended.err
