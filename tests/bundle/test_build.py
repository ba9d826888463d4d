"""The uploadable file and the zip: native, readable, and the same bytes everywhere."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from izoologic_cdf import content
from izoologic_cdf.bundle import archive, layout
from izoologic_cdf.bundle.build import build_yaml
from izoologic_cdf.bundle.inline import inline, settled, with_statements
from izoologic_cdf.bundle.usage import uses
from izoologic_cdf.bundle.verify import verify
from izoologic_cdf.cli.main import main
from izoologic_cdf.language.nodes import Document
from tests.bundle.built import authored_files, built_text

FEEDS = [
    "iZoologic Incident Case Sync",
    "Get Incident Case Details",
    "Get Case Communications",
    "Get Case Files",
    "File Request",
    "iZoologic DLR Case Sync",
    "Get DLR Incident Case Details",
]


WINDOW = "        window: {days: 30}\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    assert main(["build", "--output", str(tmp_path / "dist")]) == 0
    return tmp_path / "dist" / "izoologic-sync-cases-1.1.0.zip"


def test_the_file_holds_all_feeds_in_the_order_of_the_guide() -> None:
    document = Document("built.yaml", built_text())
    feeds = {e.key: e.value for e in document.entries(document.root, "it")}["feeds"]
    assert [entry.key for entry in document.entries(feeds, "feeds")] == FEEDS


def test_the_file_has_no_tag_beyond_the_attested_ones() -> None:
    loader = yaml.SafeLoader
    events = yaml.parse(built_text(), Loader=loader)
    tags = {getattr(event, "tag", None) for event in events} - {None}
    assert tags == {"!expr", "!tmpl", "!json"}


def test_what_remains_unattested_is_the_known_list() -> None:
    document = Document("built.yaml", built_text())
    assert [use.convention.name for use in uses(document)] == [
        "login",
        "supplemental call",
        "fulfillment",
        "feed type",
        "sets of other object codes",
        "objects by an expression",
        "statements in templates",
        "template values with tags",
        "parse-json on made text",
        "filter-mapping on a missing key",
        "expressions by an alias",
        "global names of Jinja2",
        "failing on purpose",
        "first page",
        "null instead of an object",
        "timestamp format",
    ]


def test_every_anchor_of_the_file_is_used() -> None:
    events = [
        (getattr(event, "anchor", None), isinstance(event, yaml.AliasEvent))
        for event in yaml.parse(built_text(), Loader=yaml.SafeLoader)
    ]
    anchors = {anchor for anchor, alias in events if anchor and not alias}
    assert anchors == {anchor for anchor, alias in events if alias}


def test_two_builds_in_two_processes_with_other_hash_seeds_are_the_same_bytes(
    tmp_path: Path,
) -> None:
    digests = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed
        subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "izoologic_cdf.cli.main", "build", "--output", str(folder)],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC+{seed}"},
            cwd=tmp_path,
        )
        body = (folder / "izoologic-sync-cases-1.1.0.zip").read_bytes()
        digests.add(hashlib.sha256(body).hexdigest())
    assert len(digests) == 1


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
        manifest = json.loads(archived.read(layout.MANIFEST))
        for entry in manifest["files"]:
            body = archived.read(entry["path"])
            assert entry["sha256"] == hashlib.sha256(body).hexdigest()
        assert {e["path"] for e in manifest["files"]} | {layout.MANIFEST} == set(
            archived.namelist()
        )


def test_a_fresh_bundle_can_be_uploaded(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(bundle)]) == 0
    assert "this bundle can be uploaded" in capsys.readouterr().out


def repacked(bundle: Path, changes: dict[str, bytes | None], *, sums: bool) -> Path:
    """Return the bundle with files replaced or left out, with a manifest that fits or not."""
    with zipfile.ZipFile(bundle) as archived:
        files: dict[str, bytes | None] = {n: archived.read(n) for n in archived.namelist()}
    files |= changes
    kept = {name: body for name, body in files.items() if body is not None}
    if sums:
        old = json.loads(kept.pop(layout.MANIFEST))
        kept[layout.MANIFEST] = archive.manifest(
            kept, old["version"], old["required_threatq_version"]
        )
    bundle.write_bytes(archive.pack(kept))
    return bundle


def definition(bundle: Path) -> str:
    with zipfile.ZipFile(bundle) as archived:
        return archived.read(layout.DEFINITION).decode()


FAULTS: list[tuple[str, dict[str, bytes | None], bool, str]] = [
    ("a byte of the guide", {layout.GUIDE: b"x"}, False, "size or SHA-256 differs"),
    ("no icon", {layout.OBJECT_ICON: None}, True, "this file is missing"),
    ("no manifest", {layout.MANIFEST: None}, False, "this file is missing"),
    ("an odd file", {"notes.txt": b"x"}, True, "does not belong into the bundle"),
    ("an icon that is none", {layout.OBJECT_ICON: b"<svg"}, True, "this is no SVG"),
    ("another object", {layout.OBJECT_DEFINITION: b'[{"code": "x"}]'}, True, "'account'"),
    ("no script", {layout.OBJECT_INSTALLER: b"echo"}, True, "this is no shell script"),
    ("a logo that is none", {layout.LOGO: b"\x89PNG"}, True, "no PNG of 240 x 112"),
    ("an older guide", {layout.GUIDE: b"Version 1.0.9\n"}, True, "the version is 1.0.9"),
    ("an older change log", {layout.CHANGELOG: b"## [1.0.9]\n"}, True, "the version is 1.0.9"),
    ("a guide without version", {layout.GUIDE: b"Guide\n"}, True, "no version is named"),
    ("no YAML", {layout.DEFINITION: b'version: "1.1.0"\n a: ['}, True, "can't be loaded"),
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
    capsys.readouterr()
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


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 cut", b"no zip at all"])
def test_a_file_that_is_no_zip_is_named(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(body)
    assert "this is no bundle" in str(verify(path)[0])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "this is no bundle" in str(verify(tmp_path / "none.zip")[0])


def test_definitions_that_disagree_make_no_file(tmp_path: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in authored_files()]
    for name, text in zip("ab", texts, strict=True):
        (tmp_path / f"{name}.yaml").write_text(
            text.replace("window_days: 30", f"window_days: {30 + (name == 'b')}"), encoding="utf-8"
        )
    with pytest.raises(Exception, match="disagree about 'window_days'"):
        build_yaml([tmp_path / "a.yaml", tmp_path / "b.yaml"], content.folder("filters"))


def test_an_expression_behind_a_name_is_written_in_brackets() -> None:
    meanings = settled({"a": "x + 1", "b": "a * 2"})
    assert inline("b.a ~ 'a' ~ {'a': a}.a", meanings) == "((x + 1) * 2).a ~ 'a' ~ {'a': (x + 1)}.a"


def test_a_template_sets_the_names_that_it_uses_and_no_other() -> None:
    text = with_statements("{{ b }}!", {"a": "x + 1", "b": "a * 2", "c": "b"})
    assert text == "{%- set a = x + 1 -%}\n{%- set b = a * 2 -%}\n{{ b }}!"
