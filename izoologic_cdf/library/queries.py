"""What people ask of a library: lists with filters, objects by a part of them, changes, counts.

All of it is asked of the views, so that nothing here shows a password, but for `read_passwords`.
Letters are compared in either case. Times are UTC text, `YYYY-MM-DD HH:MM:SS`. What one function
returns was so at one moment. What is not there to be asked for raises UsageError.
"""
# ruff: noqa: S608 - SQL made of names that were looked up

import contextlib
import difflib
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from izoologic_cdf.errors import UsageError
from izoologic_cdf.library import search
from izoologic_cdf.library.limits import storable
from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.library.views import ATTRIBUTES, CASES, NAMES, is_password

Value = str | int | None

# the view of the objects of a type
VIEW_OF = {
    "incident": "cases", "event": "cases", "account": "accounts", "identity": "accounts",
    "note": "notes", "attachment": "files", "indicator": "indicators",
}  # fmt: skip
LISTS = tuple(dict.fromkeys(VIEW_OF.values()))
# how views without `last_changed` are sorted where nothing is asked for
_ORDERS = {"runs": "-id", "changes": "at", "attributes": "name", "gaps": "since"}
_BUCKETS = {"year": 4, "month": 7, "day": 10}
_TIMES = (
    "published", "updated", "first_seen", "last_changed", "status_since", "closed", "posted",
    "added", "happened", "started", "finished", "since", "until", "at", "first_failed", "next_try",
)  # fmt: skip
CASE_ID = "Case ID"

_TYPES = ("case_type", "incident_type", "threat_type")
# the columns of a view, or of the cases that its rows belong to, that each filter looks at
_OF_VIEW: dict[str, dict[str, tuple[str, ...]]] = {
    "cases": {"brand": ("brand",), "status": ("status",), "type": ("type", *_TYPES)},
    "accounts": {"brand": ("brand",), "type": ("type", "data_type", "subtype")},
    "notes": {"brand": ("brand",)},
    "files": {},
    "indicators": {"status": ("status",), "type": ("type",)},
}
_OF_CASES = {"brand": ("brand",), "status": ("status",), "type": _TYPES}
_WITHOUT_CASES = ("cases", "accounts")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows of a list: all that is given has to hold, of several values one.

    `brand`, `status` and `type` are whole values, of a case where a row of notes, files or
    indicators has none; `type` is that of any column that tells a type.
    `source` is a part of a feed's name, `case` the exact id of a case that the rows belong to; of
    accounts, what stands before its `#` may be missing.
    `text` are words that all stand somewhere in the value, the description or an attribute.
    `since` and `until`, inclusive, are about the published date; where it is null, when it came.
    """

    brand: Collection[str] = ()
    status: Collection[str] = ()
    type: Collection[str] = ()
    source: Collection[str] = ()
    case: Collection[str] = ()
    text: str = ""
    since: str | None = None
    until: str | None = None
    changed_since: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, each with the values of the columns; `total` is how many there are without a limit."""

    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]
    total: int


@dataclass(frozen=True, slots=True)
class Details:
    """One object: its row in `objects`, then what belongs to it; passwords are hidden."""

    fields: dict[str, Value]
    view: str | None
    attributes: Table
    changes: Table
    related: Table


