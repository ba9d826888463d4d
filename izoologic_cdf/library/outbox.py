"""What is to be pushed: objects as they are now, beside what each platform has of them.

An object has a version, the digest of all that a push sends of it. It is due while the outbox holds
another one. So nothing is lost when a push is killed, and no run has to tell a push what changed.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.library import blobs
from izoologic_cdf.library.objects import STORED, LibraryError, StoredObject
from izoologic_cdf.library.store import Library

# types in the order in which they are pushed; all others come last
ORDER = ("indicator", "note", "attachment")
# attributes by name and value, each with its sources
Attributes = dict[tuple[str, str], set[str]]

_OBJECTS = f"""
SELECT {STORED}, remote, coalesce(version, ''), published,
       push.described, coalesce(failures, 0), coalesce(refused, ''), reason
FROM object LEFT JOIN content ON content.id = object.content
LEFT JOIN push_object AS push ON push.platform = ?1 AND push.object = object.id
"""  # noqa: S608 - a constant
# stands before `_OBJECTS` where a library of an earlier format has no outbox
_NO_OUTBOX = """
WITH push_object (platform, object, remote, version, published, described, failures, refused,
                  reason) AS (SELECT 0, 0, 0, '', '', '', 0, '', '' WHERE 0)
"""
_HAS_OUTBOX = "SELECT 1 FROM sqlite_schema WHERE name = 'push_object'"
_SOURCES = "SELECT object, text FROM object_source JOIN term ON term.id = source"
_TAGS = "SELECT object, text FROM tag"
_ATTRIBUTES = """
SELECT object, name.text, value, source.text
FROM attribute CROSS JOIN term AS name ON name.id = name
CROSS JOIN term AS source ON source.id = source
"""
# a file that waits for its bytes cannot be pushed, nor related to
_RELATED = """
SELECT owner, other, type FROM (
  SELECT low AS owner, high AS other FROM relation
  UNION ALL SELECT high, low FROM relation
) JOIN object ON object.id = other AND (type <> 'attachment' OR content IS NOT NULL)
"""
_SAVE = """
INSERT OR REPLACE INTO push_object
  (platform, object, remote, version, published, described, failures, refused, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SHARED = """
SELECT other.object FROM push_object AS mine JOIN object ON object.id = mine.object
JOIN push_object AS other ON other.platform = mine.platform AND other.remote = mine.remote
JOIN object AS same ON same.id = other.object AND same.type = object.type
WHERE mine.platform = ? AND mine.object IN (SELECT value FROM json_each(?))
"""
# what is pushed before an object does not name it
_RELATED_TO = """
UPDATE push_object SET version = '' WHERE platform = ? AND version <> '' AND object IN (
  SELECT id FROM object WHERE type NOT IN (SELECT value FROM json_each(?3)) AND id IN (
    SELECT high FROM relation WHERE low IN (SELECT value FROM json_each(?2))
    UNION SELECT low FROM relation WHERE high IN (SELECT value FROM json_each(?2))))
"""
_CONTENT = "SELECT content FROM object WHERE id = ?"


@dataclass(slots=True)
class Outgoing(StoredObject):
    """One object with all that is pushed of it; `related` are the objects that come before it.

    `remote` to `reason` are what the outbox holds: see `tables.OUTBOX`.
    """

    remote: int | None = None
    pushed: str = ""
    published: str | None = None
    described: str | None = None
    failures: int = 0
    refused: str = ""
    reason: str | None = None
    sources: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    attributes: Attributes = field(default_factory=dict)
    related: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_sendable(self) -> bool:
        """Whether there is something to send: a file without bytes waits for them."""
        return self.type != "attachment" or self.sha256 is not None

    @property
    def version(self) -> str:
        """The digest of all that is sent; the status is sent once, so it does not count."""
        says = [
            *(self.type, self.value, self.subtype, self.description, self.published_at),
            *(self.happened_at, self.started_at, self.ended_at, self.sha256),
            *(sorted(self.sources), sorted(self.tags), sorted(self.related)),
            sorted((*pair, *sorted(sources)) for pair, sources in self.attributes.items()),
        ]
        return hashlib.sha256(json.dumps(says).encode()).hexdigest()[:32]


def place(kind: str, number: int = 0) -> tuple[int, str, int]:
    """Return what sorts types, and objects of them by id, in the order of a push."""
    return ORDER.index(kind) if kind in ORDER else len(ORDER), kind, number


class Outbox:
    """What one platform has of a library; `left_out` are names of attributes that are not sent.

    A preview writes nothing, and takes a library of an earlier format too.
    """

    def __init__(
        self,
        library: Library,
        host: str,
        left_out: Iterable[str] = (),
        *,
        is_preview: bool = False,
    ) -> None:
        self._library = library
        self._left_out = frozenset(left_out)
        self._platform, self._objects = 0, _OBJECTS
        connection = library.connection
        with library.plain_errors():
            if is_preview and connection.execute(_HAS_OUTBOX).fetchone() is None:
                self._objects = _NO_OUTBOX + _OBJECTS
                return
        if not is_preview:
            with library.transaction():
                connection.execute("INSERT OR IGNORE INTO push_platform (host) VALUES (?)", (host,))
        with library.plain_errors():
            found = connection.execute("SELECT id FROM push_platform WHERE host = ?", (host,))
            self._platform = next((int(number) for (number,) in found), 0)

    def sources(self) -> frozenset[str]:
        """Return the sources of all objects of the library."""
        found = self._library.connection.execute(
            "SELECT text FROM term WHERE id IN (SELECT source FROM object_source)"
        )
        return frozenset(text for (text,) in found)

    def scan(self) -> Iterator[Outgoing]:
        """Yield all objects by id, as they are when the scan begins."""
        with self._library.reading() as connection:
            yield from self._read(connection, None)

    def load(self, numbers: Iterable[int]) -> list[Outgoing]:
        """Return the objects with these ids, as they are now."""
        with self._library.plain_errors():
            return list(self._read(self._library.connection, sorted(set(numbers))))

    def sharing(self, numbers: Iterable[int]) -> list[Outgoing]:
        """Return these objects, and those that are the same one on the platform."""
        found = self._library.connection.execute(
            _SHARED, (self._platform, json.dumps(list(numbers)))
        )
        return self.load(number for (number,) in found)

    def save(self, objects: Iterable[Outgoing]) -> None:
        """Keep what the outbox holds of these objects."""
        rows = [
            (self._platform, one.id, one.remote, one.pushed, one.published, one.described,
             one.failures, one.refused, one.reason)
            for one in objects
        ]  # fmt: skip
        with self._library.transaction():
            self._library.connection.executemany(_SAVE, rows)

    def remotes(self, numbers: Iterable[int]) -> dict[int, int]:
        """Return the ids on the platform of these objects, without those that it has not."""
        found = self._library.connection.execute(
            "SELECT object, remote FROM push_object WHERE platform = ? AND remote IS NOT NULL "
            "AND object IN (SELECT value FROM json_each(?))",
            (self._platform, json.dumps(list(numbers))),
        )
        return dict(found.fetchall())

    def reopen_related(self, kind: str, numbers: Iterable[int]) -> bool:
        """Make due what was pushed and names these objects of a type, which have a new id there.

        Returns whether there was something.
        """
        with self._library.transaction():
            types = self._library.connection.execute("SELECT DISTINCT type FROM object")
            before = [one for (one,) in types if place(one) < place(kind)]
            given = self._platform, json.dumps(list(numbers)), json.dumps(before)
            return self._library.connection.execute(_RELATED_TO, given).rowcount > 0

    @contextlib.contextmanager
    def alone(self, wait: Callable[[], None]) -> Iterator[None]:
        """Hold back other pushes of this library; `wait` is called while another one goes on.

        The lock is that of a small file beside the library, and ends with the process.
        """
        path = self._library.path.with_name(f"{self._library.path.name}-push")
        lock = sqlite3.connect(path, timeout=0, isolation_level=None)
        with contextlib.closing(lock):
            while True:
                try:
                    lock.execute("BEGIN EXCLUSIVE")
                    break
                except sqlite3.OperationalError as error:
                    if "locked" not in str(error):
                        raise LibraryError(f"the file {path} cannot be used: {error}") from None
                wait()
            yield

    def read_content(self, number: int) -> bytes:
        """Return the bytes of an attachment.

        Raises:
            LibraryError: it has none.
        """
        with self._library.reading() as connection:
            found = connection.execute(_CONTENT, (number,)).fetchone()
            if found is None or found[0] is None:
                raise LibraryError(f"the library has no bytes for the object {number}")
            return b"".join(blobs.read(connection, found[0]))

    def _read(
        self, connection: sqlite3.Connection, numbers: list[int] | None
    ) -> Iterator[Outgoing]:
        wanted = None if numbers is None else json.dumps(numbers)

        def rows(statement: str, column: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
            last = len(parameters) + 1
            among = f"WHERE {column} IN (SELECT value FROM json_each(?{last}))"  # noqa: S608
            which = among if wanted else ""
            given = (*parameters, wanted) if wanted else parameters
            return connection.execute(f"{statement} {which} ORDER BY {column}", given)

        sources = _Followed(rows(_SOURCES, "object"))
        tags = _Followed(rows(_TAGS, "object"))
        attributes = _Followed(rows(_ATTRIBUTES, "object"))
        related = _Followed(rows(_RELATED, "owner"))
        for row in rows(self._objects, "object.id", self._platform):
            one = Outgoing(*row)
            one.sources = {source for (source,) in sources.of(one.id)}
            one.tags = {tag for (tag,) in tags.of(one.id)}
            for name, value, source in attributes.of(one.id):
                if name not in self._left_out:
                    one.attributes.setdefault((name, value), set()).add(source)
            found = [(kind, other) for other, kind in related.of(one.id)]
            one.related = [pair for pair in found if place(*pair) < place(one.type, one.id)]
            yield one


class _Followed:
    """Rows that begin with an object's id, in that order, read along with the objects."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, number: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rest of the rows of an object; ids have to come in ascending order."""
        while self._next is not None and self._next[0] <= number:
            if self._next[0] == number:
                yield self._next[1:]
            self._next = next(self._rows, None)
