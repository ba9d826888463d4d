"""The HTML of the pages, and of one file to hand on: how a library stands, its cases of a range.

The file has no script, loads nothing, and no password. What else says something of a person is left
out unless it is asked for: accounts, notes, indicators, free texts, and all changes but those of a
status.
"""

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from izoologic_cdf.browse import figures
from izoologic_cdf.browse.records import STATUS, Picture, as_rows, fetch, read_picture
from izoologic_cdf.library import queries
from izoologic_cdf.library.queries import Table
from izoologic_cdf.library.store import Library
from izoologic_cdf.printable import printable
from izoologic_cdf.runtime.overview import Standing
from izoologic_cdf.runtime.summary import group_missing
from izoologic_cdf.runtime.windows import DAY, Window, stamp

FOLDER = Path(__file__).parent / "templates"
# calendars that are drawn of a feed, the newest years, and further lines of a list
MAX_YEARS, MAX_LINES = 3, 20
LISTS = (*queries.LISTS, "changes", "runs", "gaps", "deferred")
MAX_CELL = 300
_SIZES = ("bytes", "kB", "MB", "GB")


def equip(environment: Environment) -> None:
    """Give an environment the filters and names that the templates use."""
    environment.filters |= {
        "text": text,
        "printable": printable,
        "number": "{:,}".format,
        "size": size,
        "stamp": stamp,
    }
    environment.globals["lists"] = LISTS


def make_environment() -> Environment:
    """Return an environment that escapes everything, and knows the templates."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    equip(environment)
    return environment


def text(value: object) -> Markup:
    """Return a value of the library as text that acts on nothing around it; a dash for none.

    Line breaks stay; marks of direction and other invisible characters are shown as escapes.
    """
    if value is None or value == "":
        return Markup('<span class="none">&ndash;</span>')
    lines = str(value).replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return Markup("<bdi>{}</bdi>").format("\n".join(map(printable, lines)))


def shorten(value: str) -> str:
    """Return a text as a cell of a list has it."""
    return value if len(value) <= MAX_CELL else f"{value[:MAX_CELL]}…"


def size(number: int | None) -> str:
    """Return a number of bytes in a unit that keeps it short."""
    if number is None:
        return "not downloaded yet"
    amount, unit = float(number), 0
    while amount >= 1000 and unit < len(_SIZES) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:,.0f} {_SIZES[unit]}" if unit == 0 else f"{amount:,.1f} {_SIZES[unit]}"


def overview(picture: Picture) -> dict[str, Any]:
    """Return what the template of the overview needs."""
    return {
        "picture": picture,
        "plots": [
            (f"Cases by {name}", name, figures.bars_over_time(counts, "Cases"))
            for name, counts in (("status", picture.by_status), ("brand", picture.by_brand))
        ],
        "accounts": figures.bars_by_name(picture.accounts, "Accounts by brand and type"),
        "feeds": [_feed(one, picture.overview.now) for one in picture.overview.standings],
    }


def _feed(standing: Standing, now: int) -> dict[str, Any]:
    running, last = [], standing.last_run
    if last is not None and last.ended is None and last.started >= stamp(now - DAY):
        running = [Window(_epoch(last.since), _epoch(last.until))]
    states = {
        "old": standing.too_old,
        "finished": standing.finished,
        "running": running,
        "gap": standing.gaps,
    }
    years = sorted({y for w in states.values() for one in w for y in _years(one)}, reverse=True)
    name = standing.of.feed
    return {
        "name": name,
        "standing": standing,
        "is_running": bool(running),
        "years": [
            (year, figures.calendar_year(year, states, f"Coverage of {name} in {year}"))
            for year in years[:MAX_YEARS]
        ],
        "earlier": years[MAX_YEARS:],
        "gaps": standing.gaps[-MAX_LINES:],
        "more_gaps": max(0, len(standing.gaps) - MAX_LINES),
        "missing": group_missing(standing.missing)[:MAX_LINES],
    }


def _years(window: Window) -> range:
    return range(int(stamp(window.since)[:4]), int(stamp(window.until)[:4]) + 1)


def _epoch(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


# --- the file to hand on --------------------------------------------------------------------------

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


def render_report(library: Library, window: Window, now: int, *, personal: bool) -> str:
    """Return the file; raises LibraryError where the library cannot be read."""
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
    style = (FOLDER / "browse.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    values = overview(picture) | {
        "window": window,
        "now": now,
        "personal": personal,
        "tables": tables,
        "changes": as_rows(told),
        "more_changes": told.total - len(told.rows),
        "css": Markup(style),  # noqa: S704 - our own file
        "policy": f"default-src 'none'; style-src 'sha256-{digest}'",
    }
    return make_environment().get_template("report.html").render(values)
