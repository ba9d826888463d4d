"""The files of a case, and writing the bytes of one, whose name somebody else chose."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from izoologic_cdf.cli import streams
from izoologic_cdf.errors import UsageError
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.library import finding, queries
from izoologic_cdf.library.attachments import safe_name
from izoologic_cdf.library.queries import Filters
from izoologic_cdf.library.store import Library
from izoologic_cdf.printable import printable

_MODE = 0o600
# similar case ids that are named
_MAX_SIMILAR = 5


class CaseFile(NamedTuple):
    """A file of a case; size in bytes and digest are null while its bytes were not fetched."""

    name: str
    size: int | None
    published: str | None
    sha256: str | None


def read_files(library: Library, case: str) -> list[CaseFile]:
    """Return the files of a case, by name; raises UsageError where there is no such case."""
    of_case = Filters(case=[case])
    if not queries.read_list(library, "cases", of_case, columns=["case_id"], limit=1).total:
        similar = [one.value for one in finding.find(library, case) if one.view == "cases"]
        hint = f"; similar: {', '.join(similar[:_MAX_SIMILAR])}" if similar else ""
        raise UsageError(f"there is no case {case!r}{hint}")
    found = queries.read_list(library, "files", of_case, columns=CaseFile._fields, sort="name")
    return list(map(CaseFile._make, found.rows))


def choose(
    found: Sequence[CaseFile], case: str, name: str, digest: str | None
) -> tuple[CaseFile, str]:
    """Return the file of that name and its digest.

    Raises:
        UsageError: there is none, or several, or its bytes are not there.
    """
    # as it is, or as lists print it, with an escape for what nobody can type
    named = [one for one in found if one.name == name]
    named = named or [one for one in found if printable(one.name) == name]
    if not named:
        hint = did_you_mean(name, {one.name for one in found}) or "it has none"
        raise UsageError(f"case {case} has no file {name!r}; {hint}")
    fetched = [one for one in named if one.sha256 is not None]
    if not fetched:
        raise UsageError(
            f"the bytes of {name!r} were not fetched yet: `izoologic-cdf status` says why"
        )
    wanted = (digest or "").lower()
    fitting = {one.sha256: one for one in fetched if (one.sha256 or "").startswith(wanted)}
    if len(fitting) != 1:
        what = "no file of that name has the digest; there is" if not fitting else "choose one of"
        raise UsageError(
            f"case {case}, {name!r}: {what}",
            *(
                f"  --sha256 {one.sha256}  ({one.size:,} bytes, {one.published or 'undated'})"
                for one in fetched
            ),
        )
    ((key, one),) = fitting.items()
    return one, key or ""


def write(parts: Iterable[bytes], name: str, output: str | None, *, force: bool) -> Path | None:
    """Write bytes to a file for this user alone; return its path, null for standard output.

    No link is followed at its end, and a file that is there is replaced with `force` alone.

    Raises:
        UsageError: there is a file already, or it cannot be written.
    """
    if output == "-":
        streams.pour_bytes(parts)
        return None
    path = Path(output) if output is not None else Path()
    if output is None or path.is_dir():
        path /= safe_name(name)
    elif output.endswith(os.sep):
        raise UsageError(f"there is no folder {output}")
    try:
        if not force:
            # fails where anything is there, be it a link to nothing
            _write(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), path, parts)
            return path
        if path.exists() and not path.is_file():
            # a device of this machine that is replaced, as root can, is one no more
            raise UsageError(f"{path} is no file: choose another name with -o")
        replace(path, parts)
    except FileExistsError:
        hint = "choose another name with -o, or add --force"
        raise UsageError(f"{path} is there already: {hint}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    return path


def replace(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file for this user alone once all is there; what has its name is replaced.

    Raises:
        OSError: it cannot be written.
    """
    number, temporary = tempfile.mkstemp(dir=path.parent, prefix=".izoologic-cdf-")
    _write(number, Path(temporary), parts)
    try:
        # what is there is replaced, not written through
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink()
        raise


def _write(number: int, path: Path, parts: Iterable[bytes]) -> None:
    """Write an open file; what cannot be written whole goes."""
    try:
        with os.fdopen(number, "wb") as file:
            file.writelines(parts)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
