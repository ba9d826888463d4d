"""Large bodies on disk, for as long as a run needs them, and what killed runs have left there.

The folder of a run is locked as long as its process lives, whatever kills it, so that the next run
recognizes what nobody needs any more. That run removes only what has the name, the owner and the
content of such a folder, and follows no link. A download that failed is deleted at once: a file
that is requested five times must not take its room five times.
"""

import contextlib
import errno
import hashlib
import itertools
import os
import re
import shutil
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from izoologic_cdf.errors import Cause, ItemError

PREFIX = "izoologic-cdf-"
# a body up to this size stays in memory, where filters can look into it
MAX_IN_MEMORY = 65_536
# what `tempfile` appends to a prefix
_RANDOM = "[a-z0-9_]{8}"
_FOLDER = re.compile(re.escape(PREFIX) + _RANDOM)
_FILE = re.compile("tmp" + _RANDOM)


class SpoolError(ItemError):
    """This machine cannot keep a body; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message, cause=Cause.MACHINE)


@dataclass(frozen=True, slots=True)
class SpooledBody:
    """A body too large for memory: a file that is deleted when its case is committed."""

    path: Path
    size: int
    sha256: str

    def discard(self) -> None:
        """Delete the file, if it is still there."""
        self.path.unlink(missing_ok=True)


class Spool:
    """Keeps the large bodies of a run in its folder; threads may share it."""

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
        """Return a body that arrives in chunks: as bytes where it is small, else as a file.

        Raises:
            SpoolError: this machine has no room for it.
        """
        start = b""
        for chunk in chunks:
            start += chunk
            if len(start) > MAX_IN_MEMORY:
                return self._write(itertools.chain((start,), chunks))
        return start

    def _write(self, chunks: Iterator[bytes]) -> SpooledBody:
        handle, path = self._open()
        digest, size = hashlib.sha256(), 0
        try:
            for chunk in chunks:
                _write_all(handle, chunk)
                digest.update(chunk)
                size += len(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
        return SpooledBody(path, size, digest.hexdigest())

    def _open(self) -> tuple[int, Path]:
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
    no_handles = error.errno in (errno.EMFILE, errno.ENFILE)
    remedy = "raise `ulimit -n`" if no_handles else "free some room"
    return SpoolError(
        f"the temporary folder cannot keep the file ({error.strerror or 'it cannot be used'}); "
        f"{remedy}, or name another folder in TMPDIR"
    )


class Scratch:
    """A folder for temporary files, locked until it is removed or its process is gone."""

    def __init__(self) -> None:
        """Create it; raises OSError. A run that looks for leftovers may meet it before its lock."""
        self._handle: int | None = None
        while True:
            self.name = tempfile.mkdtemp(prefix=PREFIX)
            if sys.platform == "win32":
                return
            with contextlib.suppress(FileNotFoundError):
                self._handle = os.open(self.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                if _lock(self._handle, wait=True) and Path(self.name).exists():
                    return
                os.close(self._handle)

    def remove(self) -> None:
        """Remove it with its files, also those that a thread still writes to."""
        shutil.rmtree(self.name, ignore_errors=True)
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def remove_leftovers() -> None:
    """Remove the folders of killed runs, as far as they are this user's."""
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if _FOLDER.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    _remove_leftover(entry.path)


def _remove_leftover(path: str) -> None:
    """Remove a folder whose process is gone; raises OSError where that is refused."""
    if sys.platform == "win32":
        return
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(folder).st_uid != os.geteuid() or not _lock(folder, wait=False):
            return
        names = os.listdir(folder)  # noqa: PTH208 - by its handle, whatever has its name by now
        if all(_is_ours(name, folder) for name in names):
            for name in names:
                os.unlink(name, dir_fd=folder)
            Path(path).rmdir()
    finally:
        os.close(folder)


def _is_ours(name: str, folder: int) -> bool:
    is_file = stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return is_file and _FILE.fullmatch(name) is not None


def _lock(handle: int, *, wait: bool) -> bool:
    """Lock a folder until its handle is closed, by the end of the process at the latest."""
    import fcntl  # noqa: PLC0415 - not on Windows

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        # another process has it, or this file system has no locks: then nothing is recognized
        return wait
    return True
