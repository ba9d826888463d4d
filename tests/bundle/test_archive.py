"""The zip: what is in it, and what `verify` finds wrong with one."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from izoologic_cdf.bundle import archive, layout
from izoologic_cdf.bundle.verify import verify
from izoologic_cdf.cli.main import main
from tests.support.built import built_zip
from tests.support.zips import repacked

pytestmark = pytest.mark.usefixtures("a_definition_is_checked_once")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "izoologic-sync-cases-1.1.0.zip"
    path.write_bytes(built_zip())
    return path


def test_members_are_stored_with_fixed_order_times_and_modes(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archived:
        infos = archived.infolist()
    assert [info.filename for info in infos] == [member.path for member in layout.MEMBERS]
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    modes = {info.filename: info.external_attr >> 16 & 0o777 for info in infos}
    assert modes.pop(layout.OBJECT_INSTALLER) == 0o755
    assert set(modes.values()) == {0o644}


def test_the_manifest_names_every_other_file_with_its_sum(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archived:
        text = archived.read(layout.MANIFEST).decode()
        manifest = json.loads(text)
        # for people too: a key a line, indented like any other JSON of the project
        assert text.startswith('{\n  "name": ')
        for entry in manifest["files"]:
            body = archived.read(entry["path"])
            assert entry["sha256"] == hashlib.sha256(body).hexdigest()
        assert {e["path"] for e in manifest["files"]} | {layout.MANIFEST} == set(
            archived.namelist()
        )


def test_a_fresh_bundle_can_be_uploaded(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(bundle)]) == 0
    assert "this bundle can be uploaded" in capsys.readouterr().out


def definition(bundle: Path) -> str:
    with zipfile.ZipFile(bundle) as archived:
        return archived.read(layout.DEFINITION).decode()


FAULTS: list[tuple[str, dict[str, bytes | None], bool, str]] = [
    ("a byte of the guide", {layout.GUIDE: b"x"}, False, "size or SHA-256 differs"),
    ("no icon", {layout.OBJECT_ICON: None}, True, "this file is missing"),
    ("no manifest", {layout.MANIFEST: None}, False, "this file is missing"),
    ("an odd file", {"notes.txt": b"x"}, True, "does not belong in the bundle"),
    ("an icon that is none", {layout.OBJECT_ICON: b"<svg"}, True, "this is not an SVG image"),
    ("another object", {layout.OBJECT_DEFINITION: b'[{"code": "x"}]'}, True, "'account'"),
    ("no script", {layout.OBJECT_INSTALLER: b"echo"}, True, "this is not a shell script"),
    ("a logo that is none", {layout.LOGO: b"\x89PNG"}, True, "not a PNG of 240 x 112"),
    ("an older guide", {layout.GUIDE: b"Version 1.0.9\n"}, True, "the version is 1.0.9"),
    ("an older change log", {layout.CHANGELOG: b"## [1.0.9]\n"}, True, "the version is 1.0.9"),
    ("a guide without version", {layout.GUIDE: b"Guide\n"}, True, "no version is named"),
    ("no YAML", {layout.DEFINITION: b'version: "1.1.0"\n a: ['}, True, "cannot be loaded"),
    ("no UTF-8", {layout.DEFINITION: b"\xff"}, True, "not UTF-8"),
]


@pytest.mark.parametrize(("name", "changes", "sums", "said"), FAULTS, ids=[f[0] for f in FAULTS])
def test_a_fault_of_a_bundle_is_named(
    bundle: Path,
    name: str,
    changes: dict[str, bytes | None],
    sums: bool,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["verify", str(repacked(bundle, changes, sums=sums))]) == 1
    assert said in capsys.readouterr().out


def test_one_changed_byte_anywhere_in_a_member_is_found(bundle: Path) -> None:
    body = bytearray(bundle.read_bytes())
    at = body.find(b"Compromised Account")
    body[at] ^= 1
    bundle.write_bytes(bytes(body))
    assert verify(bundle)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('version: "1.1.0"', 'version: "1.0.9"', "the version is 1.0.9"),
        ('">=5.29.0"', '">=5.30.0"', "the version is >=5.30.0"),
        ("    category: Commercial\n", "    category: Comercial\n", "Comercial"),
        (
            "        method: POST\n",
            "        method: POST\n        window: {days: 30}\n",
            "runtime alone",
        ),
        (
            "    category: Commercial\n",
            "    category: Commercial\n    _uploaded: {category: OSINT}\n",
            "_uploaded is known to our runtime alone",
        ),
    ],
)
def test_a_definition_that_is_not_right_is_named(
    bundle: Path, old: str, new: str, said: str
) -> None:
    text = definition(bundle)
    assert old in text
    changed = text.replace(old, new, 1).encode()
    faults = verify(repacked(bundle, {layout.DEFINITION: changed}, sums=True))
    assert any(said in str(fault) for fault in faults)


def test_the_largest_member_may_be_as_large_as_it_says(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(bundle) as archived:
        largest = max(info.file_size for info in archived.infolist())
    monkeypatch.setattr(archive, "MAX_MEMBER", largest)
    assert verify(bundle) == []
    monkeypatch.setattr(archive, "MAX_MEMBER", largest - 1)
    assert f"is larger than {largest - 1} bytes" in str(verify(bundle)[0])


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 cut", b"no zip at all"])
def test_a_file_that_is_no_zip_is_named(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(body)
    assert "this is not a bundle" in str(verify(path)[0])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "this is not a bundle" in str(verify(tmp_path / "none.zip")[0])
