"""Attachment bytes in and out of the file, in chunks, so that no file is held in memory whole."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, BinaryIO

from izoologic_cdf.library.model import Content, LibraryError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

CHUNK_BYTES = 1 << 20


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
        "INSERT INTO content (sha256, size, bytes) VALUES (?, ?, zeroblob(?))",
        (content.sha256, content.size, content.size),
    )
    number = int(cursor.lastrowid or 0)
    digest = hashlib.sha256()
    size = 0
    try:
        with _opened(content.source) as source:
            with connection.blobopen("content", "bytes", number) as blob:
                while (chunk := source.read(CHUNK_BYTES)) and size + len(chunk) <= content.size:
                    digest.update(chunk)
                    size += len(chunk)
                    blob.write(chunk)
            if chunk or size != content.size:
                raise LibraryError("the downloaded file is not of the size that was measured")
    except OSError as error:
        raise LibraryError(f"the downloaded file cannot be read: {error.strerror}") from error
    if digest.hexdigest() != content.sha256:
        raise LibraryError("the downloaded file is not what its SHA-256 says")
    return number


def _opened(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def read(connection: sqlite3.Connection, number: int) -> Iterator[bytes]:
    """Yield the bytes with that id, in chunks of at most 1 MiB."""
    with connection.blobopen("content", "bytes", number, readonly=True) as blob:
        while chunk := blob.read(CHUNK_BYTES):
            yield chunk


def drop_unused(connection: sqlite3.Connection, number: int) -> None:
    """Delete the bytes with that id unless an object still has them."""
    connection.execute(
        "DELETE FROM content WHERE id = ?1 AND NOT EXISTS"
        " (SELECT 1 FROM object WHERE content = ?1)",
        (number,),
    )
