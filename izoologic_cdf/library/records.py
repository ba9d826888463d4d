"""Whole objects read back from the tables, in the order of the export."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_OBJECTS = """
SELECT object.id, type, value, subtype, description, published_at, happened_at, started_at,
       ended_at, status, size, sha256, created_at, created_run, modified_at, modified_run
FROM object LEFT JOIN content ON content.id = object.content
"""
# the collation of SQLite is by byte of UTF-8, which is by code point
_ORDER = " ORDER BY type, value, subtype, object.id"
_SOURCES = """
SELECT text FROM object_source JOIN term ON term.id = source WHERE object = ? ORDER BY text
"""
_ATTRIBUTES = """
SELECT name.text, value, source.text, run
FROM attribute JOIN term AS name ON name.id = name JOIN term AS source ON source.id = source
WHERE object = ? ORDER BY 1, 2, 3
"""
_TAGS = "SELECT text FROM tag WHERE object = ? ORDER BY text"
_RELATED = """
SELECT type, value, subtype FROM (
  SELECT high AS other FROM relation WHERE low = ?1
  UNION ALL SELECT low FROM relation WHERE high = ?1
) JOIN object ON object.id = other
ORDER BY type, value, subtype
"""


@dataclass(frozen=True, slots=True)
class StoredAttribute:
    """One attribute with all sources that report it, and the run that first did."""

    name: str
    value: str
    sources: tuple[str, ...]
    run: int


@dataclass(frozen=True, slots=True)
class Record:
    """One object with all that belongs to it; lists are sorted by code point."""

    sources: list[str]
    tags: list[str]
    attributes: list[StoredAttribute]
    related: list[tuple[str, str, str | None]]  # type, value, subtype
    id: int
    type: str
    value: str
    subtype: str | None
    description: str | None
    published_at: str | None
    happened_at: str | None
    started_at: str | None
    ended_at: str | None
    status: str | None
    size: int | None
    sha256: str | None
    created_at: str
    created_run: int
    modified_at: str
    modified_run: int


def records(connection: sqlite3.Connection, value: str | None = None) -> Iterator[Record]:
    """Yield all objects, or those of that value, sorted by (type, value, subtype)."""
    if value is None:
        rows = connection.execute(_OBJECTS + _ORDER)
    else:
        rows = connection.execute(_OBJECTS + " WHERE value = ?" + _ORDER, (value,))
    for row in rows:
        number = (row[0],)
        yield Record(
            [text for (text,) in connection.execute(_SOURCES, number)],
            [text for (text,) in connection.execute(_TAGS, number)],
            list(_attributes(connection, row[0])),
            connection.execute(_RELATED, number).fetchall(),
            *row,
        )


def _attributes(connection: sqlite3.Connection, number: int) -> Iterator[StoredAttribute]:
    rows = connection.execute(_ATTRIBUTES, (number,))
    for (name, value), group in groupby(rows, key=lambda row: (row[0], row[1])):
        same = list(group)
        yield StoredAttribute(
            name,
            value,
            tuple(source for _, _, source, _ in same),
            min(run for _, _, _, run in same),
        )
