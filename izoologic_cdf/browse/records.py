"""What the pages show, read from a library: how it stands, one object, one file, what a text finds.

Times are texts, `YYYY-MM-DD HH:MM:SS` UTC. An object is named by the number that it has in its
library. Everything but bytes and a password that was asked for comes from the views.
"""

import sqlite3
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.library import finding, queries
from izoologic_cdf.library.queries import LISTS, VIEW_OF
from izoologic_cdf.library.store import Library
from izoologic_cdf.library.views import is_password
from izoologic_cdf.runtime.overview import Overview, RunRecord, read_overview, read_runs
from izoologic_cdf.runtime.windows import DAY, stamp

Row = dict[str, Any]

# what each list of objects calls the value
VALUES = {
    "cases": "case_id", "accounts": "account", "notes": "title", "files": "name",
    "indicators": "indicator",
}  # fmt: skip
# rows of the short lists of the overview, and hits of a search
SHORT, MAX_HITS = 6, 100
CASE_ID, STATUS = "Case ID", "Status"

_RELATED = """
SELECT objects.*, size, sha256 FROM related JOIN objects ON objects.id = other_id
LEFT JOIN files ON files.id = other_id AND objects.type = 'attachment'
WHERE related.id = ? ORDER BY objects.published, objects.value, objects.id
"""
_SIZE = """
SELECT size, sha256 FROM object LEFT JOIN content ON content.id = content WHERE object.id = ?
"""
_CONTENT = """
SELECT value, sha256, size FROM object JOIN content ON content.id = content WHERE object.id = ?
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A library as of now: how it stands, and what the overview counts and lists of it.

    The counts of cases go by (day of publication, status or brand), those of accounts by (brand,
    type); a text is empty where there is none.
    """

    overview: Overview
    runs: list[RunRecord]
    by_status: dict[tuple[str, str], int]
    by_brand: dict[tuple[str, str], int]
    accounts: dict[tuple[str, str], int]
    counts: dict[str, int]
    files: list[Row]
    changes: list[Row]
    yesterday: str


@dataclass(slots=True)
class Shown:
    """One object with all that belongs to it; `passwords` are null until they are asked for.

    `attributes` are grouped by what told them, the ids of the cases, where that is known.
    """

    kind: str
    row: Row
    attributes: list[tuple[str, list[Row]]]
    history: list[Row]
    related: dict[str, list[Row]] = field(default_factory=dict)
    has_password: bool = False
    passwords: list[tuple[str, str]] | None = None

    def before(self, name: str) -> list[Row]:
        """Return what an attribute was earlier, with the time until which it was."""
        return [one for one in self.history if one["name"] == name and one["old"] is not None]


def read_picture(library: Library, now: int) -> Picture:
    """Return what the overview shows; `now` in epoch seconds. Raises LibraryError."""
    yesterday = stamp(now - DAY)
    newest = queries.read_list(library, "changes", sort="-at", limit=SHORT)
    return Picture(
        read_overview(library, now),
        read_runs(library, SHORT),
        _count(library, "cases", "published:day", "status"),
        _count(library, "cases", "published:day", "brand"),
        _count(library, "accounts", "brand", "data_type"),
        {
            view: queries.read_list(library, view, limit=0).total
            for view in (*LISTS, "gaps", "deferred")
        },
        as_rows(queries.read_list(library, "files", sort="-published", limit=SHORT)),
        [row for row in as_rows(newest) if row["at"] >= yesterday],
        yesterday,
    )


def read_shown(library: Library, number: int, *, with_password: bool = False) -> Shown | None:
    """Return one object, null where there is none. Raises LibraryError."""
    found = queries.read_object(library, number)
    if found is None:
        return None
    kind = found.view or LISTS[0]
    attributes = as_rows(found.attributes)
    told = [row for row in attributes if not is_password(row["name"])]
    shown = Shown(
        kind,
        found.fields,
        _by_case(told) if kind == "accounts" else [("", told)],
        as_rows(found.changes),
        has_password=len(told) < len(attributes),
        passwords=queries.read_passwords(library, number) if with_password else None,
    )
    with library.reading() as connection:
        for row in as_rows(fetch(connection, _RELATED, (number,))):
            shown.related.setdefault(VIEW_OF.get(row["type"], LISTS[0]), []).append(row)
        shown.row["size"], shown.row["sha256"] = connection.execute(_SIZE, (number,)).fetchone()
    return shown


def find(library: Library, text: str) -> dict[str, list[Row]]:
    """Return the first objects that a text may mean, by list, the best first."""
    hits: dict[str, list[Row]] = {}
    for one in finding.find(library, text, MAX_HITS):
        row = {"id": one.id, "type": one.type, "value": one.value, "reason": one.reason}
        hits.setdefault(one.view or LISTS[0], []).append(row)
    return hits


def read_file(library: Library, number: int) -> tuple[str, int, Generator[bytes]] | None:
    """Return name, size and bytes of a file; null where there is none, or it has no bytes."""
    with library.reading() as connection:
        row = connection.execute(_CONTENT, (number,)).fetchone()
    return (
        None if row is None else (row[0], row[2], (part for part in library.read_content(row[1])))
    )


def fetch(
    connection: sqlite3.Connection, statement: str, values: Sequence[object] | Row
) -> queries.Table:
    """Return what a statement selects."""
    cursor = connection.execute(statement, values)
    rows = cursor.fetchall()
    return queries.Table(tuple(one[0] for one in cursor.description), rows, len(rows))


def as_rows(table: queries.Table) -> list[Row]:
    """Return the rows of a table, each by the names of its columns."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _count(library: Library, view: str, *by: str) -> dict[tuple[str, str], int]:
    rows = queries.count_by(library, view, by).rows
    return {(str(one or ""), str(two or "")): int(count or 0) for one, two, count in rows}


def _by_case(rows: list[Row]) -> list[tuple[str, list[Row]]]:
    """Group the attributes of an account by the cases that told them first.

    A case is committed whole, so that what it brought has the same time as its id.
    """
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["since"], row["run"]), []).append(row)
    return [
        (", ".join(row["value"] for row in group if row["name"] == CASE_ID), group)
        for _, group in sorted(groups.items())
    ]
