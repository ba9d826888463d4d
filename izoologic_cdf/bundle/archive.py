"""The zip: the same bytes on every machine and at every time."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping

from izoologic_cdf.bundle.build import BuildError
from izoologic_cdf.bundle.layout import (
    DEFINITION,
    GUIDE,
    GUIDE_PAGE,
    MANIFEST,
    MEMBERS,
    NAME,
    Member,
)
from izoologic_cdf.bundle.page import page
from izoologic_cdf.content import folder

# a zip has no time zone and no year before 1980; the same moment for every member
_MOMENT = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_FILE, _PROGRAM = 0o100644, 0o100755


def members(definition: str, version: str, required: str) -> dict[str, bytes]:
    """Return the files of the bundle by their place, the manifest last.

    Raises:
        BuildError: a file is missing.
    """
    files: dict[str, bytes] = {}
    for member in MEMBERS:
        if member.path == DEFINITION:
            files[member.path] = definition.encode()
        elif member.source is not None:
            files[member.path] = _read(member)
        elif member.path == GUIDE_PAGE:
            files[member.path] = page(files[GUIDE].decode()).encode()
    files[MANIFEST] = manifest(files, version, required)
    return files


def manifest(files: Mapping[str, bytes], version: str, required: str) -> bytes:
    """Return the manifest: name, versions, and size and SHA-256 of every other file."""
    data = {
        "name": NAME,
        "version": version,
        "required_threatq_version": required,
        "files": [
            {"path": path, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for path, body in files.items()
        ],
    }
    return (json.dumps(data, indent=2) + "\n").encode()


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return the zip: members in order, not compressed, one time, fixed modes."""
    modes = {member.path: _PROGRAM if member.executable else _FILE for member in MEMBERS}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, body in files.items():
            info = zipfile.ZipInfo(path, _MOMENT)
            info.create_system = _UNIX
            info.external_attr = modes.get(path, _FILE) << 16
            archive.writestr(info, body)
    return buffer.getvalue()


def version_of(definition: str) -> tuple[str, str]:
    """Return version and required ThreatQ version of a built definition."""
    found = [
        re.search(rf'^{key}: "?([^"\n]+)"?$', definition, re.MULTILINE)
        for key in ("version", "required_threatq_version")
    ]
    if not all(found):
        raise BuildError("the definition names no versions")
    version, required = (match[1] for match in found if match)
    return version, required


def _read(member: Member) -> bytes:
    assert member.source is not None  # noqa: S101 - the caller has looked
    name, path = member.source
    try:
        return (folder(name) / path).read_bytes()
    except OSError as error:
        place = f"{name}/{path}".removesuffix("/")
        raise BuildError(f"{place} can't be read: {error.strerror}") from None
