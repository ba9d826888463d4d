"""The zip: the same bytes on every machine and at every time, with the guide as a page as well."""

import hashlib
import io
import json
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from izoologic_cdf.bundle.build import BuildError
from izoologic_cdf.bundle.layout import (
    DEFINITION,
    GUIDE,
    GUIDE_PAGE,
    MANIFEST,
    MAX_MEMBER,
    MAX_MEMBERS,
    MAX_ZIP,
    MEMBERS,
    NAME,
    Member,
)
from izoologic_cdf.content import folder
from izoologic_cdf.errors import CdfError
from izoologic_cdf.language.spellings import NO_SPELLINGS, Spellings

# a zip has no time zone and no year before 1980; the same moment for every member
_MOMENT = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_FILE, _PROGRAM = 0o100644, 0o100755
_ENCRYPTED = 0x1
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }}
table {{ border-collapse: collapse; display: block; overflow-x: auto }}
th, td {{ border: 1px solid #8888; padding: .25rem .5rem; text-align: left; vertical-align: top }}
code, pre {{ font: .875em/1.4 ui-monospace, monospace }}
pre {{ overflow-x: auto; padding: .75rem; border: 1px solid #8884 }}
</style>
{body}
</html>
"""


class ZipError(CdfError):
    """A file that is not a bundle; the message says why."""


def members(
    definition: str, version: str, required: str, spellings: Spellings = NO_SPELLINGS
) -> dict[str, bytes]:
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
    files[MANIFEST] = manifest(files, version, required, spellings)
    return files


def manifest(
    files: Mapping[str, bytes], version: str, required: str, spellings: Spellings = NO_SPELLINGS
) -> bytes:
    """Return the manifest: name, versions, spellings, and size and SHA-256 of every other file."""
    spelt = spellings.as_data()
    data = {
        "name": NAME,
        "version": version,
        "required_threatq_version": required,
        **({"spellings": spelt} if spelt else {}),
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


@dataclass(frozen=True, slots=True)
class Packed:
    """One member of a zip: its bytes, and the file mode that it unpacks to (0 where unknown)."""

    body: bytes
    mode: int


def unpack(body: bytes) -> dict[str, Packed]:
    """Return the members of a zip by name.

    Raises:
        ZipError: this is not a zip file, or not one that is safe to unpack; the message says why.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            infos = archive.infolist()
            _check(infos)
            return {
                info.filename: Packed(archive.read(info), info.external_attr >> 16)
                for info in infos
            }
    except ZipError:
        raise
    except zipfile.BadZipFile as error:
        raise ZipError(f"it is not a zip file, or it is damaged ({error})") from None
    except Exception as error:  # noqa: BLE001 - a broken zip breaks its reader in many ways
        raise ZipError(f"it is damaged ({type(error).__name__})") from None


def _check(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse what a bundle never is, before anything is unpacked."""
    if len(infos) > MAX_MEMBERS:
        raise ZipError(f"it has {len(infos)} members; a bundle has at most {MAX_MEMBERS}")
    names: set[str] = set()
    for info in infos:
        name = info.filename
        if name.casefold() in names:
            raise ZipError(f"it has two members named {name!r}")
        names.add(name.casefold())
        if name.startswith(("/", "\\")) or ":" in name or ".." in re.split(r"[/\\]", name):
            raise ZipError(f"its member {name!r} would be unpacked outside of the folder")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ZipError(f"its member {name!r} is a link")
        if info.flag_bits & _ENCRYPTED:
            raise ZipError(f"its member {name!r} is encrypted")
        if info.file_size > MAX_MEMBER:
            raise ZipError(f"its member {name!r} is larger than {MAX_MEMBER} bytes")
    if sum(info.file_size for info in infos) > MAX_ZIP:
        raise ZipError(f"it unpacks to more than {MAX_ZIP} bytes")


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
    if member.source is None:
        raise BuildError(f"{member.path} is copied from nowhere")
    name, path = member.source
    try:
        body = (folder(name) / path).read_bytes()
    except OSError as error:
        place = f"{name}/{path}".removesuffix("/")
        raise BuildError(f"{place} cannot be read: {error.strerror}") from None
    # a checkout of git on Windows has other line ends, with which no shell runs the installer
    return body if b"\0" in body else body.replace(b"\r\n", b"\n")


def page(markdown_text: str) -> str:
    """Return a Markdown document as an HTML page that loads nothing from elsewhere.

    Its first line is the title, as `# Title`.
    """
    import markdown  # noqa: PLC0415 - only the build needs it, and it is slow to load

    title = markdown_text.partition("\n")[0].removeprefix("# ")
    body = markdown.markdown(
        markdown_text, extensions=["tables", "fenced_code", "toc"], output_format="html"
    )
    return _PAGE.format(title=title, body=body)
