"""The library as text that a person reads: an overview, or objects in full."""

import json
import sqlite3
import textwrap
from collections.abc import Iterator
from itertools import groupby, islice

from izoologic_cdf.library.export import Record, read_records
from izoologic_cdf.library.limits import abbreviate, storable
from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.queries import VIEW_OF
from izoologic_cdf.library.store import Library
from izoologic_cdf.printable import printable

WIDTH = 100
_LABEL_WIDTH = 13
_MAX_NAME = 30
# values of each type in the overview
MAX_VALUES = 50

_TYPES = """
SELECT type, count(*), coalesce(sum(held.attributes), 0)
FROM object LEFT JOIN (
  SELECT object, count(*) AS attributes FROM (SELECT DISTINCT object, name, value FROM attribute)
  GROUP BY object
) AS held ON held.object = object.id
GROUP BY type ORDER BY type
"""
_VALUES = "SELECT type, value, subtype FROM object ORDER BY type, value, subtype"
_RUNS = """
SELECT id, source, since, until, outcome FROM run
WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id
"""
_SIMILAR = """
SELECT DISTINCT value FROM object WHERE instr(lower(value), lower(?)) > 0
ORDER BY length(value), value LIMIT 5
"""


def show(library: Library, value: str | None = None, *, passwords: bool = False) -> Iterator[str]:
    """Yield lines, each with its newline: all objects of that value, else the overview.

    Lines are at most 100 characters wide, whatever the terminal, except where a word is longer.
    Characters that could act on a terminal are written as escapes. Values of passwords are shown
    with `passwords` alone.

    Raises:
        LibraryError: no object has that value.
    """
    with library.reading() as connection:
        lines = (
            _overview(connection)
            if value is None
            else _objects(connection, storable(value), passwords=passwords)
        )
        for line in lines:
            yield printable(line.rstrip()) + "\n"


def _overview(connection: sqlite3.Connection) -> Iterator[str]:
    types = connection.execute(_TYPES).fetchall()
    if not types:
        yield "The library is empty."
        return
    width = max(len("type"), *(len(printable(row[0])) for row in types))
    yield f"{'type':<{width}}  {'objects':>9}  {'attributes':>10}"
    counts = {name: objects for name, objects, _ in types}
    for name, objects, attributes in types:
        yield f"{printable(name):<{width}}  {objects:>9,}  {attributes:>10,}"
    for name, group in groupby(connection.execute(_VALUES), key=lambda row: str(row[0])):
        yield ""
        yield name
        for _, value, subtype in islice(group, MAX_VALUES):
            yield "  " + title(value, subtype)
        if (more := counts[name] - MAX_VALUES) > 0:
            lists = f": `izoologic-cdf {VIEW_OF[name]}`" if name in VIEW_OF else ""
            yield f"  and {more:,} more{lists}"


def _objects(connection: sqlite3.Connection, value: str, *, passwords: bool) -> Iterator[str]:
    found = False
    for record in read_records(connection, value):
        if found:
            yield ""
        found = True
        if not passwords:
            record.hide_passwords()
        yield from object_lines(connection, record)
    if not found:
        similar = [abbreviate(row[0]) for row in connection.execute(_SIMILAR, (value,))]
        hint = f"; similar: {', '.join(similar)}" if similar else ""
        raise LibraryError(
            f"no object has the value {abbreviate(value)}; characters and their case have to match "
            f"exactly{hint}"
        )


def object_lines(connection: sqlite3.Connection, record: Record) -> Iterator[str]:
    """Yield an object in full, as lines that are not yet escaped."""
    yield f"{record.type}: {title(record.value, record.subtype)}"
    fields = [
        ("description", record.description),
        ("published", record.published_at),
        ("happened", record.happened_at),
        ("started", record.started_at),
        ("ended", record.ended_at),
        ("status", record.status),
        ("size", _size(record)),
        ("SHA-256", record.sha256),
        ("sources", "\n".join(record.sources)),
        ("tags", "\n".join(record.tags)),
        ("created", f"{record.created_at} by run {record.created_run}"),
        ("changed", f"{record.modified_at} by run {record.modified_run}"),
    ]
    for label, text in fields:
        if text:
            yield from _field(label, text, 2, _LABEL_WIDTH)
    yield from _attributes(record)
    if record.related:
        yield f"  related ({len(record.related)})"
        for other, value, subtype in record.related:
            yield f"    {other}: {title(value, subtype)}"
    yield "  runs"
    runs = {record.created_run, record.modified_run, *(row.run for row in record.attributes)}
    rows = connection.execute(_RUNS, (json.dumps(list(runs)),))
    for number, source, since, until, outcome in rows:
        yield f"    {number}: {source}, {since} to {until}, {outcome or 'not finished'}"


def _size(record: Record) -> str | None:
    if record.size is not None:
        return f"{record.size:,} bytes"
    return "not downloaded yet" if record.type == "attachment" else None


def _attributes(record: Record) -> Iterator[str]:
    ordered = sorted(record.attributes, key=lambda row: (row.sources, row.run))
    for (sources, run), group in groupby(ordered, key=lambda row: (row.sources, row.run)):
        rows = list(group)
        yield f"  attributes ({len(rows)}) from {', '.join(sources)}, since run {run}"
        width = min(_MAX_NAME, max(len(printable(row.name)) for row in rows))
        for row in rows:
            yield from _field(row.name, row.value, 4, width + 2)


def _field(label: str, text: str, indent: int, width: int) -> Iterator[str]:
    """Yield a label and its text, whose further lines stand below its first."""
    hanging = " " * (indent + width)
    lines = [
        line
        for paragraph in text.split("\n")
        for line in textwrap.wrap(
            printable(paragraph),
            WIDTH - len(hanging),
            break_long_words=False,
            break_on_hyphens=False,
        )
        or [""]
    ]
    name = " " * indent + printable(label)
    if len(name) + 2 > len(hanging):
        yield name
    else:
        lines[0] = f"{name:<{len(hanging)}}{lines[0]}"
        yield lines.pop(0)
    for line in lines:
        yield hanging + line


def title(value: str, subtype: str | None) -> str:
    """Return what an object is called."""
    return value if subtype is None else f"{value} ({subtype})"
