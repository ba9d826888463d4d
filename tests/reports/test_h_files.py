"""H: read-only places, permissions, line ends, the bundle's zip, and numbers that are absurd."""

import hashlib
import io
import itertools
import os
import re
import shlex
import shutil
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from izoologic_cdf.bundle import archive, layout
from izoologic_cdf.cli.main import main
from tests.support.built import built_zip
from tests.support.platforms import bound_by_permissions
from tests.support.shells import CHECKOUT, NEWEST, Ended, Shell, in_turn

LIBRARY = "izoologic.sqlite"
pytestmark = pytest.mark.usefixtures("a_definition_is_checked_once")
RUN = ("run", "incident", *NEWEST, "--config", "tenant.yaml")


# --- 33: reading where nothing can be written -------------------------------------------------


def _as_it_was_left(folder: Path, library: bytes) -> None:
    (folder / LIBRARY).write_bytes(library)


def _with_its_log(folder: Path, library: bytes) -> None:
    """Leave what a killed run leaves: its newest commits stand in the log alone."""
    (folder / LIBRARY).write_bytes(library)
    with sqlite3.connect(folder / LIBRARY) as connection:
        connection.execute("UPDATE object SET description = 'from the log' WHERE type = 'event'")
        connection.execute("UPDATE object SET description = 'from the log' WHERE type = 'incident'")
        connection.commit()
        kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    connection.close()
    for name, body in kept.items():
        (folder / name).write_bytes(body)
    assert (folder / f"{LIBRARY}-wal").stat().st_size


def _with_an_empty_log(folder: Path, library: bytes) -> None:
    (folder / LIBRARY).write_bytes(library)
    (folder / f"{LIBRARY}-wal").touch()


@pytest.fixture
def place(shell: Shell) -> Path:
    folder = shell.folder / "place"
    folder.mkdir()
    return folder


LEFT = (_as_it_was_left, _with_its_log, _with_an_empty_log)
# of the folder, and of the files in it
MODES = ((0o555, 0o600), (0o555, 0o400), (0o755, 0o400))
Left = Callable[[Path, bytes], None]
Read = dict[tuple[Left, tuple[int, int]], tuple[Ended, Ended, bool]]


