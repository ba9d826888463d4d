"""`file` writes bytes and nothing else's; `show` finds objects by value, case or part."""

import json
import os
from pathlib import Path

import pytest

from izoologic_cdf.library import finding
from izoologic_cdf.library.attachments import safe_name
from tests.support.shells import GUIDE, NEWEST, Ended, Shell

LIBRARY = "izoologic.sqlite"
NAME = "test_file.txt"
GET = ("file", "gz3kEgBWO", NAME)


@pytest.fixture(autouse=True)
def filled(shell: Shell, guide_library: bytes) -> Path:
    path = shell.folder / LIBRARY
    path.write_bytes(guide_library)
    path.chmod(0o600)
    return path


def refused(ended: Ended, *told: str) -> None:
    assert (ended.code, ended.out) == (2, "")
    assert all(one in ended.err for one in told), ended.err


# --- file ----------------------------------------------------------------------------------------


def test_the_bytes_are_written_for_their_owner_alone(shell: Shell) -> None:
    before = os.umask(0)
    try:
        ended = shell(*GET)
    finally:
        os.umask(before)
    path = shell.folder / NAME
    assert ended.code == 0
    assert ended.out.startswith(f"{NAME}: 9 bytes, SHA-256 ")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"test file", 0o600)


def test_the_files_of_a_case_are_listed(shell: Shell) -> None:
    assert NAME in shell("file", "gz3kEgBWO").out
    refused(shell("file", "gz3kEgBW"), "there is no case 'gz3kEgBW'; similar: gz3kEgBWO")
    refused(shell("file", "gz3kEgBWO", "test_file.tx"), f"did you mean {NAME!r}?")


def test_what_is_there_is_replaced_when_told_so(shell: Shell) -> None:
    path = shell.folder / NAME
    path.write_text("mine")
    refused(shell(*GET), f"{NAME} is there already: choose another name with -o, or add --force")
    assert path.read_text() == "mine"
    assert shell(*GET, "--force").code == 0
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"test file", 0o600)
    assert {one.name for one in shell.folder.iterdir()} == {NAME, LIBRARY}


@pytest.mark.parametrize("target", ["other.txt", "nothing"])
def test_no_link_is_followed(shell: Shell, target: str) -> None:
    other, link = shell.folder / "other.txt", shell.folder / NAME
    other.write_text("mine")
    link.symlink_to(shell.folder / target)
    refused(shell(*GET), "is there already")
    assert shell(*GET, "--force").code == 0
    assert other.read_text() == "mine"
    assert not link.is_symlink()
    assert not (shell.folder / "nothing").exists()


def test_where_it_is_written(shell: Shell) -> None:
    (shell.folder / "folder").mkdir()
    assert shell(*GET, "-o", "folder").code == 0
    assert (shell.folder / "folder" / NAME).is_file()
    assert shell(*GET, "-o", "folder/new.txt").code == 0
    assert (shell.folder / "folder" / "new.txt").read_bytes() == b"test file"
    refused(shell(*GET, "-o", "none/new.txt"), "none/new.txt cannot be written: No such file")
    refused(shell(*GET, "-o", "none/"), "there is no folder none/")
    assert shell(*GET, "-o", "-") == Ended(0, "test file", "")


def test_nothing_but_a_file_is_replaced(shell: Shell) -> None:
    (shell.folder / NAME).mkdir()
    os.mkfifo(shell.folder / "pipe")
    (shell.folder / "link").symlink_to("pipe")
    for words in ((), ("-o", "pipe"), ("-o", "link")):
        refused(shell(*GET, *words, "--force"), "is no file: choose another name with -o")
    assert (shell.folder / "pipe").is_fifo()
    assert (shell.folder / "link").is_symlink()


