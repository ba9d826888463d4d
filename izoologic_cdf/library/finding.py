"""Objects that a text may mean, in full, for people and as JSON."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from izoologic_cdf.errors import UsageError
from izoologic_cdf.library import queries
from izoologic_cdf.library.export import Record, document_of, read_records
from izoologic_cdf.library.limits import abbreviate
from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.queries import Found
from izoologic_cdf.library.show import object_lines, title
from izoologic_cdf.library.store import Library
from izoologic_cdf.printable import printable

# more objects than this are listed by name, as many as that
MAX_IN_FULL, MAX_NAMED = 20, 1_000
_CHANGES = """
SELECT at, change, what, name, old, new FROM changes
WHERE changes.id = ? AND what != 'object' ORDER BY at, run
"""


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
    found = queries.find(library, text, MAX_NAMED)
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
