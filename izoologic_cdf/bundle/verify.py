"""Checks a bundle before it is uploaded: sums, versions, custom object, definition, limits.

What counts is what the zip holds, not its name. That its parts fit together does not prove where it
comes from: whoever makes another bundle makes its manifest as well.
"""

import hashlib
import json
import re
import stat
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from izoologic_cdf.bundle import archive, layout
from izoologic_cdf.bundle.checklist import uses
from izoologic_cdf.errors import Position
from izoologic_cdf.language import overlay
from izoologic_cdf.language.load import load_document
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import DefinitionError
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.language.spellings import spellings_of
from izoologic_cdf.lint.check import lint_document
from izoologic_cdf.printable import printable

# how a PNG begins, up to its width, and how it ends
_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_Files = Mapping[str, bytes]
_AGAIN = "build the bundle again with `izoologic-cdf build`"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a bundle: which file, what, and what to do."""

    path: str
    message: str
    help: str

    @property
    def lines(self) -> list[str]:
        """The fault for people: what, and what to do."""
        return [f"{self.path}: {self.message}", f"    help: {self.help}"]

    def __str__(self) -> str:
        return "\n".join(map(printable, self.lines))


@dataclass(frozen=True, slots=True)
class Verified:
    """What is wrong with a bundle, nothing where it can be uploaded, and which one it is.

    Version and SHA-256 (lower-case hexadecimal, of the whole file) are null where there is none.
    """

    faults: tuple[Fault, ...]
    version: str | None = None
    sha256: str | None = None


def verify(path: Path) -> list[Fault]:
    """Return what is wrong with a zip; an empty list for a bundle that can be uploaded."""
    return list(examine(path).faults)


def examine(path: Path) -> Verified:
    """Check a zip; whatever it holds ends in faults, never in an error."""
    sha256 = None
    try:
        body = _read(path)
        sha256 = hashlib.sha256(body).hexdigest()
        members = archive.unpack(body)
    except (OSError, ValueError, archive.ZipError) as error:
        reason = (error.strerror or error) if isinstance(error, OSError) else error
        fault = Fault(path.name or str(path), f"this is not a bundle: {reason}", _AGAIN)
        return Verified((fault,), sha256=sha256)
    files = {name: member.body for name, member in members.items()}
    faults = list(_contents(members, files))
    for where, check in _CHECKS.items() if not faults else ():
        try:
            faults += check(files)
        except Exception as error:  # noqa: BLE001 - files that somebody made to break their reader
            faults.append(Fault(where, f"this cannot be checked ({type(error).__name__})", _AGAIN))
    version = _manifest(files).get("version")
    return Verified(tuple(faults), version if isinstance(version, str) else None, sha256)


def _read(path: Path) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):
        raise archive.ZipError("it is not a regular file")
    with path.open("rb") as file:
        body = file.read(layout.MAX_ZIP + 1)
    if len(body) > layout.MAX_ZIP:
        raise archive.ZipError(f"it is larger than {layout.MAX_ZIP} bytes")
    return body


def _contents(members: Mapping[str, archive.Packed], files: _Files) -> Iterator[Fault]:
    """Compare the members with the layout and with the manifest."""
    wanted = {member.path for member in layout.MEMBERS}
    for missing in sorted(wanted - files.keys()):
        yield Fault(missing, "this file is missing", _AGAIN)
    for odd in sorted(files.keys() - wanted):
        yield Fault(odd, "this file does not belong in the bundle", "remove it, or build again")
    if layout.MANIFEST in files:
        if not _manifest(files):
            yield Fault(layout.MANIFEST, "this is not a manifest", _AGAIN)
        entries = _manifest(files).get("files")
        sums = {
            str(entry.get("path")): (entry.get("size"), entry.get("sha256"))
            for entry in (entries if isinstance(entries, list) else [])
            if isinstance(entry, dict)
        }
        for path in sorted(files.keys() - {layout.MANIFEST}):
            body = files[path]
            if path not in sums:
                yield Fault(path, f"{layout.MANIFEST} does not name this file", _AGAIN)
            elif sums[path] != (len(body), hashlib.sha256(body).hexdigest()):
                yield Fault(path, f"size or SHA-256 differs from {layout.MANIFEST}", _AGAIN)
    for member in layout.MEMBERS:
        # 0 is a zip that has no modes
        mode = members[member.path].mode if member.path in members else 0
        if member.executable and mode and not mode & stat.S_IXUSR:
            yield Fault(member.path, "this cannot be executed once it is unpacked", _AGAIN)


def _manifest(files: _Files) -> dict[str, Any]:
    try:
        data = json.loads(files.get(layout.MANIFEST, b""))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _versions(files: _Files) -> Iterator[Fault]:
    """Find the version in every place that names it, and compare."""
    due = {key: str(_manifest(files).get(key)) for key in ("version", "required_threatq_version")}
    for place, path, key, pattern in (
        (layout.DEFINITION, layout.DEFINITION, "version", r'^version: "?([^"\n]+?)"?$'),
        (
            f"{layout.DEFINITION} (ThreatQ)",
            layout.DEFINITION,
            "required_threatq_version",
            r'^required_threatq_version: "?([^"\n]+?)"?$',
        ),
        (layout.GUIDE, layout.GUIDE, "version", r"^.*[Vv]ersion\W+(\d+\.\d+\.\d+)"),
        (layout.CHANGELOG, layout.CHANGELOG, "version", r"^## \[?(\d+\.\d+\.\d+)\]?"),
    ):
        found = re.search(pattern, files[path].decode("utf-8", "replace"), re.MULTILINE)
        says = f"{layout.MANIFEST} says {due[key]}"
        if found is None:
            yield Fault(place, "no version is named here", says)
        elif found[1] != due[key]:
            message = f"the version is {found[1]}, {says}"
            yield Fault(place, message, "let all places name one version, and build again")


def _custom_object(files: _Files) -> Iterator[Fault]:
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
        yield Fault(
            layout.OBJECT_ICON, "this is not an SVG image", "take the icon from the project"
        )
    installer = files[layout.OBJECT_INSTALLER]
    if not installer.startswith((b"#!/bin/sh\n", b"#!/bin/sh\r\n")):
        yield Fault(
            layout.OBJECT_INSTALLER, "this is not a shell script", "take it from the project"
        )
    elif b"\r" in installer:
        yield Fault(
            layout.OBJECT_INSTALLER, "no shell runs this: it has Windows line endings", _AGAIN
        )


def _logo(files: _Files) -> Iterator[Fault]:
    body = files[layout.LOGO]
    whole = body.startswith(_PNG) and body.endswith(_PNG_END)
    size = struct.unpack(">II", body[16:24]) if whole else None
    if size != layout.LOGO_SIZE:
        wanted = " x ".join(map(str, layout.LOGO_SIZE))
        yield Fault(layout.LOGO, f"this is not a PNG of {wanted} pixels", "draw it in that size")


def _definition(files: _Files) -> Iterator[Fault]:
    try:
        spellings = spellings_of(_manifest(files).get("spellings"), layout.MANIFEST)
    except DefinitionError as error:
        yield Fault(layout.MANIFEST, f"its spellings cannot be used\n{error}", _AGAIN)
        return
    try:
        text = files[layout.DEFINITION].decode("utf-8")
        document = spellings.applied(Document(layout.DEFINITION, text))
        # a folder that is not there: a bundle carries no Python
        load_document(document, Path(layout.DEFINITION), PythonFilters(Path("no-filters")))
    except UnicodeDecodeError:
        yield Fault(layout.DEFINITION, "this is not UTF-8", _AGAIN)
        return
    except DefinitionError as error:
        yield Fault(layout.DEFINITION, f"this cannot be loaded\n{error}", _AGAIN)
        return
    ours = [
        (Position(layout.DEFINITION, number, line.index(overlay.KEY) + 1), overlay.KEY)
        for number, line in enumerate(document.lines, start=1)
        if overlay.KEY in line
    ]
    ours += [(u.places[0], u.convention.name) for u in uses(document) if not u.convention.uploaded]
    for position, name in ours:
        yield Fault(str(position), f"{name} is known to our runtime alone", _AGAIN)
    for found in lint_document(document, Path(layout.DEFINITION)):
        explained = f"see `izoologic-cdf lint --explain {found.code}`"
        yield Fault(str(found.position), found.message, found.help or explained)


_CHECKS: Mapping[str, Callable[[_Files], Iterable[Fault]]] = {
    layout.MANIFEST: _versions,
    layout.OBJECT_FOLDER: _custom_object,
    layout.LOGO: _logo,
    layout.DEFINITION: _definition,
}
