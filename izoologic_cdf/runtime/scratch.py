"""Folders for files that last as long as a run, and what is left of runs that were killed.

Such a folder is locked as long as its process lives, whatever kills it, so the next run can tell
what nobody needs any more. It removes only what has the name, the owner and the content of such a
folder, and follows no link.
"""

import contextlib
import os
import re
import shutil
import stat
import sys
import tempfile
import threading
from pathlib import Path

PREFIX = "izoologic-cdf-"
# what `tempfile` appends to a prefix
_RANDOM = "[a-z0-9_]{8}"
_FOLDER = re.compile(re.escape(PREFIX) + _RANDOM)
_FILE = re.compile("tmp" + _RANDOM)


class Scratch:
    """A folder for temporary files, made with the first of them; safe to be shared by threads."""

    def __init__(self) -> None:
        self._folder: str | None = None
        self._handle: int | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def new_file(self) -> tuple[int, Path]:
        """Make a file; return its handle, open for reading and writing, and its path.

        Raises:
            OSError: it can't be made, or the folder is closed.
        """
        with self._lock:
            if self._is_closed:
                raise FileNotFoundError
            if self._folder is None:
                self._folder, self._handle = _locked_folder()
            handle, name = tempfile.mkstemp(dir=self._folder)
        return handle, Path(name)

    def close(self) -> None:
        """Remove the folder, also while a thread still writes to a file in it."""
        with self._lock:
            self._is_closed = True
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
            if self._handle is not None:
                os.close(self._handle)
            self._folder = self._handle = None


def _locked_folder() -> tuple[str, int | None]:
    """Make a folder and lock it; a run that looks for leftovers may have met it in between."""
    while True:
        folder = tempfile.mkdtemp(prefix=PREFIX)
        if sys.platform == "win32":
            return folder, None
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        if _lock(handle, wait=True) and Path(folder).exists():
            return folder, handle
        os.close(handle)


def remove_leftovers() -> None:
    """Remove the folders of runs that were killed, as far as they are this user's."""
    if sys.platform == "win32":
        return
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
        # another process has it, or this file system has no locks: then nothing is told apart
        return wait
    return True