class _Condition:
    """Conditions that all have to hold, with the values for them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.parts: list[str] = []
        self.values: list[Value] = []

    def add(self, part: str, *values: Value) -> None:
        self.parts.append(f"({part})")
        self.values += values

    def any_of(self, texts: Collection[str], *forms: str) -> None:
        """Add that one of the forms, with `{fold}` and a `?` each, holds for one of the texts."""
        if texts:
            every = [
                (form.format(fold=search.folding(self.connection, text)), storable(text).lower())
                for text in texts
                for form in forms
            ]
            self.add(" OR ".join(form for form, _ in every), *(text for _, text in every))

    def __str__(self) -> str:
        return f" WHERE {' AND '.join(self.parts)}" if self.parts else ""


def read_list(
    library: Library,
    view: str,
    filters: Filters | None = None,
    *,
    columns: Sequence[str] = (),
    sort: str = "",
    limit: int | None = None,
    offset: int = 0,
) -> Table:
    """Return rows of a view: those columns, else all, sorted by `column` or, downwards, `-column`.

    What has no value in that column stands last. Without `sort` the last changed is first.
    """
    known = _known(view)
    with asking(library) as connection:
        all_columns = _columns(connection, view)
        shown = [_pick(name, all_columns, f"column of {known}") for name in columns or all_columns]
        order = _order(known, sort, all_columns)
        condition = _filter(connection, view, filters or Filters())
        (total,) = connection.execute(
            f"SELECT count(*) FROM {view}{condition}", condition.values
        ).fetchone()
        bounds = (-1 if limit is None else limit, offset)
        query = f"FROM {view}{condition} {order} LIMIT ? OFFSET ?"
        if view in LISTS:
            # the columns are found out for the rows of the page only
            query = f"FROM {view} WHERE id IN (SELECT id {query}) {order}"
        found = connection.execute(
            f"SELECT {', '.join(shown)} {query}", (*condition.values, *bounds)
        )
        return Table(tuple(shown), found.fetchall(), total)


def count_by(
    library: Library, view: str, by: Sequence[str], filters: Filters | None = None
) -> Table:
    """Return how many rows of a view have each combination of values, the most frequent first.

    `by` are columns, or attributes of the objects by name, or periods of a time as in
    `published:month` (year, month, day). Several values of one attribute stand together.
    """
    known = _known(view)
    if not by:
        raise UsageError(f"nothing is named to count {known} by")
    with asking(library) as connection:
        all_columns = _columns(connection, view)
        keys = [_key(connection, name, view, all_columns) for name in by]
        condition = _filter(connection, view, filters or Filters())
        expressions = ", ".join(expression for expression, _ in keys)
        values = [value for _, more in keys for value in more]
        places = ", ".join(str(place + 1) for place in range(len(keys)))
        found = connection.execute(
            f"SELECT {expressions}, count(*) FROM {view}{condition} "
            f"GROUP BY {places} ORDER BY count(*) DESC, {places}",
            [*values, *condition.values],
        ).fetchall()
        return Table((*by, "count"), found, len(found))


def read_changes(
    library: Library,
    since: str,
    until: str | None = None,
    *,
    what: Collection[str] = (),
    limit: int | None = None,
) -> Table:
    """Return what came, went or changed from one time to another, both inclusive, oldest first.

    `what` leaves only these: object, attribute, field, relation, source, tag.
    """
    with asking(library) as connection:
        condition = _Condition(connection)
        condition.add("at >= ?", since)
        if until is not None:
            condition.add("at <= ?", until)
        condition.any_of(what, "what = {fold}(?)")
        return _table(connection, "changes", condition, "ORDER BY at, run", limit)


def known_values(library: Library, view: str, name: str) -> list[str]:
    """Return the values that a filter of a view, by its name, can have, sorted.

    They are brand, status, type, source or case; the last is of cases and of leaked accounts.
    """
    with asking(library) as connection:
        if name == "source":
            selects = ["SELECT DISTINCT feed FROM runs"]
        elif name == "case":
            selects = [
                "SELECT case_id FROM cases"
                if view != "accounts"
                else f"SELECT value FROM attributes WHERE name = '{CASE_ID}'"
            ]
        else:
            of, columns = _looked_at(view, name)
            selects = [
                f"SELECT value FROM attributes WHERE name = '{ATTRIBUTES[of][column]}'"
                if column in ATTRIBUTES.get(of, {})
                else f"SELECT {column} FROM {of} WHERE {column} IS NOT NULL"
                for column in columns
            ]
        rows = connection.execute(f"SELECT DISTINCT * FROM ({' UNION '.join(selects)}) ORDER BY 1")
        return [str(value) for (value,) in rows]


def read_object(library: Library, number: int) -> Details | None:
    """Return one object by its id with all that belongs to it; null where there is none."""
    with asking(library) as connection:
        cursor = connection.execute("SELECT * FROM objects WHERE id = ?", (number,))
        row = cursor.fetchone()
        if row is None:
            return None
        own = _Condition(connection)
        own.add("id = ?", number)
        values = dict(zip((one[0] for one in cursor.description), row, strict=True))
        return Details(
            values,
            VIEW_OF.get(values["type"]),
            _table(connection, "attributes", own, "ORDER BY name, value, source"),
            _table(connection, "changes", own, "ORDER BY at, run"),
            _table(connection, "related", own, "ORDER BY other_type, other_value, other_id"),
        )


def read_passwords(library: Library, number: int) -> list[tuple[str, str]]:
    """Return name and value of the attributes of an object that are passwords, in clear text."""
    with asking(library) as connection:
        rows = connection.execute(
            "SELECT DISTINCT text, value FROM attribute JOIN term ON term.id = name "
            "WHERE object = ? ORDER BY 1, 2",
            (number,),
        )
        return [(name, value) for name, value in rows if is_password(name)]


@contextlib.contextmanager
def asking(library: Library) -> Iterator[sqlite3.Connection]:
    """Yield a connection that has the views; raises LibraryError where there are none."""
    with library.reading() as connection:
        try:
            connection.execute("SELECT 1 FROM cases LIMIT 0")
        except sqlite3.OperationalError as error:
            raise LibraryError(
                f"the library {library.path} was written by an earlier version, which kept too "
                "little for this: the next run of a feed brings it up to date"
            ) from error
        yield connection


# --- parts of a query --------------------------------------------------------------------------


def _table(
    connection: sqlite3.Connection,
    view: str,
    condition: _Condition,
    order: str,
    limit: int | None = None,
) -> Table:
    found = connection.execute(
        f"SELECT * FROM {view}{condition} {order} LIMIT ?",
        (*condition.values, -1 if limit is None else limit),
    )
    columns = tuple(one[0] for one in found.description)
    rows = found.fetchall()
    total = len(rows)
    if limit is not None and total >= limit:
        (total,) = connection.execute(
            f"SELECT count(*) FROM {view}{condition}", condition.values
        ).fetchone()
    return Table(columns, rows, total)


def _filter(connection: sqlite3.Connection, view: str, filters: Filters) -> _Condition:
    """Return the condition that a row of a list meets where it meets the filters."""
    condition = _Condition(connection)
    if filters == Filters():
        return condition
    if view not in LISTS:
        raise UsageError(f"{view} cannot be filtered; these can: {', '.join(LISTS)}")
    for name in ("brand", "status", "type"):
        if texts := getattr(filters, name):
            of, columns = _looked_at(view, name)
            condition.any_of(texts, *(_is_value(view, of, column) for column in columns))
    condition.any_of(filters.source, "instr({fold}(sources), ?)")
    if filters.case:
        # of two ids that differ in the case of a letter, each is its own
        forms = " OR ".join([_belongs(view)] * len(filters.case))
        condition.add(forms, *map(storable, filters.case))
    for word in storable(filters.text).split():
        matching, values = search.matching(connection, word)
        fold = search.folding(connection, word)
        own = f"SELECT 1 FROM attributes WHERE attributes.id = {view}.id AND {holds(fold)}"
        condition.add(f"{matching} OR EXISTS ({own})", *values, word.lower())
    for part, time in (
        ("coalesce(published, first_seen) >= ?", filters.since),
        ("coalesce(published, first_seen) <= ?", filters.until),
        ("last_changed >= ?", filters.changed_since),
    ):
        if time is not None:
            condition.add(part, time)
    return condition


def _looked_at(view: str, name: str) -> tuple[str, tuple[str, ...]]:
    """Return the columns that a filter of a view looks at, and which view has them."""
    if name in _OF_VIEW[view]:
        return view, _OF_VIEW[view][name]
    if view in _WITHOUT_CASES:
        raise UsageError(f"{view} have no {name} to filter by")
    return "cases", _OF_CASES[name]


def _is_value(view: str, of: str, column: str) -> str:
    """Return the form that one of the values of a column is a text, of the row or of its cases."""
    name = ATTRIBUTES.get(of, {}).get(column)
    if name is None:
        return f"{{fold}}({column}) = ?"
    source = f"attributes WHERE attributes.id = {view}.id"
    if of != view:
        source = (
            "related JOIN attributes ON attributes.id = other_id "
            f"WHERE related.id = {view}.id AND other_type IN {CASES}"
        )
    return f"EXISTS (SELECT 1 FROM {source} AND name = '{name}' AND {{fold}}(attributes.value) = ?)"


def _belongs(view: str) -> str:
    """Return the condition that a row belongs to the case of an id."""
    if view == "cases":
        return "case_id = ?"
    if view == "accounts":
        # as people name a DLR case: without what stands before the `#`
        short = "substr(value, instr(value, '#') + 1)"
        named = f"name = '{CASE_ID}' AND ? IN (value, {short})"
        return f"id IN (SELECT id FROM attributes WHERE {named})"
    return "id IN (SELECT other_id FROM related JOIN cases USING (id) WHERE case_id = ?)"


def holds(fold: str) -> str:
    """Return the condition that the value of an attribute has a text as a part."""
    return f"instr({fold}(attributes.value), ?)"


def _known(view: str) -> str:
    return _pick(view, NAMES, "list")


def _columns(connection: sqlite3.Connection, view: str) -> tuple[str, ...]:
    found = connection.execute(f"SELECT * FROM {view} LIMIT 0")
    return tuple(one[0] for one in found.description)


def _order(view: str, sort: str, columns: Sequence[str]) -> str:
    default = "-last_changed" if "last_changed" in columns else _ORDERS.get(view, columns[0])
    sort = sort or default
    column = _pick(sort.removeprefix("-"), columns, f"column of {view}")
    down = " DESC" if sort.startswith("-") else ""
    end = ", id" if "id" in columns and column != "id" else ""
    return f"ORDER BY {column} COLLATE NOCASE{down} NULLS LAST{end}"


def _key(
    connection: sqlite3.Connection, name: str, view: str, columns: Collection[str]
) -> tuple[str, list[str]]:
    """Return the expression to group by that a name means, and the values for it."""
    column, _, period = name.partition(":")
    plain = column.strip().lower().replace(" ", "_")
    if period:
        length = _BUCKETS[_pick(period, _BUCKETS, "period")]
        times = [one for one in columns if one in _TIMES]
        return f"substr({_pick(plain, times, f'time of {view}')}, 1, {length})", []
    if plain in columns:
        return plain, []
    known = [
        one for (one,) in connection.execute("SELECT DISTINCT name FROM attributes ORDER BY name")
    ]
    named = {one.lower(): one for one in known}.get(name.strip().lower())
    if named is None or view not in LISTS:
        _pick(name, [*columns, *(known if view in LISTS else ())], f"column of {view}")
    values = (
        "SELECT DISTINCT value FROM attributes "
        f"WHERE attributes.id = {view}.id AND name = ? ORDER BY value"
    )
    return f"(SELECT group_concat(value, ', ') FROM ({values}))", [str(named)]


def _pick(name: str, known: Iterable[str], what: str) -> str:
    known = list(known)
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
    raise UsageError(f"there is no {what} called '{name}'; {hint}")
