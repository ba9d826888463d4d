"""Whole objects read back from the tables, and all of them as one JSON document.

The document does not depend on when and in what order the library was filled.
"""

import dataclasses
import json
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

from izoologic_cdf.library.objects import STORED, StoredObject
from izoologic_cdf.library.store import Library
from izoologic_cdf.library.views import HIDDEN, is_password

_OBJECTS = f"""
SELECT {STORED}, created_at, created_run, modified_at, modified_run
FROM object LEFT JOIN content ON content.id = object.content
"""  # noqa: S608 - a constant
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


@dataclass(slots=True)
class Record(StoredObject):
    """One object with all that belongs to it; lists are sorted by code point."""

    created_at: str
    created_run: int
    modified_at: str
    modified_run: int
    sources: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    attributes: list[StoredAttribute] = field(default_factory=list)
    related: list[tuple[str, str, str | None]] = field(default_factory=list)  # type, value, subtype

    def hide_passwords(self) -> None:
        """Put a mark in place of every password."""
        self.attributes = [
            dataclasses.replace(one, value=HIDDEN) if is_password(one.name) else one
            for one in self.attributes
        ]


def read_records(
    connection: sqlite3.Connection, value: str | None = None, ids: Collection[int] | None = None
) -> Iterator[Record]:
    """Yield all objects, or those of that value or those ids, sorted by (type, value, subtype)."""
    where, values = "", tuple[str, ...]()
    if value is not None:
        where, values = " WHERE value = ?", (value,)
    elif ids is not None:
        where = " WHERE object.id IN (SELECT value FROM json_each(?))"
        values = (json.dumps(list(ids)),)
    for row in connection.execute(_OBJECTS + where + _ORDER, values):
        number = (row[0],)
        one = Record(*row)
        one.sources = [text for (text,) in connection.execute(_SOURCES, number)]
        one.tags = [text for (text,) in connection.execute(_TAGS, number)]
        one.attributes = list(_attributes(connection, one.id))
        one.related = connection.execute(_RELATED, number).fetchall()
        yield one


def _attributes(connection: sqlite3.Connection, number: int) -> Iterator[StoredAttribute]:
    rows = connection.execute(_ATTRIBUTES, (number,))
    for (name, value), group in groupby(rows, key=lambda row: (row[0], row[1])):
        _, _, sources, runs = zip(*group, strict=True)
        yield StoredAttribute(name, value, sources, min(runs))


_get_order = attrgetter("type", "value", "subtype")


def export(library: Library) -> Iterator[str]:
    """Yield the document in parts, one object a part (`docs/contract.md`, Export).

    Joined, the parts are what `json.dumps` makes of `{"objects": [...]}` with an indent of 2 and
    characters as they are, with a newline at the end; an empty library gives `{"objects": []}`.
    """
    with library.reading() as connection:
        empty = True
        for _, same in groupby(read_records(connection), _get_order):
            # objects that share type, value and subtype are told apart by all the rest
            for text in sorted(_lay_out(document_of(record), "    ") for record in same):
                yield ('{\n  "objects": [' if empty else ",") + "\n    " + text
                empty = False
        yield '{"objects": []}\n' if empty else "\n  ]\n}\n"


_encode = json.JSONEncoder(ensure_ascii=False).encode


def _lay_out(value: Any, indent: str) -> str:
    """Return what `json.dumps` makes with an indent of 2, several times as fast."""
    if isinstance(value, dict):
        inner = [f"{_encode(key)}: {_lay_out(one, indent + '  ')}" for key, one in value.items()]
        begin, end = "{}"
    elif isinstance(value, list):
        inner = [_lay_out(one, indent + "  ") for one in value]
        begin, end = "[]"
    else:
        return _encode(value)
    separator = f"\n{indent}  "
    between = f",{separator}".join(inner)
    return f"{begin}{separator}{between}\n{indent}{end}" if inner else begin + end


def document_of(record: Record) -> dict[str, Any]:
    """Return an object as it stands in the document."""
    document: dict[str, Any] = {
        "type": record.type,
        "value": record.value,
        "subtype": record.subtype,
        "description": record.description,
        "published_at": record.published_at,
        "sources": record.sources,
        "attributes": [
            {"name": one.name, "value": one.value, "sources": list(one.sources)}
            for one in record.attributes
        ],
        "related": [{"type": other, "value": value} for other, value, _ in record.related],
        "tags": record.tags,
        "status": record.status,
        "happened_at": record.happened_at,
    }
    if record.type == "attachment":
        document |= {"size": record.size, "sha256": record.sha256}
    return document
