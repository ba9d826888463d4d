"""`demo`: what a newcomer sees, once and again, in whatever folder."""

import re
import shlex

import pytest

from tests.support.shells import Shell

SHOWN = (
    "incident: CASE123456", "incident: gz3kEgBWO", "attachment: test_file.txt",
    "indicator: 192.168.1.100 (IP Address)", "account: Email_Test",
)  # fmt: skip


@pytest.mark.parametrize("folder", [None, "my demo", "a/b/c", "ünï ⚙", "it's", "%s{}$HOME"])
def test_a_demo_fills_a_library_in_its_folder_and_ends_well(
    shell: Shell, folder: str | None
) -> None:
    ended = shell("demo", *([folder] if folder else []))
    assert ended.code == 0
    library = f"{folder or 'demo'}/izoologic.sqlite"
    assert (shell.folder / library).is_file()
    assert ended.out.count(": complete\n") == 2
    # the commands to go on with can be pasted
    lines = [shlex.split(line)[1:] for line in ended.out.splitlines()[-6:]]
    assert lines[-2:] == [["library", what, library] for what in ("show", "export")]
    assert [shell(*words).code for words in lines] == [0] * 6
    assert ended.said == []
    types = {one["type"] for one in shell.export(library)}
    assert types == {"incident", "note", "attachment", "indicator", "account"}


def test_a_second_demo_in_the_same_folder_changes_nothing(shell: Shell) -> None:
    first = shell("demo", "twice")
    before = shell("library", "export", "twice/izoologic.sqlite").out
    second = shell("demo", "twice")
    assert second.code == 0
    assert shell("library", "export", "twice/izoologic.sqlite").out == before
    # created, updated, unchanged
    counts = re.compile(r"^  \w[\w ]*\w +(\d+) +(\d+) +(\d+)$", re.MULTILINE)
    assert any(int(row[0]) for row in counts.findall(first.out))
    rows = counts.findall(second.out)
    assert rows
    assert {(row[0], row[1]) for row in rows} == {("0", "0")}
    assert all(int(row[2]) for row in rows)


def test_a_demo_shows_an_object_of_each_kind_in_full(shell: Shell) -> None:
    lines = shell("demo").out.partition("Some of the objects in full:\n")[2].splitlines()
    assert [title for title in SHOWN if title not in lines] == []


@pytest.mark.parametrize("folder", ["tenant.yaml", "a" * 300, "/dev/null"])
def test_a_demo_that_can_make_no_folder_says_so(shell: Shell, folder: str) -> None:
    shell.config()
    ended = shell("demo", folder)
    assert ended.code == 2
    assert f"the library {folder}/izoologic.sqlite cannot be created: " in ended.err


def test_a_demo_takes_nothing_from_the_environment(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IZOOLOGIC_API_HOST", "192.0.2.1")
    monkeypatch.setenv("IZOOLOGIC_INGEST_AS_EVENT", "on")
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")
    assert shell("demo").code == 0
    assert "event" not in {one["type"] for one in shell.export("demo/izoologic.sqlite")}