@pytest.fixture(scope="module")
def read_in_place(guide_library: bytes, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """What export and show say in each place, and whether it stayed as it was: one process."""
    root = tmp_path_factory.mktemp("places")
    places, commands = {}, list[list[str]]()
    for number, (left, modes) in enumerate(itertools.product(LEFT, MODES)):
        place = root / str(number)
        place.mkdir()
        left(place, guide_library)
        places[left, modes] = place, sorted(path.name for path in place.iterdir())
        for path in place.iterdir():
            path.chmod(modes[1])
        place.chmod(modes[0])
        library = f"{number}/{LIBRARY}"
        commands += [["library", "export", library], ["library", "show", library, "CASE123456"]]
    ended = iter(in_turn(root, *commands, under=bound_by_permissions()))
    read: Read = {}
    for which, (place, before) in places.items():
        after = sorted(path.name for path in place.iterdir())
        place.chmod(0o755)
        read[which] = next(ended), next(ended), after == before
    return read


@pytest.mark.parametrize("modes", MODES)
@pytest.mark.parametrize("left", LEFT)
def test_33_a_library_is_read_where_nothing_can_be_written(
    read_in_place: Read, left: Left, modes: tuple[int, int]
) -> None:
    exported, shown, is_as_before = read_in_place[left, modes]
    assert (exported.code, exported.err, shown.code, shown.err) == (0, "", 0, "")
    assert ("from the log" in exported.out) == (left is _with_its_log)
    assert len(exported.data["objects"]) > 10
    assert "incident: CASE123456" in shown.out
    assert is_as_before


def test_33_what_stands_in_a_log_that_cannot_be_read_is_not_passed_over(
    shell: Shell, place: Path, guide_library: bytes
) -> None:
    _with_its_log(place, guide_library)
    (place / f"{LIBRARY}-shm").unlink()
    place.chmod(0o555)
    script = shlex.join(bound_by_permissions()) + ' "$@"'
    ended = shell.process("library", "export", f"place/{LIBRARY}", script=script)
    place.chmod(0o755)
    assert (ended.code, ended.out) in ((0, ended.out), (2, ""))
    if ended.code:
        assert f"{LIBRARY}-wal, and this folder cannot be written to: copy both" in ended.err
    else:
        assert "from the log" in ended.out


# --- 34: who may read what ---------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666, 0o604, 0o660])
@pytest.mark.parametrize("filled", [False, True])
def test_34_a_library_that_others_can_read_is_tightened_with_a_word(
    shell: Shell, guide_library: bytes, mode: int, filled: bool
) -> None:
    path = shell.folder / LIBRARY
    path.write_bytes(guide_library if filled else b"")
    path.chmod(mode)
    ended = shell.feed("run", "dlr", *NEWEST)
    assert ended.code == 0
    assert f"warning: the library {LIBRARY} could be read by other users (mode {mode:04o})" in (
        ended.err
    )
    assert {file.stat().st_mode & 0o777 for file in shell.folder.glob(f"{LIBRARY}*")} == {0o600}
    assert "could be read" not in shell.feed("run", "dlr", *NEWEST).err


def test_34_the_files_beside_a_library_are_tightened_too(
    shell: Shell, guide_library: bytes
) -> None:
    (shell.folder / LIBRARY).write_bytes(guide_library)
    open_too = sqlite3.connect(shell.folder / LIBRARY)
    open_too.execute("SELECT count(*) FROM object").fetchone()
    files = list(shell.folder.glob(f"{LIBRARY}*"))
    assert len(files) == 3
    for file in files:
        file.chmod(0o644)
    assert shell.feed("run", "incident", *NEWEST).code == 0
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    open_too.close()


@pytest.mark.parametrize(
    ("mode", "told"),
    [(0o600, False), (0o400, False), (0o644, True), (0o640, True), (0o604, True), (0o622, True)],
)
def test_34_a_configuration_that_others_can_use_is_warned_of(
    shell: Shell, mode: int, told: bool
) -> None:
    (shell.folder / shell.config()).chmod(mode)
    ended = shell(*RUN)
    assert ended.code == 0
    warned = f"warning: tenant.yaml holds secrets, and other users can use it (mode {mode:04o})"
    assert (warned in ended.err) is told
    assert shell(*RUN, "--quiet").err == ""


def test_34_a_configuration_without_secrets_may_be_read(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"api_key": shell.emulator.api_key, "api_secret": shell.emulator.secret_key}
    (shell.folder / shell.config(api_key=None, api_secret=None)).chmod(0o644)
    assert "other users" not in shell(*RUN).err
    for name, value in keys.items():
        monkeypatch.setenv(f"IZOOLOGIC_{name.upper()}", value)
    ended = shell(*RUN)
    assert (ended.code, "other users" in ended.err) == (0, False)


def test_34_an_explanation_with_passwords_is_its_owners_alone(shell: Shell) -> None:
    page = shell.folder / "page.html"
    page.touch(0o644)
    words = ("--scenario", "guide", "--feed", "dlr", "--show-data", "-o", "page.html")
    ended = shell("explain", "DLR#exAmple02", *words)
    assert (ended.code, ended.err) == (0, "")
    assert page.stat().st_size
    assert page.stat().st_mode & 0o777 == 0o600


# --- 36: line ends -----------------------------------------------------------------------------


def test_36_a_checkout_with_other_line_ends_builds_the_same_zip(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    for name in ("izoologic_cdf", "feeds", "filters", "custom_objects", "fixtures", "docs/bundle"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "CHANGELOG.md", copy)
    shutil.copy(CHECKOUT / "pyproject.toml", copy)
    ends = {".py", ".yaml", ".sh", ".json", ".svg", ".md"}
    for path in copy.rglob("*"):
        if path.suffix in ends:
            path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "izoologic_cdf.cli.main", "build", "--output", tmp_path / "out"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "written: " in done.stdout
    (built,) = (tmp_path / "out").iterdir()
    assert built.read_bytes() == built_zip()


def test_36_git_keeps_the_line_ends_of_what_is_run(tmp_path: Path) -> None:
    attributes = (CHECKOUT / ".gitattributes").read_text().splitlines()
    assert "* text=auto eol=lf" in attributes


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dist") / layout.zip_name("1.1.0")
    path.write_bytes(built_zip())
    return path


def changed(genuine: Path, name: str, body: bytes) -> bytes:
    """Return the bundle with another file in it, and a manifest that fits."""
    with zipfile.ZipFile(genuine) as opened:
        files = {one: opened.read(one) for one in opened.namelist()}
        version = re.search(r'"version": "(.+)"', files.pop(layout.MANIFEST).decode())
    assert version is not None
    files[name] = body
    files[layout.MANIFEST] = archive.manifest(files, version[1], ">=5.29.0")
    return archive.pack(files)


def test_36_an_installer_that_no_shell_runs_is_found(
    genuine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(genuine) as opened:
        script = opened.read(layout.OBJECT_INSTALLER)
    path = tmp_path / "x.zip"
    path.write_bytes(changed(genuine, layout.OBJECT_INSTALLER, script.replace(b"\n", b"\r\n")))
    assert main(["verify", str(path)]) == 1
    assert "no shell runs this: it has Windows line endings" in capsys.readouterr().out


def test_36_what_was_built_is_verified_and_faults_are_not_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / layout.zip_name("1.1.0")
    target.write_bytes(b"the one before")
    pack = archive.pack
    monkeypatch.setattr(archive, "pack", lambda files: pack(files).replace(b"ThreatQ", b"ThreatX"))
    assert main(["build", "--output", str(tmp_path)]) == 1
    assert "the bundle that was built has faults; nothing is written" in capsys.readouterr().out
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"the one before"]


# --- 37: verify --------------------------------------------------------------------------------


def test_37_the_name_of_the_file_does_not_matter_and_version_and_sum_are_told(
    genuine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = hashlib.sha256(genuine.read_bytes()).hexdigest()
    for name in (f"{genuine.stem} (1).zip", "izoologic-sync-cases-9.9.9.zip", "download", "-x.bin"):
        shutil.copy(genuine, tmp_path / name)
        assert main(["verify", str(tmp_path / name)]) == 0
        out = capsys.readouterr().out
        assert "this bundle can be uploaded" in out
        assert re.search(r"version +1\.1\.0\n", out)
        assert re.search(rf"SHA-256 +{digest}\n", out)
        assert "does not prove where it comes from" in " ".join(out.split())
    assert main(["build", "--output", str(tmp_path / "again")]) == 0
    assert f"SHA-256: {digest}" in capsys.readouterr().out


def _written(name: str, body: bytes = b"x", **more: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        info = zipfile.ZipInfo(name)
        for key, value in more.items():
            setattr(info, key, value)
        opened.writestr(info, body)
    return buffer.getvalue()


def _twice() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("GUIDE.md", b"one")
        opened.writestr("guide.MD", b"two")
    return buffer.getvalue()


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for number in range(layout.MAX_ZIP // layout.MAX_MEMBER + 1):
            opened.writestr(f"{number}", bytes(layout.MAX_MEMBER))
    return buffer.getvalue()


def _damaged(method: int, keep: int | None = None) -> bytes:
    """Return a zip whose only member is compressed, and then damaged or cut."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as opened:
        opened.writestr("GUIDE.md", bytes(range(256)) * 100)
    body = bytearray(buffer.getvalue())
    begin = 30 + len("GUIDE.md")
    size = struct.unpack("<I", body[18:22])[0]
    if keep is None:
        body[begin + 4 : begin + size - 4] = b"\xff" * (size - 8)
        return bytes(body)
    directory = body.find(b"PK\x01\x02")
    for at in (18, directory + 20):
        body[at : at + 4] = struct.pack("<I", keep)
    return bytes(body)


def _says_less_than_it_holds(genuine: bytes) -> bytes:
    """Return a zip whose directory tells a size of zero for a member of a megabyte."""
    body = bytearray(_written("GUIDE.md", bytes(1_000_000)))
    at = body.find(b"PK\x01\x02")
    body[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(body)


def _encrypted(body: bytes) -> bytes:
    """Return a zip with the bit of encryption set everywhere."""
    made = bytearray(body)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = made.find(mark)
        while at >= 0:
            made[at + offset] |= 1
            at = made.find(mark, at + 4)
    return bytes(made)


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda body: b"",
    "text": lambda body: b"no zip at all",
    "a page": lambda body: b"<html>Sign in</html>",
    "cut": lambda body: body[: len(body) // 2],
    "cut at its end": lambda body: body[:-10],
    "cut at its begin": lambda body: body[1000:],
    "a changed byte": lambda body: body.replace(b"Compromised", b"Compromisex", 1),
    "a damaged directory": lambda body: body.replace(b"PK\x01\x02", b"PK\x01\xff"),
    "a place beyond its end": lambda body: body[:-6] + b"\xff\xff\xff\xff" + body[-2:],
    "encrypted": _encrypted,
    "an unknown method": lambda body: body.replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x63\x00"
    ),
    "two of one name": lambda body: _twice(),
    "a bomb": lambda body: _bomb(),
    "a wrong size": _says_less_than_it_holds,
    "damaged deflate": lambda body: _damaged(zipfile.ZIP_DEFLATED),
    "damaged bzip2": lambda body: _damaged(zipfile.ZIP_BZIP2),
    "damaged lzma": lambda body: _damaged(zipfile.ZIP_LZMA),
    "cut deflate": lambda body: _damaged(zipfile.ZIP_DEFLATED, keep=5),
    "cut lzma": lambda body: _damaged(zipfile.ZIP_LZMA, keep=2),
    "an absolute name": lambda body: _written("/etc/passwd"),
    "a name above": lambda body: _written("a/../../b"),
    "a name of Windows": lambda body: _written("C:\\Windows\\x"),
    "a link": lambda body: _written("GUIDE.md", b"/etc/passwd", external_attr=0o120777 << 16),
    "a folder": lambda body: _written("folder/", b""),
    "a name that acts": lambda body: _written("a\x1b[2J\n\u202eb"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_37_a_broken_zip_is_a_fault_and_never_a_traceback(
    genuine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(BROKEN[kind](genuine.read_bytes()))
    assert main(["verify", str(path)]) == 1
    written = capsys.readouterr()
    assert "do not upload it" in written.out
    assert written.err == ""
    assert all(line.isprintable() for line in written.out.splitlines())


@pytest.mark.parametrize("kind", ["nothing", "a folder", "a pipe"])
def test_37_what_is_no_file_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = tmp_path / "x.zip"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    assert main(["verify", str(path)]) == 1
    assert "x.zip: this is not a bundle" in capsys.readouterr().out


CONTENTS = {
    "a manifest nested deeply": (layout.MANIFEST, b"[" * 100_000),
    "a manifest that is none": (layout.MANIFEST, b"{}"),
    "an object nested deeply": (layout.OBJECT_DEFINITION, b"[" * 100_000),
    "an icon of entities": (
        layout.OBJECT_ICON,
        b'<!DOCTYPE a [<!ENTITY a "a"><!ENTITY b "' + b"&a;" * 99 + b'">]><svg>&b;</svg>',
    ),
    "a logo that is cut": (layout.LOGO, b"\x89PNG\r\n\x1a\n"),
    "a definition nested deeply": (layout.DEFINITION, b'version: "1.1.0"\na: ' + b"[" * 5_000),
    "a definition of binary": (layout.DEFINITION, b'version: "1.1.0"\n\x00\x01'),
}


@pytest.mark.parametrize("what", CONTENTS)
def test_37_odd_content_is_a_fault_and_never_a_traceback(
    genuine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    path, (name, body) = tmp_path / "x.zip", CONTENTS[what]
    if name == layout.MANIFEST:
        with zipfile.ZipFile(genuine) as opened:
            files = {one: opened.read(one) for one in opened.namelist()}
        path.write_bytes(archive.pack({**files, name: body}))
    else:
        path.write_bytes(changed(genuine, name, body))
    code = main(["verify", str(path)])
    written = capsys.readouterr()
    assert (code, written.err) == (1, "") or what == "an icon of entities"


def test_37_an_installer_without_the_right_to_be_executed_is_a_fault(
    genuine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(
        genuine.read_bytes().replace(
            struct.pack("<I", 0o100755 << 16), struct.pack("<I", 0o100644 << 16)
        )
    )
    assert main(["verify", str(path)]) == 1
    assert f"{layout.OBJECT_INSTALLER}: this cannot be executed" in capsys.readouterr().out


# --- 38: numbers -------------------------------------------------------------------------------

ABSURD = [
    ("--in-flight", "1000000000", "from 1 to 256"),
    ("--in-flight", "257", "from 1 to 256"),
    ("--in-flight", "0", "from 1"),
    ("--in-flight", "-1", "from 1"),
    ("--in-flight", "9" * 5_000, "from 1 to 256"),
    ("--in-flight", "1e3", "from 1 to 256"),
    ("--in-flight", "", "from 1 to 256"),
    ("--requests-per-second", "1e9", "to 1000"),
    ("--requests-per-second", "inf", "to 1000"),
    ("--requests-per-second", "nan", "to 1000"),
    ("--requests-per-second", "0", "from 0.001"),
    ("--requests-per-second", "1e-9", "from 0.001"),
    ("--requests-per-second", "-5", "from 0.001"),
]


def _refused(ended: Ended, told: str) -> None:
    assert (ended.code, ended.out, "Traceback" in ended.err) == (2, "", False)
    assert told in ended.err


@pytest.mark.parametrize(("option", "value", "told"), ABSURD)
def test_38_an_absurd_number_of_a_run_is_a_usage_error(
    shell: Shell, option: str, value: str, told: str
) -> None:
    _refused(shell.feed("run", "incident", *NEWEST, f"{option}={value}"), told)


@pytest.mark.parametrize("number", ["256", "1"])
def test_38_the_bounds_themselves_are_taken(shell: Shell, number: str) -> None:
    assert shell.feed("run", "incident", *NEWEST, "--in-flight", number).code == 0


@pytest.mark.parametrize("port", ["65536", "-1", "9" * 5_000, "1.5", ""])
def test_38_an_absurd_port_is_a_usage_error(shell: Shell, port: str) -> None:
    _refused(shell("emulator", f"--port={port}"), "from 0 to 65535")


@pytest.mark.parametrize(
    "scenario",
    [
        "generated:1000000001",
        "generated:" + "9" * 5_000,
        "generated:5:days=99999999",
        "generated:5:dlr=1000000001",
        "generated:5:messages_per_case=1000000001",
        "generated:5:files_per_case=1000000001",
    ],
)
def test_38_an_absurd_scenario_is_a_usage_error(shell: Shell, scenario: str) -> None:
    ended = shell("emulator", "--scenario", scenario)
    _refused(ended, "")
    assert len(ended.err) < 500
