"""The objects of one platform in memory: rows, their sources, attributes, tags and relations.

Stamps are text, `YYYY-MM-DD HH:MM:SS` in UTC, as everywhere in the API. Ids count from 1 in each
table. The store does what it is told; what may be asked for is settled before.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.platform.assumptions import Options
from izoologic_cdf.platform.kinds import ATTACHMENT, EVENT, INDICATOR, SIGNATURE, Kind


@dataclass(slots=True, eq=False)
class Source:
    """Somebody who reports; `type` is users, plugins, connectors or other_sources."""

    id: int
    name: str
    type: str
    created_at: str


@dataclass(slots=True, eq=False)
class Report:
    """The row that ties a source to an object, an attribute or a comment."""

    id: int
    source: Source
    creator: Source
    tlp_id: int | None
    published_at: str | None
    created_at: str
    updated_at: str


# by id of the source
Reports = dict[int, Report]


@dataclass(slots=True, eq=False)
class Attribute:
    """One name and value at an object."""

    id: int
    attribute_id: int
    name: str
    value: str
    created_at: str
    updated_at: str
    touched_at: str
    sources: Reports = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Comment:
    """A comment on an object."""

    id: int
    value: str
    created_at: str
    sources: Reports = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Row:
    """An object: its columns, and what hangs on it."""

    kind: Kind
    id: int
    fields: dict[str, Any]
    published_at: str | None
    created_at: str
    updated_at: str
    touched_at: str
    sources: Reports = field(default_factory=dict)
    attributes: dict[int, Attribute] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    # by code of the other's kind and its id
    related: dict[str, dict[int, "Pivot"]] = field(default_factory=dict)
    manual_score: Any = None

    @property
    def name(self) -> Any:
        """The value, title or name."""
        return self.fields.get(self.kind.key)


@dataclass(slots=True, eq=False)
class Pivot:
    """The row that ties two objects; both see the same one."""

    id: int
    created_at: str
    updated_at: str
    src: Row
    dest: Row

    def other(self, row: Row) -> Row:
        """Return the object at the other end."""
        return self.dest if row is self.src else self.src


@dataclass(slots=True)
class _Table:
    rows: dict[int, Row] = field(default_factory=dict)
    keys: dict[Hashable, Row] = field(default_factory=dict)
    # (column, folded text) -> rows by id
    texts: dict[tuple[str, str], dict[int, Row]] = field(default_factory=dict)


class Store:
    """All objects, by kind."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.sources: dict[str, Source] = {}
        self.tags: dict[int, str] = {}
        self._tables: dict[str, _Table] = {}
        self._counts: dict[str, int] = {}
        self._attribute_names: dict[str, tuple[int, str]] = {}

    def number(self, table: str) -> int:
        """Return the next id of a table."""
        self._counts[table] = self._counts.get(table, 0) + 1
        return self._counts[table]

    def fold(self, text: Any) -> str:
        """Return a text as keys and filters compare it."""
        return str(text).casefold() if self.options.keys == "folded" else str(text)

    # objects

    def rows(self, kind: Kind) -> Iterator[Row]:
        """Yield the objects of a kind, oldest id first."""
        return iter(self._table(kind).rows.values())

    def count(self, kind: Kind) -> int:
        """Return how many objects of a kind there are."""
        return len(self._table(kind).rows)

    def row(self, kind: Kind, number: int) -> Row | None:
        """Return an object by its id, else None."""
        return self._table(kind).rows.get(number)

    def find(self, kind: Kind, fields: dict[str, Any]) -> Row | None:
        """Return the object that fields are about, by its key, else None."""
        key = self._key(kind, fields)
        return None if key is None else self._table(kind).keys.get(key)

    def holding(self, kind: Kind, column: str, text: str) -> dict[int, Row] | None:
        """Return the objects with a text in an indexed column, None if it is not indexed."""
        if column not in (kind.key, "hash"):
            return None
        return self._table(kind).texts.get((column, self.fold(text)), {})

    def add(self, kind: Kind, fields: dict[str, Any], stamp: str, published: str | None) -> Row:
        """Add an object and return it."""
        row = Row(kind, self.number(kind.code), fields, published, stamp, stamp, stamp)
        self._table(kind).rows[row.id] = row
        self._enter(row)
        return row

    def change(self, row: Row, fields: dict[str, Any], stamp: str) -> None:
        """Set columns of an object."""
        if any(row.fields.get(name) != value for name, value in fields.items()):
            self._leave(row)
            row.fields.update(fields)
            self._enter(row)
            row.updated_at = row.touched_at = stamp

    def delete(self, row: Row) -> None:
        """Remove an object and all that hangs on it."""
        for pivots in list(row.related.values()):
            for pivot in list(pivots.values()):
                self.unrelate(pivot)
        self._leave(row)
        del self._table(row.kind).rows[row.id]

    def reindex(self, options: Options) -> None:
        """Take options that may tell objects apart in another way."""
        self.options = options
        for table in self._tables.values():
            table.keys.clear()
            table.texts.clear()
            for row in table.rows.values():
                self._enter(row)

    def _table(self, kind: Kind) -> _Table:
        return self._tables.setdefault(kind.code, _Table())

    def _key(self, kind: Kind, fields: dict[str, Any]) -> Hashable:
        name = self.fold(fields.get(kind.key))
        if kind is INDICATOR:
            return fields["type_id"], name
        if kind is EVENT:
            at = fields["happened_at"] if self.options.event_key != "title+type" else None
            return fields["type_id"], name, at
        if kind is SIGNATURE:
            digest: str | None = fields["hash"]
            return digest
        if kind is ATTACHMENT:
            return (fields["hash"], name) if self.options.file_key != "none" else None
        return None if kind.loose else name

    def _enter(self, row: Row) -> None:
        table = self._table(row.kind)
        key = self._key(row.kind, row.fields)
        if key is not None:
            table.keys.setdefault(key, row)
        for index in self._indexed(row):
            table.texts.setdefault(index, {})[row.id] = row

    def _leave(self, row: Row) -> None:
        table = self._table(row.kind)
        key = self._key(row.kind, row.fields)
        if table.keys.get(key) is row:
            del table.keys[key]
        for index in self._indexed(row):
            table.texts[index].pop(row.id)

    def _indexed(self, row: Row) -> list[tuple[str, str]]:
        columns = [column for column in (row.kind.key, "hash") if column in row.fields]
        return [(column, self.fold(row.fields[column])) for column in columns]

    # what hangs on an object

    def source(self, name: str, stamp: str, kind: str = "other_sources") -> Source:
        """Return the source of that name, new if need be."""
        if name not in self.sources:
            self.sources[name] = Source(self.number("source"), name, kind, stamp)
        return self.sources[name]

    def report(
        self, table: str, reports: Reports, source: Source, creator: Source, stamp: str
    ) -> tuple[Report, bool]:
        """Return the row of a source among the reports of something, and whether it was there."""
        known = reports.get(source.id)
        if known is not None:
            return known, True
        row = Report(self.number(table), source, creator, None, None, stamp, stamp)
        reports[source.id] = row
        return row, False

    def attribute(self, row: Row, name: str, value: str, stamp: str) -> Attribute:
        """Return the attribute of that name and value, new if need be.

        Names are one without regard to case, and keep the spelling that came first.
        """
        number, name = self._attribute_names.setdefault(
            name.casefold(), (len(self._attribute_names) + 1, name)
        )
        for attribute in row.attributes.values():
            if attribute.attribute_id == number and attribute.value == value:
                return attribute
        new = self.number(f"{row.kind.code}_attribute")
        row.attributes[new] = Attribute(new, number, name, value, stamp, stamp, stamp)
        row.touched_at = stamp
        return row.attributes[new]

    def tag(self, row: Row, name: str, stamp: str) -> int:
        """Set a tag and return its id, which all objects with that tag share."""
        found = [number for number, text in self.tags.items() if text.casefold() == name.casefold()]
        number = found[0] if found else self.number("tag")
        self.tags.setdefault(number, name)
        if number not in row.tags:
            row.tags[number] = self.tags[number]
            row.touched_at = stamp
        return number

    def relate(self, row: Row, other: Row, stamp: str) -> Pivot:
        """Return what ties two objects, new if need be."""
        pivots = row.related.setdefault(other.kind.code, {})
        if other.id not in pivots:
            pivot = Pivot(self.number("pivot"), stamp, stamp, row, other)
            pivots[other.id] = pivot
            other.related.setdefault(row.kind.code, {})[row.id] = pivot
            row.touched_at = other.touched_at = stamp
        return pivots[other.id]

    def unrelate(self, pivot: Pivot) -> None:
        """Untie two objects."""
        del pivot.src.related[pivot.dest.kind.code][pivot.dest.id]
        del pivot.dest.related[pivot.src.kind.code][pivot.src.id]
