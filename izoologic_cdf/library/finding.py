"""Objects that a text may mean, in full, for people and as JSON."""
# ruff: noqa: S608 - SQL made of words of ours

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from izoologic_cdf.errors import UsageError
from izoologic_cdf.library import search
from izoologic_cdf.library.export import Record, document_of, read_records
from izoologic_cdf.library.limits import abbreviate, storable
from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.queries import CASE_ID, VIEW_OF, asking, holds
from izoologic_cdf.library.show import object_lines, title
from izoologic_cdf.library.store import Library
from izoologic_cdf.printable import printable

# more objects than this are listed by name, as many as that
MAX_IN_FULL, MAX_NAMED = 20, 1_000
_CHANGES = """
SELECT at, change, what, name, old, new FROM changes
WHERE changes.id = ? AND what != 'object' ORDER BY at, run
"""


@dataclass(frozen=True, slots=True)
class Found:
    """An object that was found, by its value, by a case that it belongs to, or by its text.

    `view` is the one that lists it, null for an object of another type. `exact`: the text is the
    whole value or id of the case, where what stands before a `#` may be missing, as in `DLR#1`.
    """

    id: int
    type: str
    value: str
    view: str | None
    reason: str
    exact: bool


def find(library: Library, text: str, limit: int = 50) -> list[Found]:
    """Return the objects that a text may mean, best first.

    Those of that value, then those of a case of that id, as leaked accounts are, then those of
    which it is a part: of the value, of the id of the case, of the description or an attribute.
    """
    text = storable(text.strip())
    if not text:
        return []
    with asking(library) as connection:
        fold, part = search.folding(connection, text), text.lower()
        matching, words = search.matching(connection, text)
        inexact = f"{fold}({{0}}) != ? AND substr({fold}({{0}}), -{len(part) + 1}) != ?, '{{1}}'"
        whole = part, f"#{part}"
        rows = connection.execute(
            f"SELECT {inexact.format('value', 'value')}, id, type, value FROM objects "
            f"WHERE {matching} AND instr({fold}(value), ?) "
            "ORDER BY 1, value != ?, type, value, id LIMIT ?",
            (*whole, *words, part, text, limit),
        ).fetchall()
        rows += connection.execute(
            f"SELECT {inexact.format('attributes.value', 'case id')}, id, type, objects.value "
            "FROM attributes JOIN objects USING (id) "
            f"WHERE name = ? AND {holds(fold)} ORDER BY 1, type, objects.value, id LIMIT ?",
            (*whole, CASE_ID, part, limit),
        ).fetchall()
        rows.sort(key=lambda row: row[0])
        if len(rows) < limit:
            rows += connection.execute(
                f"SELECT 1, 'text', id, type, value FROM objects WHERE {matching} "
                f"OR id IN (SELECT id FROM attributes WHERE {holds(fold)}) "
                "ORDER BY type, value, id LIMIT ?",
                (*words, part, limit + len(rows)),
            ).fetchall()
    found: dict[int, Found] = {}
    for inexact, reason, number, kind, value in rows:
        found.setdefault(number, Found(number, kind, value, VIEW_OF.get(kind), reason, not inexact))
    return list(found.values())[:limit]


def find_lines(library: Library, text: str, *, passwords: bool) -> Iterator[str]:
    """Yield lines, printable ones: what a text means in full, or by name where it is much.

    Values of passwords are shown with `passwords` alone.

    Raises:
        LibraryError: nothing was found.
    """
    found = _find(library, text)
    if len(found) > MAX_IN_FULL:
        first = "the first " if len(found) == MAX_NAMED else ""
        more = ", and see all of them in lists" if first else ""
        yield f"{first}{len(found):,} objects; name more of one to see it in full{more}:"
        for one in found:
            yield printable(f"  {one.type}: {title(one.value, None)}")
        return
    with library.reading() as connection:
        for number, record in enumerate(_records(connection, found, passwords=passwords)):
            if number:
                yield ""
            for line in object_lines(connection, record):
                yield printable(line.rstrip())
            yield from map(printable, _history(connection, record.id))


def find_documents(library: Library, text: str, *, passwords: bool) -> list[dict[str, Any]]:
    """Return what a text means as in an export, with changes; raises LibraryError for nothing."""
    found = _find(library, text)
    with library.reading() as connection:
        return [
            document_of(record) | {"changes": _changes(connection, record.id)}
            for record in _records(connection, found, passwords=passwords)
        ]


def _find(library: Library, text: str) -> list[Found]:
    """Return the objects of that value or case, or else those that have it as a part."""
    if not text.strip():
        raise UsageError("VALUE is empty: name a case id, an e-mail, an address, a title or a name")
    found = find(library, text, MAX_NAMED)
    # an incident's own id stands in its notes too
    groups = (
        [one for one in found if one.exact],
        [one for one in found if one.reason != "text"],
        found,
    )
    for group in groups:
        if group:
            return group
    raise LibraryError(f"nothing in the library has {abbreviate(text)} in it")


def _records(
    connection: sqlite3.Connection, found: list[Found], *, passwords: bool
) -> Iterator[Record]:
    for record in read_records(connection, ids=[one.id for one in found]):
        if not passwords:
            record.hide_passwords()
        yield record


def _changes(connection: sqlite3.Connection, number: int) -> list[dict[str, Any]]:
    names = ("at", "change", "what", "name", "old", "new")
    return [dict(zip(names, row, strict=True)) for row in connection.execute(_CHANGES, (number,))]


def _history(connection: sqlite3.Connection, number: int) -> Iterator[str]:
    """Yield what came, went or changed since the object came."""
    changes = _changes(connection, number)
    if changes:
        yield f"  changes ({len(changes)})"
    for one in changes:
        what = one["name"] or one["what"]
        values = " -> ".join(one[key] for key in ("old", "new") if one[key] is not None)
        yield f"    {one['at']}  {what} {one['change']}: {values}"
