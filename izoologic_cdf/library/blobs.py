"""Attachment bytes in and out of the file, in chunks, so that no file is held in memory whole."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from izoologic_cdf.library.objects import Content, LibraryError

CHUNK_BYTES = 1 << 20
_HAVE_CONTENT = """
SELECT identity FROM object
WHERE content IS NOT NULL AND identity IN (SELECT value FROM json_each(?))
"""
_LISTED_TABLE = """
CREATE TABLE IF NOT EXISTS file_listed (identity TEXT PRIMARY KEY, listed INTEGER) WITHOUT ROWID
"""
_HAS_LISTED = "SELECT 1 FROM sqlite_schema WHERE name = 'file_listed'"
_LISTED = "SELECT * FROM file_listed WHERE identity IN (SELECT value FROM json_each(?))"


def store(connection: sqlite3.Connection, content: Content) -> int:
    """Return the id of the bytes, which are copied unless they are stored already.

    Raises:
        LibraryError: the spool file cannot be read, or is not of that size and digest; the
            transaction is to be rolled back then.
    """
    found = connection.execute("SELECT id FROM content WHERE sha256 = ?", (content.sha256,))
    row: tuple[int] | None = found.fetchone()
    if row is not None:
        return row[0]
    cursor = connection.execute(
        "INSERT INTO content (sha256, size, bytes) VALUES (?1, ?2, zeroblob(?2))",
        (content.sha256, content.size),
    )
    number = int(cursor.lastrowid or 0)
    digest = hashlib.sha256()
    size = 0
    try:
        with content.open() as source:
            with connection.blobopen("content", "bytes", number) as blob:
                while (chunk := source.read(CHUNK_BYTES)) and size + len(chunk) <= content.size:
                    digest.update(chunk)
                    size += len(chunk)
                    blob.write(chunk)
            if chunk or size != content.size:
                raise LibraryError("the downloaded file does not have the size that was measured")
    except OSError as error:
        raise LibraryError(f"the downloaded file cannot be read: {error.strerror}") from error
    if digest.hexdigest() != content.sha256:
        raise LibraryError("the downloaded file does not match its SHA-256")
    return number


def note_listed(connection: sqlite3.Connection, listed: Mapping[str, int]) -> None:
    """Remember how many files were listed under a key, by identity; one is the rule.

    The table is made for the first key with several, so that other libraries stay as they are.
    """
    several = [(name, count) for name, count in listed.items() if count > 1]
    if several:
        connection.execute(_LISTED_TABLE)
        connection.executemany("INSERT OR REPLACE INTO file_listed VALUES (?, ?)", several)


def count_listed(connection: sqlite3.Connection, identities: Iterable[str]) -> dict[str, int]:
    """Return of these identities how many listed files have their bytes; without those with none.

    The bytes of all files that are listed under one key may be the same.
    """
    names = json.dumps(list(identities))
    found = dict.fromkeys((name for (name,) in connection.execute(_HAVE_CONTENT, (names,))), 1)
    if found and connection.execute(_HAS_LISTED).fetchone():
        found |= {name: n for name, n in connection.execute(_LISTED, (names,)) if name in found}
    return found


def read(connection: sqlite3.Connection, number: int) -> Iterator[bytes]:
    """Yield the bytes with that id, in chunks of at most 1 MiB."""
    with connection.blobopen("content", "bytes", number, readonly=True) as blob:
        while chunk := blob.read(CHUNK_BYTES):
            yield chunk
