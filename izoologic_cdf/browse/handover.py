"""A library as one HTML file to hand on: how it stands, and the cases of a range of time.

It has no script, loads nothing, and no password. What else says something of a person is left out
unless it is asked for: accounts, notes, indicators, free texts, and all changes but those of a
status.
"""

import base64
import hashlib
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from markupsafe import Markup

from izoologic_cdf.browse import pages
from izoologic_cdf.browse.records import STATUS, as_rows, fetch, read_picture
from izoologic_cdf.errors import UsageError
from izoologic_cdf.library.queries import Table
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.windows import Window, stamp

# rows of a table; the rest is counted
MAX_ROWS = 2_000
_MOMENT = "coalesce(updated, published, first_seen)"
_IN_RANGE = f"{_MOMENT} BETWEEN :since AND :until"
_COLUMNS = """
case_id, brand, status, status_since, incident_type, published, updated, notes, files, indicators
"""
# what belongs to the cases of the range
_OF_THEM = f"""
id IN (SELECT other_id FROM related WHERE id IN (SELECT id FROM cases WHERE {_IN_RANGE}))
"""  # noqa: S608 - words of ours
# title, columns, source and order of the further tables of a report with personal data
_PERSONAL = (
    (
        "Accounts",
        "account, brand, severity, data_type, case_ids, website, published, description",
        "accounts WHERE coalesce(published, first_seen) BETWEEN :since AND :until",
        "account",
    ),
    (
        "Indicators",
        "indicator, type, status, case_ids",
        f"indicators WHERE {_OF_THEM}",
        "indicator",
    ),
    (
        "Notes",
        "title, case_ids, posted_by, text",
        f"notes WHERE {_OF_THEM}",
        "published, title",
    ),
    (
        "Files",
        "name, case_ids, size, sha256",
        f"files WHERE {_OF_THEM}",
        "published, name",
    ),
)


def write_report(
    library: Library, output: Path, window: Window, now: int, *, personal: bool
) -> None:
    """Write the file, for its owner alone; one of that name is replaced when all is written.

    Raises:
        LibraryError: the library cannot be read.
        UsageError: the file cannot be written.
    """
    text = _render(library, window, now, personal=personal)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{output.name}-", dir=output.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8", "replace"))
            Path(name).replace(output)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"the report {output} cannot be written: {error.strerror}") from error


def _render(library: Library, window: Window, now: int, *, personal: bool) -> str:
    picture = read_picture(library, now)
    limits = {"since": stamp(window.since), "until": stamp(window.until), "status": STATUS}
    changes = "at BETWEEN :since AND :until"
    if not personal:
        changes += " AND type IN ('incident', 'event') AND name = :status"
    with library.reading() as connection:

        def read(columns: str, source: str, order: str) -> Table:
            rows = f"SELECT {columns} FROM {source} ORDER BY {order} LIMIT {MAX_ROWS}"  # noqa: S608 - words of ours
            (total,) = connection.execute(f"SELECT count(*) FROM {source}", limits).fetchone()  # noqa: S608
            return replace(fetch(connection, rows, limits), total=total)

        columns = _COLUMNS + ", description" if personal else _COLUMNS
        cases = read(columns, f"cases WHERE {_IN_RANGE}", f"{_MOMENT} DESC, case_id")
        tables = [("Cases", cases)]
        if personal:
            tables += [(title, read(*what)) for title, *what in _PERSONAL]
        told = read("*", f"changes WHERE {changes}", "at DESC, id")
    style = (pages.FOLDER / "browse.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    values = pages.overview(picture) | {
        "window": window,
        "now": now,
        "personal": personal,
        "tables": tables,
        "changes": as_rows(told),
        "more_changes": told.total - len(told.rows),
        "css": Markup(style),  # noqa: S704 - our own file
        "policy": f"default-src 'none'; style-src 'sha256-{digest}'",
    }
    return pages.make_environment().get_template("report.html").render(values)
