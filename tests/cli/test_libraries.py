"""--library: who makes one, and what is none."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.shells import NEWEST, Shell


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()


def test_a_run_makes_the_library_in_the_current_folder_for_its_owner_alone(shell: Shell) -> None:
    assert shell.feed("run", "incident", *NEWEST).code == 0
    library = shell.folder / "izoologic.sqlite"
    assert library.is_file()
    assert library.stat().st_mode & 0o077 == 0


def test_a_run_makes_the_library_with_its_folders(shell: Shell) -> None:
    name = "new/folder with blanks/ünï/cases & more?.sqlite"
    assert shell.feed("run", "incident", *NEWEST, "--library", name).code == 0
    assert (shell.folder / name).is_file()
    assert shell.export(name)


@pytest.mark.parametrize("command", [("show",), ("show", "CASE123456"), ("export",)])
def test_looking_makes_no_library(shell: Shell, command: tuple[str, ...]) -> None:
    ended = shell("library", command[0], "folder/izoologic.sqlite", *command[1:])
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "izoologic-cdf: there is no library at folder/izoologic.sqlite: a feed run creates one\n"
    )
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.write_text("hello\n" * 500), "is not a library: choose another file"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4_096), ""),
        (_foreign, "is not a library: choose another file"),
        (lambda path: path.mkdir(), "is "),
    ],
    ids=["text", "broken", "of another program", "folder"],
)
def test_what_is_no_library_is_refused_and_left_as_it_is(
    shell: Shell, make: Callable[[Path], None], told: str
) -> None:
    path = shell.folder / "it"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    for ended in (
        shell("library", "show", "it"),
        shell("library", "export", "it"),
        shell.feed("run", "incident", *NEWEST, "--library", "it"),
        shell.feed("sync", "incident", "--library", "it"),
    ):
        assert (ended.code, ended.out) == (2, "")
        assert told in ended.err
        assert "it " in ended.err
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert shell.emulator.requests.count() == 0


def test_a_library_of_a_newer_version_is_refused_with_what_to_do(shell: Shell) -> None:
    assert shell.feed("run", "incident", *NEWEST).code == 0
    _newer(shell.folder / "izoologic.sqlite")
    asked = shell.emulator.requests.count()
    for ended in (
        shell("library", "export", "izoologic.sqlite"),
        shell.feed("run", "incident", *NEWEST),
    ):
        assert (ended.code, ended.out) == (2, "")
        assert "newer version of this program" in ended.err
        assert "update the program" in ended.err
    assert shell.emulator.requests.count() == asked


@pytest.mark.parametrize(
    "path", ["", ".", "a" * 300, "tenant.yaml/izoologic.sqlite", "/dev/null/izoologic.sqlite"]
)
def test_a_path_that_can_hold_no_library_is_a_usage_error(shell: Shell, path: str) -> None:
    ended = shell.feed("run", "incident", *NEWEST, "--library", path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("izoologic-cdf: ")
    shown = shell("library", "show", path)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("izoologic-cdf: ")


def test_a_value_that_is_not_there_is_a_usage_error_with_similar_ones(
    shell: Shell, guide_library: bytes
) -> None:
    (shell.folder / "izoologic.sqlite").write_bytes(guide_library)
    for value in ("case123456", "", "\x1b[2J", "\udcff", "x" * 5_000):
        ended = shell("library", "show", "izoologic.sqlite", value)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("izoologic-cdf: no object has the value")
        assert "\x1b" not in ended.err
    assert "CASE123456" in shell("library", "show", "izoologic.sqlite", "case123456").err
