"""An expression that fails in every window is told once, with its place."""

import sqlite3

from izoologic_cdf.content import folder
from tests.support.shells import Shell

OURS = folder("feeds") / "izoologic_sync_cases.yaml"
RANGE = ("--since", "2022-10-01", "--until", "2023-03-31")
LISTED = "    - python: rows.cases\n"


def run(shell: Shell, step: str) -> tuple[int, str, str, int]:
    """Run our feed with a further step in front of one; return its line as well."""
    text = OURS.read_text(encoding="utf-8")
    assert LISTED in text
    path = shell.folder / "changed.yaml"
    path.write_text(text.replace(LISTED, step + LISTED), encoding="utf-8")
    words = ("--definition", str(path), "--filters", str(folder("filters")), "--verbose")
    ended = shell.feed("run", "incident", *RANGE, *words)
    line = text[: text.index(LISTED)].count("\n") + 1
    return ended.code, ended.out, ended.err, line


def test_what_fails_in_each_window_is_one_error_without_gaps(shell: Shell) -> None:
    code, out, err, line = run(shell, "    - new: !expr value + 1\n")
    said = out + err
    assert code == 1
    assert [text.count("can only concatenate list") for text in (out, err)] == [1, 1]
    assert "windows failed alike: the expression failed: can only concatenate list" in said
    assert f"changed.yaml:{line}:" in said
    assert "gap" not in said


def test_what_fails_in_one_window_of_several_is_told_with_that_window(shell: Shell) -> None:
    step = "    - new: !expr value if not value else value + 1\n"
    code, out, err, line = run(shell, step)
    said = out + err
    assert code == 3
    assert said.count("can only concatenate list") >= 1
    assert "failed alike" not in said
    assert "gap" in said
    assert f"changed.yaml:{line}:" in said
    with sqlite3.connect(shell.folder / "izoologic.sqlite") as library:
        assert library.execute("SELECT count(*) FROM runs").fetchone() == (1,)
