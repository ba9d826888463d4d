"""The tables of the library file, and opening one."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from izoologic_cdf.library.model import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x544C_6962  # "TLib", so that a file of another program is told apart
VERSION = 1
BUSY_SECONDS = 30
# a case changes a few rows in many places, and each page of them is written whole: with pages of
# 4 KiB, the default, a commit writes 1.6 times as much; with 1 KiB the number of writes counts
_PAGE_BYTES = 2048
# a checkpoint waits for the disk, so it is made every 40 MB only
_CHECKPOINT_PAGES = 40_000_000 // _PAGE_BYTES

# the references are not enforced while writing, which would cost four look-ups per attribute;
# the tests check them with PRAGMA foreign_key_check
_TABLES = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  since TEXT NOT NULL,
  until TEXT NOT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT,
  outcome TEXT
);
-- texts that repeat in every object: attribute names and sources
CREATE TABLE term (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);
CREATE TABLE content (
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  bytes BLOB NOT NULL
);
-- identity: a JSON list of what makes the object this one and no other
CREATE TABLE object (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  value TEXT NOT NULL,
  subtype TEXT,
  description TEXT,
  published_at TEXT,
  happened_at TEXT,
  started_at TEXT,
  ended_at TEXT,
  status TEXT,
  content INTEGER REFERENCES content(id),
  created_at TEXT NOT NULL,
  created_run INTEGER NOT NULL REFERENCES run(id),
  modified_at TEXT NOT NULL,
  modified_run INTEGER NOT NULL REFERENCES run(id)
);
CREATE INDEX object_content ON object(content) WHERE content IS NOT NULL;
CREATE TABLE object_source (
  object INTEGER NOT NULL REFERENCES object(id),
  source INTEGER NOT NULL REFERENCES term(id),
  PRIMARY KEY (object, source)
) WITHOUT ROWID;
CREATE TABLE attribute (
  object INTEGER NOT NULL REFERENCES object(id),
  name INTEGER NOT NULL REFERENCES term(id),
  value TEXT NOT NULL,
  source INTEGER NOT NULL REFERENCES term(id),
  run INTEGER NOT NULL REFERENCES run(id),
  PRIMARY KEY (object, name, value, source)
) WITHOUT ROWID;
CREATE TABLE tag (
  object INTEGER NOT NULL REFERENCES object(id),
  text TEXT NOT NULL,
  PRIMARY KEY (object, text)
) WITHOUT ROWID;
-- undirected: the smaller id always stands first
CREATE TABLE relation (
  low INTEGER NOT NULL REFERENCES object(id),
  high INTEGER NOT NULL REFERENCES object(id),
  run INTEGER NOT NULL REFERENCES run(id),
  PRIMARY KEY (low, high),
  CHECK (low < high)
) WITHOUT ROWID;
CREATE INDEX relation_high ON relation(high);
"""


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
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
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
