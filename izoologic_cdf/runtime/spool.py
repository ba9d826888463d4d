"""Files as they come: large ones on disk for as long as they are needed, and pages in their place.

What is left of a download that failed is deleted at once: a file that is asked for five times must
not take its room five times.
"""

import errno
import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from izoologic_cdf.errors import CdfError
from izoologic_cdf.runtime.bodies import NoJsonError, parse_json
from izoologic_cdf.runtime.scratch import Scratch

# a file up to this size stays in memory, where filters can look into it
LARGEST_IN_MEMORY = 65_536
# what markup begins with, after marks and blanks
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<\0?[!?A-Za-z]")
_HEAD = 512
# extensions of files that are never markup
_NO_MARKUP = re.compile(
    "7z|apk|avif?|bmp|bz2|csv|dmg|docm?|docx|exe|gif|gz|heic|ico|ipa|jar|jfif|jpe?g?|json|mkv|mov|mp[34]"
    "|msg|msi|od[pst]|ogg|p7m|pcap|pdf|png|pptx?|rar|rtf|tar|tgz|tiff?|wav|web[mp]|wmv|xlsm?|xlsx|xz"
    "|zip|zst"
)
# but programs save documents of an office as HTML under the old names
_OFFICE = b"schemas-microsoft-com:"
_TEXTS = frozenset({"csv", "json"})


class SpoolError(CdfError):
    """A file that this machine cannot keep; the message says what to do."""


@dataclass(frozen=True, slots=True)
class SpooledBody:
    """A body too large for memory: a file that is deleted when the item is committed."""

    path: Path
    size: int
    sha256: str

    def discard(self) -> None:
        """Delete the file, if it is still there."""
        self.path.unlink(missing_ok=True)


class Spool:
    """Keeps large bodies in a folder of the run; safe to be shared by threads."""

    def __init__(self) -> None:
        self._folder: Scratch | None = None
        self._closed = False
        self._lock = threading.Lock()

    def close(self) -> None:
        """Delete all bodies; a worker that nobody waited for makes no more of them."""
        with self._lock:
            self._closed = True
            if self._folder is not None:
                self._folder.remove()

    def keep(self, chunks: Iterator[bytes]) -> bytes | SpooledBody:
        """Return a body that comes in chunks: as bytes where it is small, else as a file.

        Raises:
            SpoolError: this machine has no room for it.
        """
        start = b""
        for chunk in chunks:
            start += chunk
            if len(start) > LARGEST_IN_MEMORY:
                return self._write(start, chunks)
        return start

    def _write(self, start: bytes, chunks: Iterator[bytes]) -> SpooledBody:
        handle, path = self._make()
        digest, size = hashlib.sha256(), 0
        try:
            with os.fdopen(handle, "wb", buffering=0) as file:
                chunk: bytes | None = start
                while chunk:
                    _write_all(file.fileno(), chunk)
                    digest.update(chunk)
                    size += len(chunk)
                    chunk = next(chunks, None)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return SpooledBody(path, size, digest.hexdigest())

    def _make(self) -> tuple[int, Path]:
        """Return an open file in the folder."""
        with self._lock:
            if self._closed:
                raise SpoolError("the run is over")
            try:
                if self._folder is None:
                    self._folder = Scratch()
                handle, name = tempfile.mkstemp(dir=self._folder.name)
            except OSError as error:
                raise _no_room(error) from None
        return handle, Path(name)


def _write_all(handle: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[os.write(handle, rest) :]
    except OSError as error:
        raise _no_room(error) from None


def _no_room(error: OSError) -> SpoolError:
    reason = error.strerror or "it cannot be used"
    remedy = (
        "raise `ulimit -n`" if error.errno in (errno.EMFILE, errno.ENFILE) else "free some room"
    )
    return SpoolError(
        f"the temporary folder cannot keep the file ({reason}); {remedy}, or name another folder "
        f"in TMPDIR"
    )


def intruder(name: str, body: bytes | Path) -> str | None:
    """Return what came in place of a file of that name: a page or a JSON answer; null for the file.

    Only where the name rules it out: a page under a name that may be one is kept.
    """
    extension = name.rpartition(".")[2].strip().lower() if "." in name else ""
    if not _NO_MARKUP.fullmatch(extension):
        return None
    if isinstance(body, bytes):
        head = body[:_HEAD]
    else:
        with body.open("rb") as file:
            head = file.read(_HEAD)
    if _MARKUP.match(head) and _OFFICE not in head:
        return f"a page came where the name says {extension}"
    if extension in _TEXTS or not isinstance(body, bytes) or head.lstrip()[:1] != b"{":
        return None
    try:
        is_object = isinstance(parse_json(body), dict)
    except NoJsonError:
        return None
    return f"a JSON answer came where the name says {extension}" if is_object else None
