"""Checks a bundle before it is uploaded: sums, versions, custom object, definition, limits."""

import hashlib
import json
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from izoologic_cdf.bundle import layout
from izoologic_cdf.bundle.usage import uses
from izoologic_cdf.language import overlay
from izoologic_cdf.language.load import load_document
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import DefinitionError
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.lint.check import lint_document

# how a PNG begins, up to its width, and how it ends
_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a bundle: which file, what, and what to do."""

    path: str
    message: str
    help: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}\n    help: {self.help}"


_AGAIN = "build the bundle again with `izoologic-cdf build`"


def verify(path: Path) -> list[Fault]:
    """Return what is wrong with a zip; an empty list for a bundle that can be uploaded."""
    try:
        files = _unpacked(path)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return [Fault(path.resolve().name, f"this is no bundle: {reason}", _AGAIN)]
    faults = list(_contents(files))
    if faults:
        return faults
    return [
        *_versions(path, files),
        *_custom_object(files),
        *_logo(files[layout.LOGO]),
        *_definition(files[layout.DEFINITION]),
    ]


def _unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if len(infos) > layout.MOST_MEMBERS:
            raise ValueError(f"it has {len(infos)} members")
        names = [info.filename for info in infos]
        if len(set(names)) != len(names):
            raise ValueError("it has two members of one name")
        for info in infos:
            if info.file_size > layout.LARGEST_MEMBER:
                raise ValueError(f"{info.filename} is larger than {layout.LARGEST_MEMBER} bytes")
        return {info.filename: archive.read(info) for info in infos}


def _contents(files: dict[str, bytes]) -> Iterator[Fault]:
    """Compare the files with the layout and with the manifest."""
    wanted = {member.path for member in layout.MEMBERS}
    for missing in sorted(wanted - set(files)):
        yield Fault(missing, "this file is missing", _AGAIN)
    for odd in sorted(set(files) - wanted):
        yield Fault(odd, "this file does not belong into the bundle", "remove it, or build again")
    if layout.MANIFEST not in files:
        return
    entries = _manifest(files).get("files")
    sums = {
        str(entry.get("path")): (entry.get("size"), entry.get("sha256"))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
    }
    for path, body in sorted(files.items()):
        if path == layout.MANIFEST:
            continue
        if path not in sums:
            yield Fault(path, f"{layout.MANIFEST} does not name this file", _AGAIN)
        elif sums[path] != (len(body), hashlib.sha256(body).hexdigest()):
            yield Fault(path, f"size or SHA-256 differs from {layout.MANIFEST}", _AGAIN)


def _manifest(files: dict[str, bytes]) -> dict[str, Any]:
    try:
        data = json.loads(files[layout.MANIFEST])
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _versions(path: Path, files: dict[str, bytes]) -> Iterator[Fault]:
    """Find the version in every place that names it, and compare."""
    manifest = _manifest(files)
    version = str(manifest.get("version"))
    places = {
        path.name: (re.search(r"-(\d[\w.]*)\.zip$", path.name), version),
        layout.DEFINITION: (
            _named(files[layout.DEFINITION], r'^version: "?([^"\n]+?)"?$'),
            version,
        ),
        f"{layout.DEFINITION} (ThreatQ)": (
            _named(files[layout.DEFINITION], r'^required_threatq_version: "?([^"\n]+?)"?$'),
            str(manifest.get("required_threatq_version")),
        ),
        layout.GUIDE: (_named(files[layout.GUIDE], r"^.*[Vv]ersion\W+(\d+\.\d+\.\d+)"), version),
        layout.CHANGELOG: (
            _named(files[layout.CHANGELOG], r"^## \[?(\d+\.\d+\.\d+)\]?"),
            version,
        ),
    }
    for place, (found, due) in places.items():
        if found is None:
            yield Fault(place, "no version is named here", f"{layout.MANIFEST} says {due}")
        elif found[1] != due:
            yield Fault(
                place,
                f"the version is {found[1]}, {layout.MANIFEST} says {due}",
                "let all places name one version, and build again",
            )


def _named(body: bytes, pattern: str) -> re.Match[str] | None:
    return re.search(pattern, body.decode("utf-8", "replace"), re.MULTILINE)


def _custom_object(files: dict[str, bytes]) -> Iterator[Fault]:
    try:
        objects = json.loads(files[layout.OBJECT_DEFINITION])
        codes = [one["code"] for one in objects]
    except (ValueError, TypeError, KeyError):
        codes = []
    if codes != [layout.OBJECT_CODE]:
        yield Fault(
            layout.OBJECT_DEFINITION,
            f"this does not define the one object {layout.OBJECT_CODE!r}",
            "the feeds report that object; take the file from the project",
        )
    try:
        root = ET.fromstring(files[layout.OBJECT_ICON])  # noqa: S314 - our own small file
        is_svg = root.tag.endswith("svg")
    except ET.ParseError:
        is_svg = False
    if not is_svg:
        yield Fault(layout.OBJECT_ICON, "this is no SVG", "take the icon from the project")
    if not files[layout.OBJECT_INSTALLER].startswith(b"#!/bin/sh\n"):
        yield Fault(layout.OBJECT_INSTALLER, "this is no shell script", "take it from the project")


def _logo(body: bytes) -> Iterator[Fault]:
    whole = body.startswith(_PNG) and body.endswith(_PNG_END)
    size = struct.unpack(">II", body[16:24]) if whole else None
    if size != layout.LOGO_SIZE:
        wanted = " x ".join(map(str, layout.LOGO_SIZE))
        yield Fault(layout.LOGO, f"this is no PNG of {wanted} pixels", "draw it in that size")


def _definition(body: bytes) -> Iterator[Fault]:
    try:
        document = Document(layout.DEFINITION, body.decode("utf-8"))
        # a folder that is not there: a bundle carries no Python
        load_document(document, Path(layout.DEFINITION), PythonFilters(Path("no-filters")))
    except UnicodeDecodeError:
        yield Fault(layout.DEFINITION, "this is not UTF-8", _AGAIN)
        return
    except DefinitionError as error:
        yield Fault(layout.DEFINITION, f"this can't be loaded\n{error}", _AGAIN)
        return
    for number, line in enumerate(document.lines, start=1):
        if overlay.KEY in line:
            at = f"{layout.DEFINITION}:{number}:{line.index(overlay.KEY) + 1}"
            yield Fault(at, f"{overlay.KEY} is known to our runtime alone", _AGAIN)
    for use in uses(document):
        if not use.convention.uploaded:
            yield Fault(
                f"{layout.DEFINITION}:{use.places[0].line}:{use.places[0].column}",
                f"{use.convention.name} is known to our runtime alone",
                _AGAIN,
            )
    for finding in lint_document(document, Path(layout.DEFINITION)):
        at = f"{layout.DEFINITION}:{finding.position.line}:{finding.position.column}"
        yield Fault(at, finding.message, finding.help or "see the rule's page")