def test_no_bytes_reach_a_terminal(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    refused(shell(*GET, "-o", "-"), "not written to a terminal")


def test_of_several_files_of_one_name_one_is_chosen(shell: Shell) -> None:
    entry = {"originalFilename": "same.txt", "dateUploaded": "1754599000"}
    for content in (b"one", b"two"):
        shell.emulator.state.add_file("gz3kEgBWO", entry, content)
    shell.emulator.state.update_case("gz3kEgBWO")
    assert shell.feed("run", "incident", *NEWEST, "--quiet").code == 0
    ended = shell("file", "gz3kEgBWO", "same.txt")
    refused(ended, "choose one of", "  --sha256 ")
    words = [line.split() for line in ended.err.splitlines() if "--sha256" in line]
    found = set()
    for _, digest, *_ in words:
        assert shell("file", "gz3kEgBWO", "same.txt", "--sha256", digest[:12], "--force").code == 0
        found.add((shell.folder / "same.txt").read_bytes())
    assert found == {b"one", b"two"}
    refused(shell("file", "gz3kEgBWO", "same.txt", "--sha256", "00"), "has the digest; there is")


def test_a_file_is_named_as_lists_print_it(shell: Shell) -> None:
    entry = {"originalFilename": "scan\xa01.txt", "dateUploaded": "1754599000"}
    shell.emulator.state.add_file("gz3kEgBWO", entry, b"scanned")
    shell.emulator.state.update_case("gz3kEgBWO")
    assert shell.feed("run", "incident", *NEWEST, "--quiet").code == 0
    assert "scan\\xa01.txt" in shell("files", "--columns", "name").out
    for name in ("scan\xa01.txt", "scan\\xa01.txt"):
        assert shell("file", "gz3kEgBWO", name, "-o", "-").out == "scanned"


def test_a_file_that_was_not_fetched_is_no_empty_file(shell: Shell, filled: Path) -> None:
    filled.unlink()
    words = ("run", "incident", *GUIDE, "--without", "files", "--quiet")
    assert shell.feed(*words).code == 0
    refused(shell(*GET), "were not fetched yet")
    assert not (shell.folder / NAME).exists()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("evidence.pdf", "evidence.pdf"), ("../../etc/passwd", "_._.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"), ("..\\..\\x.exe", "_._.._x.exe"), ("C:x", "C_x"),
        (".bashrc", "_bashrc"), ("..", "_"), (".", "_"), ("", "unnamed"),
        (" ", "unnamed"), ("-rf", "_rf"), ("~root", "_root"), ("a\x00b\n\x1b", "a_b__"),
        ("name. ", "name"), ("NUL.txt", "_NUL.txt"), ("com1", "_com1"), ("console", "console"),
        ("lpt².txt", "_lpt².txt"), ("conin$", "_conin$"),
        ("gpj\u202etxt.exe", "gpj_txt.exe"), ("Zürich é.txt", "Zürich é.txt"),
    ],
)  # fmt: skip
def test_no_name_leaves_its_folder(name: str, safe: str) -> None:
    found = safe_name(name)
    assert "/" not in found
    assert found[:1] not in (".", "-", "~", "")
    assert found == safe


def test_a_long_name_keeps_its_ending() -> None:
    found = safe_name("例" * 300 + ".pdf")
    assert len(found.encode()) <= 255
    assert found.endswith("例.pdf")
    assert len(safe_name("a." + "x" * 300)) == 255
    assert len(safe_name("." * 300)) == 1


# --- show ----------------------------------------------------------------------------------------


def heads(shell: Shell, value: str) -> list[str]:
    """Return the first line of each object."""
    ended = shell("show", value)
    assert (ended.code, ended.err) == (0, "")
    return [line for line in ended.out.splitlines() if line and not line.startswith(" ")]


DLR = [
    "account: only_user_name_test",
    "account: other.account@example.com",
    "account: primary.account@example.com",
]


def test_nothing_is_shown_for_an_empty_value(shell: Shell) -> None:
    for value in ("", " "):
        refused(shell("show", value), "VALUE is empty: name a case id")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("CASE123456", ["incident: CASE123456"]),
        ("case123456", ["incident: CASE123456"]),
        ("Email_Test", ["account: Email_Test"]),
        ("primary.account@", DLR[-1:]),
        ("DLR#exAmple02", DLR),
        ("exAmple02", DLR),
        ("EXAMPLE02", DLR),
        ("192.168", ["indicator: 192.168.1.100 (IP Address)"]),
        (NAME, [f"attachment: {NAME}"]),
        ("takedown", ["attachment: takedown_request.txt"]),
    ],
)
def test_what_is_found(shell: Shell, value: str, expected: list[str]) -> None:
    assert heads(shell, value) == expected


def test_an_object_tells_what_belongs_to_it(shell: Shell) -> None:
    assert f"    attachment: {NAME}\n" in shell("show", "gz3kEgBWO").out
    assert "    incident: gz3kEgBWO\n" in shell("show", NAME).out
    assert "Case ID                      DLR#n9Ra7KbR3\n" in shell("show", "Email_Test").out


def test_passwords_are_hidden_until_asked_for(shell: Shell) -> None:
    for form in ("text", "json"):
        hidden = shell("show", "Email_Test", "--format", form).out
        shown = shell("show", "Email_Test", "--format", form, "--show-passwords").out
        assert "(hidden)" in hidden
        assert "(hidden)" not in shown
    (one,) = [one for one in shell.export() if one["value"] == "Email_Test"]
    ended = shell("show", "Email_Test", "--format", "json", "--show-passwords")
    (document,) = json.loads(ended.out)
    assert {key: document[key] for key in one} == one
    assert document["changes"] == []


def test_what_is_much_is_listed_by_name(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        shell.emulator.state.put_case(f"mAny{number:05}", {"brand": "Many"})
    assert shell.feed("run", "incident", *NEWEST, "--quiet").code == 0
    lines = shell("show", "mAny").out.splitlines()
    assert lines[0] == "30 objects; name more of one to see it in full:"
    assert lines[1:] == [f"  incident: mAny{number:05}" for number in range(30)]
    monkeypatch.setattr(finding, "MAX_NAMED", 25)
    lines = shell("show", "mAny").out.splitlines()
    assert lines[0].startswith(
        "the first 25 objects; name more of one to see it in full, and see all"
    )
    assert len(lines) == 26
    ended = shell("show", "mAny", "--format", "json")
    assert (ended.code, len(json.loads(ended.out))) == (0, 25)
    assert ended.err == "these are the first 25 objects; lists show all\n"


@pytest.mark.parametrize("value", ["nothing like it", "", "  ", "\udcff", "%", "_%"])
def test_what_is_not_found_is_an_error(shell: Shell, value: str) -> None:
    refused(shell("show", value))
