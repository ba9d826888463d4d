"""Opens a library file; makes it or brings it to the newest format where that is due."""

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from izoologic_cdf.library import search
from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.tables import HISTORY, MIGRATIONS, NEWEST, VERSION, statements
from izoologic_cdf.library.views import VIEWS

_Got = TypeVar("_Got")

APPLICATION_ID = 0x544C_6962  # "TLib", so that a file of another program is told apart
# how long another process may hold the library
BUSY_SECONDS = 30
# SQLite waits so long by itself: a signal is not heard meanwhile
_BUSY_STEP = 0.2
# a case changes a few rows in many places, and each page of them is written whole: with pages of
# 4 KiB, the default, a commit writes 1.6 times as much; with 1 KiB the number of writes counts
_PAGE_BYTES = 2048
# a checkpoint waits for the disk, which a run does beside its calls; what is left for the end, when
# nothing else goes on, is at most this much
_CHECKPOINT_PAGES = 4_000_000 // _PAGE_BYTES
# what feeds remember, which some views show, was kept otherwise before
_FIRST_WITH_STATE = 2
# has the history and the views of today
_FIRST_WITH_VIEWS = 4
# what keeps SQLite from sharing a library
_NO_ROOM = (sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMOPEN)
# a commit survives the death of its process; a power cut may take the last ones, each whole
_SYNCHRONOUS = "NORMAL"


@contextlib.contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite about the file into LibraryErrors.

    Errors that only a mistake in the code can cause (constraints, closed connections) pass.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise
    except sqlite3.DatabaseError as error:
        if _is_busy(error):
            raise LibraryError(
                f"the library {path} is still in use by another process: wait for that process, "
                "or choose another library"
            ) from error
        if "not a database" in str(error):
            raise LibraryError(f"{path} is not a library: choose another file") from error
        reason = str(error)
        if getattr(error, "sqlite_errorcode", 0) in _NO_ROOM:
            reason = "SQLite needs 32 KiB beside a library, also to read it: is the disk full?"
        raise LibraryError(f"the library {path} cannot be read or written: {reason}") from error


def patiently(do: Callable[[], _Got], seconds: float) -> _Got:
    """Repeat something for so many seconds while another process holds the library."""
    end = time.monotonic() + seconds
    while True:
        try:
            return do()
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() >= end:
                raise


def _is_busy(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    # the lower byte is the code, the others tell more of it
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def create(path: Path) -> sqlite3.Connection:
    """Open a library as `connect` does; make the file and its parent folders if there is none.

    The file is readable by its owner only, since attributes may be leaked passwords.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
        if not path.is_file():
            raise LibraryError(f"{path} is not a file: choose another name for the library")
    except OSError as error:
        raise LibraryError(f"the library {path} cannot be created: {error.strerror}") from error
    with plain_errors(path):
        return patiently(lambda: _open(path, "mode=rw", fill=True), BUSY_SECONDS)


def protect(path: Path) -> str | None:
    """Make a library its owner's alone; return a sentence where it was not, else null."""
    loose = []
    for end in ("", "-wal", "-shm", "-journal"):
        file = path.with_name(path.name + end)
        with contextlib.suppress(FileNotFoundError):
            mode = file.stat().st_mode
            if os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077:
                loose.append((file, stat.S_IMODE(mode)))
    if not loose:
        return None
    was = f"the library {path} could be read by other users (mode {loose[0][1]:04o})"
    try:
        for file, mode in loose:
            file.chmod(mode & 0o700)
    except OSError as error:
        return f"{was}, and still can: its mode cannot be changed: {error.strerror}"
    return f"{was}; now only its owner can"


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing library in autocommit mode, for use by one thread at a time.

    Raises:
        LibraryError: there is no such file, it is not a library, or of a newer version.
    """
    try:
        if path.is_dir():
            raise LibraryError(f"{path} is a folder, not a library: name the file in it")
        if not path.is_file():
            raise LibraryError(f"there is no library at {path}: a feed run creates one")
    except OSError as error:
        raise LibraryError(f"the library {path} cannot be opened: {error.strerror}") from error
    if not os.access(path, os.R_OK):
        raise LibraryError(f"the library {path} cannot be read: Permission denied")
    with plain_errors(path):
        return patiently(lambda: _open_to_read(path), BUSY_SECONDS)


def is_writable(path: Path) -> bool:
    """Return whether a library and the files that SQLite keeps beside it can be written."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def is_current(connection: sqlite3.Connection) -> bool:
    """Return whether a library is of the format of this version."""
    return _read(connection, "PRAGMA user_version") == VERSION


def has_views(connection: sqlite3.Connection) -> bool:
    """Return whether a library has history and views itself, be it of this version or not."""
    return _read(connection, "PRAGMA user_version") >= _FIRST_WITH_VIEWS


def _open_to_read(path: Path) -> sqlite3.Connection:
    """Open a library to read from, also where nothing can be written.

    SQLite keeps two files beside a library that is in use. Where they cannot be made, the library
    is a file that nobody changes, unless they are there: then they hold its newest content.
    """
    if is_writable(path):
        return _open(path, "mode=rw", fill=False)
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or not log.stat().st_size:
        return _open(path, "immutable=1", fill=False)
    try:
        return _open(path, "mode=ro", fill=False)
    except sqlite3.OperationalError as error:
        if _is_busy(error):
            raise
        raise LibraryError(
            f"the newest content of the library {path} is in {log.name}, and this folder cannot be "
            "written to: copy both to another folder, and read the library there"
        ) from error


def _open(path: Path, mode: str, *, fill: bool) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{mode}"
    # threads use those that read one after the other
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, timeout=_BUSY_STEP, check_same_thread=fill
    )
    try:
        connection.execute(f"PRAGMA synchronous={_SYNCHRONOUS}")
        if not (fill and _is_blank(connection)):
            _check(connection, path)
        if fill:
            _bring_up_to_date(connection)
        elif _FIRST_WITH_STATE <= _read(connection, "PRAGMA user_version") < _FIRST_WITH_VIEWS:
            _add_for_this_connection(connection)
        connection.execute("PRAGMA cache_size=-8000")
        connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Make the tables of a blank file, or migrate those of an earlier version: all or nothing."""
    if _is_blank(connection):
        connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
    elif is_current(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    # another process may have done it since
    missing = range(_read(connection, "PRAGMA user_version"), VERSION)
    scripts = NEWEST if _is_blank(connection) else [MIGRATIONS[one] for one in missing]
    for statement in statements(";".join(scripts)):
        connection.execute(statement)
    if missing:
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={VERSION}")
        search.catch_up(connection)
    connection.execute("COMMIT")


def _add_for_this_connection(connection: sqlite3.Connection) -> None:
    """Give this connection the views of this version; the history in them is empty."""
    connection.execute("PRAGMA temp_store=MEMORY")
    for statement in statements(HISTORY + VIEWS):
        begin, _, rest = statement.strip().partition(" ")
        if begin == "CREATE" and not rest.startswith("INDEX"):
            connection.execute(f"CREATE TEMP {rest}")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if _read(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise LibraryError(f"{path} is not a library: choose another file")
    version = _read(connection, "PRAGMA user_version")
    if version > VERSION:
        raise LibraryError(
            f"the library {path} was written by a newer version of this program "
            f"(format {version}; this one knows {VERSION}): update the program"
        )


def _is_blank(connection: sqlite3.Connection) -> bool:
    marks = "PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_schema"
    return not any(_read(connection, mark) for mark in marks)


def _read(connection: sqlite3.Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])
