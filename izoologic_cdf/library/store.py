"""The library file: runs, batches and bytes go in here; `export` and `show` read it."""

import contextlib
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

from izoologic_cdf.library import blobs, database, search
from izoologic_cdf.library.ingest import Ingestion, Terms
from izoologic_cdf.library.limits import abbreviate, storable
from izoologic_cdf.library.merge import attachment
from izoologic_cdf.library.objects import Batch, Ingested, LibraryError, Origin

_FIND_CONTENT = """
SELECT id FROM content WHERE sha256 = ?
UNION ALL
SELECT content FROM object WHERE identity = ? AND content IS NOT NULL
"""
_PATIENCE_TO_INDEX = 1.0
_NOT_MIGRATED = (
    "was written by an earlier version and cannot be brought up to date, so the history of changes "
    "and the counts of runs are missing, and other programs see no views and no index"
)
# messages that are kept of all runs together, about 200 bytes each
MAX_MESSAGES = 100_000


class Library:
    """An open library, used by the thread that opened it where a method does not say otherwise.

    Every method raises LibraryError, with a sentence for the user, when the file cannot be read
    or written.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Wrap an open connection; `Library.open` and `Library.create` make one."""
        self.path = path
        # seconds to wait for another process that holds the library
        self.patience = float(database.BUSY_SECONDS)
        # the one that writes; callers keep state in tables of their own
        self.connection = connection
        self._terms = Terms(connection)
        self._unindexed = 0
        # connections that read, and are free: to open one takes longer than most of what they read
        self._free: deque[sqlite3.Connection] = deque()
        self._is_closed = False

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open an existing library."""
        path = Path(path)
        return cls(path, database.connect(path))

    @classmethod
    def create(cls, path: str | Path) -> Self:
        """Open the library at that path; make it, and its folder, where there is none."""
        path = Path(path)
        return cls(path, database.create(path))

    @classmethod
    def bring_up_to_date(cls, path: str | Path) -> str | None:
        """Migrate an existing library, and index what no run has, where it may be written.

        Returns a sentence where something is missing then: `open` gives the views of this version
        to a library of format 2 or later in any case, and a search reads what is not indexed.
        """
        path = Path(path)
        with cls.open(path) as library:
            has_views = database.has_views(library.connection)
            if database.is_current(library.connection) and not search.is_behind(library.connection):
                return None
        try:
            with cls.create(path) as library:
                library.patience = _PATIENCE_TO_INDEX
                with library.transaction():
                    is_indexed = search.catch_up(library.connection)
        except LibraryError as error:
            # what a run has not indexed yet, or one that was killed, is found all the same
            return None if has_views else f"{path} {_NOT_MIGRATED}: {error}"
        return None if is_indexed else search.UNSUPPORTED

    def protect(self) -> str | None:
        """Make the file its owner's alone; return a sentence where it was not, else null."""
        return database.protect(self.path)

    def close(self) -> None:
        """Close the file; a transaction that is still open is rolled back."""
        self._is_closed = True
        while self._free:
            self._free.pop().close()
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def plain_errors(self) -> AbstractContextManager[None]:
        """Turn the errors of SQLite in the block into LibraryErrors."""
        return database.plain_errors(self.path)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold what is written in the block together: all of it is kept, or none.

        Blocks nest: an inner one that fails undoes its own part, and the outer one goes on if it
        catches the error. Nothing is seen by others before the outermost block ends.
        """
        connection = self.connection
        with database.plain_errors(self.path):
            inner = connection.in_transaction
            begin = "SAVEPOINT part" if inner else "BEGIN IMMEDIATE"
            database.patiently(lambda: connection.execute(begin), self.patience)
            try:
                yield
                connection.execute("RELEASE part" if inner else "COMMIT")
            except BaseException:
                self._terms.clear()
                # some errors, such as a full disk, have rolled everything back already
                if connection.in_transaction:
                    if inner:
                        connection.execute("ROLLBACK TO part")
                        connection.execute("RELEASE part")
                    else:
                        connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection of its own that sees what is committed now, from any thread."""
        try:
            connection = self._free.pop()
        except IndexError:
            connection = database.connect(self.path)
        with database.plain_errors(self.path):
            try:
                connection.execute("PRAGMA query_only=1")
                connection.execute("BEGIN")
                yield connection
                connection.execute("ROLLBACK")
            except BaseException:
                connection.close()
                raise
        # one that takes the file for unchangeable must not be kept
        if self._is_closed or not database.is_writable(self.path):
            connection.close()
        else:
            self._free.append(connection)

    def start_run(
        self, source: str, since: str, until: str, now: str, tenant: int | None = None
    ) -> int:
        """Note that a run of that source began, and return its number; `tenant` where known."""
        with self.transaction():
            made = self.connection.execute(
                "INSERT INTO run (source, since, until, started_at, tenant) VALUES (?, ?, ?, ?, ?)",
                (storable(source), since, until, now, tenant),
            )
        return int(made.lastrowid or 0)

    def finish_run(
        self,
        run_id: int,
        outcome: str,
        now: str,
        counts: Mapping[tuple[str, str], int] | None = None,
    ) -> None:
        """Note how the run ended, and when, and bring the full-text index up to date.

        `counts` are by object type and name, the type `''` for what is of none.
        """
        rows = [(run_id, *key, count) for key, count in (counts or {}).items() if count]
        with self.transaction():
            done = self.connection.execute(
                "UPDATE run SET outcome = ?, finished_at = ? WHERE id = ?", (outcome, now, run_id)
            )
            if done.rowcount == 0:
                raise LibraryError(f"the library {self.path} has no run {run_id}")
            self.connection.executemany(
                "INSERT OR REPLACE INTO run_count (run, type, name, count) VALUES (?, ?, ?, ?)",
                rows,
            )
            self._index()

    def record(self, run_id: int, messages: Iterable[tuple[str, str | None, str]]) -> None:
        """Keep messages of a run: level, case id or null, text. The oldest of all runs go."""
        rows = [
            (run_id, level, None if case is None else storable(case), storable(text))
            for level, case, text in messages
        ]
        if rows:
            with self.transaction():
                self.connection.executemany(
                    "INSERT INTO run_message (run, level, case_id, text) VALUES (?, ?, ?, ?)", rows
                )
                self.connection.execute(
                    "DELETE FROM run_message WHERE id <= (SELECT max(id) FROM run_message) - ?",
                    (MAX_MESSAGES,),
                )

    def ingest(self, batch: Batch, origin: Origin) -> Ingested:
        """Store one batch, in a transaction of its own or as a part of the open one.

        Returns the counts per object type, and what the limits of the platform kept out.

        Raises:
            LibraryError: also when a spooled file is not what its size and digest say; nothing
                of the batch is stored then.
        """
        with self.transaction():
            done = Ingestion(self.connection, self._terms, origin).ingest(batch)
            self._unindexed += len(batch.objects)
            if self._unindexed >= search.MAX_BEHIND:
                self._index()
            return done

    def _index(self) -> None:
        if search.is_behind(self.connection):
            search.catch_up(self.connection)
        self._unindexed = 0

    def has_content(self, keys: Iterable[str]) -> dict[str, int]:
        """Return how many listed files of an attachment key are committed; from any thread.

        Keys without bytes are left out.
        """
        wanted = {attachment(key): key for key in keys}
        if not wanted:
            return {}
        with self.reading() as connection:
            found = blobs.count_listed(connection, wanted)
        return {wanted[name]: count for name, count in found.items()}

    def read_content(self, key_or_sha256: str) -> Iterator[bytes]:
        """Yield the bytes of an attachment in chunks, by its key or its digest; from any thread.

        Raises:
            LibraryError: no bytes are stored for it.
        """
        with self.reading() as connection:
            wanted = (storable(key_or_sha256), attachment(key_or_sha256))
            found = connection.execute(_FIND_CONTENT, wanted).fetchone()
            if found is None:
                raise LibraryError(f"the library has no file for {abbreviate(key_or_sha256)}")
            yield from blobs.read(connection, found[0])
