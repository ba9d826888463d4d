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
from pathlib import Path

PREFIX = "izoologic-cdf-"
# what `tempfile` appends to a prefix
_RANDOM = "[a-z0-9_]{8}"
_FOLDER = re.compile(re.escape(PREFIX) + _RANDOM)
_FILE = re.compile("tmp" + _RANDOM)


class Scratch:
    """A folder for temporary files, locked until it is removed or its process is gone."""

    def __init__(self) -> None:
        """Make it; raises OSError. A run that looks for leftovers may meet it before its lock."""
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
