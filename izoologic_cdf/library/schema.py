"""Opening a library file, which is made or brought to the newest format where that is due."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from izoologic_cdf.library.model import LibraryError
from izoologic_cdf.library.tables import MIGRATIONS, OBJECTS, STATE, VERSION, statements

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x544C_6962  # "TLib", so that a file of another program is told apart
BUSY_SECONDS = 30
# a case changes a few rows in many places, and each page of them is written whole: with pages of
# 4 KiB, the default, a commit writes 1.6 times as much; with 1 KiB the number of writes counts
_PAGE_BYTES = 2048
# a checkpoint waits for the disk, so it is made every 40 MB only
_CHECKPOINT_PAGES = 40_000_000 // _PAGE_BYTES


@contextlib.contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite says about the file into a LibraryError.

    Errors that only a mistake in the code can cause (constraints, closed connections) pass.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise LibraryError(
                f"the library {path} is in use by another process and stayed so for "
                f"{BUSY_SECONDS} seconds: wait for that process, or choose another library",
            ) from error
        if "not a database" in str(error):
            raise LibraryError(f"{path} is not a library: choose another file") from error
        raise LibraryError(f"the library {path} cannot be read or written: {error}") from error


def create(path: Path) -> sqlite3.Connection:
    """Open a library as `connect` does; make the file and its parent folders if there is none.

    The file is readable by its owner only, since attributes may be leaked passwords.

    Raises:
        LibraryError: also when the file or a folder cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
        is_file = path.is_file()
    except OSError as error:
        raise LibraryError(f"the library {path} cannot be made: {error.strerror}") from error
    if not is_file:
        raise LibraryError(f"{path} is not a file: choose another name for the library")
    return _opened(path, fill=True)


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing library in autocommit mode, for use by the calling thread.

    Raises:
        LibraryError: there is no such file, it is no library, or of a newer version.
    """
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except OSError as error:
        raise LibraryError(f"the library {path} cannot be opened: {error.strerror}") from error
    if is_folder:
        raise LibraryError(f"{path} is a folder, not a library: name the file in it")
    if not is_file:
        raise LibraryError(f"there is no library at {path}: a feed run makes one")
    return _opened(path, fill=False)


def _opened(path: Path, *, fill: bool) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=rw"
    with plain_errors(path):
        connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
        try:
            if fill and _is_blank(connection):
                _fill(connection)
            _check(connection, path)
            if fill:
                _migrate(connection)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA cache_size=-8000")
            connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        except BaseException:
            connection.close()
            raise
        return connection


def _fill(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    # another process may have made the tables since
    if _is_blank(connection):
        for statement in statements(OBJECTS + STATE):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring a library of an earlier version to the newest one, all of it or nothing."""
    if _number(connection, "PRAGMA user_version") == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    # another process may have done it since
    for version in range(_number(connection, "PRAGMA user_version"), VERSION):
        for statement in statements(MIGRATIONS[version]):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if _number(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise LibraryError(f"{path} is not a library: choose another file")
    version = _number(connection, "PRAGMA user_version")
    if version > VERSION:
        raise LibraryError(
            f"the library {path} was written by a newer version of this program "
            f"(format {version}; this one knows {VERSION}): update the program",
        )


def _is_blank(connection: sqlite3.Connection) -> bool:
    marks = _number(connection, "PRAGMA application_id"), _number(connection, "PRAGMA user_version")
    return marks == (0, 0) and _number(connection, "SELECT count(*) FROM sqlite_schema") == 0


def _number(connection: sqlite3.Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])
