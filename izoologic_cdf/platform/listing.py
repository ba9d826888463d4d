"""Lists: column filters, order, and the part that was asked for."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from izoologic_cdf.loopback.serving import Answer
from izoologic_cdf.platform.envelope import several, wrong
from izoologic_cdf.platform.items import number
from izoologic_cdf.platform.kinds import Kind
from izoologic_cdf.platform.rows import Row, Store
from izoologic_cdf.platform.shapes import Json

# names in the query of a list that are no column
_WORDS = {"limit", "offset", "sort", "with", "fields", "normalize", "cursorMark"}
_STAMPS = ("created_at", "updated_at", "touched_at", "published_at")


def column(row: Row, name: str) -> Any:
    """Return the value of a column of an object, None where it has none of that name."""
    if name == "id":
        return row.id
    return getattr(row, name) if name in _STAMPS else row.fields.get(name)


def of_kind(store: Store, kind: Kind, query: Mapping[str, str]) -> list[Row]:
    """Return the objects of a kind that fit the column filters of a query."""
    for name, text in query.items():
        if "%" not in text and (indexed := store.holding(kind, name, text)) is not None:
            return filtered(store, indexed.values(), query)
    return filtered(store, store.rows(kind), query)


def filtered(store: Store, rows: Iterable[Row], query: Mapping[str, str]) -> list[Row]:
    """Return the rows that fit the column filters of a query; what is no column is ignored.

    `%` stands for any text, as at the end of `value=192.%`.
    """
    found = list(rows)
    for name, text in query.items():
        if name in _WORDS or not found:
            continue
        if name == "id" or name in _STAMPS or name in found[0].fields:
            start, *rest = store.fold(text).split("%")
            found = [row for row in found if _like(store.fold(column(row, name)), start, rest)]
    return found


def _like(text: str, start: str, rest: list[str]) -> bool:
    if not rest:
        return text == start
    if not text.startswith(start):
        return False
    at = len(start)
    *middle, end = rest
    for part in middle:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return len(text) - len(end) >= at and text.endswith(end)


def ordered(rows: list[Row], sort: str) -> list[Row]:
    """Return rows in the order of `sort=-created_at,id`; without one by id."""
    rows = sorted(rows, key=lambda row: row.id)
    for name in reversed([name for name in sort.split(",") if name]):
        plain = name.removeprefix("-").removeprefix("+")

        def key(row: Row, plain: str = plain) -> tuple[bool, Any]:
            value = column(row, plain)
            # null comes first, then numbers, then texts
            if value is None or isinstance(value, int | float):
                return value is not None, (0, value or 0)
            return True, (1, str(value))

        rows.sort(key=key, reverse=name.startswith("-"))
    return rows


def part(query: Mapping[str, str], default: int | None, most: int | None = None) -> slice:
    """Return the part that limit and offset ask for; raises RefusalError for what is no number."""
    sizes: list[int | None] = []
    for name in ("offset", "limit"):
        text = query.get(name)
        sizes.append(number(text) if text else None)
        if text and sizes[-1] is None:
            raise wrong(name, f"The {name} must be an integer.")
    start, size = sizes[0] or 0, sizes[1] if sizes[1] is not None else default
    if most is not None:
        size = most if size is None else min(size, most)
    return slice(start, None if size is None else start + size)


def listed(
    rows: list[Row],
    query: Mapping[str, str],
    which: slice,
    shape: Callable[[Row], Json],
) -> Answer:
    """Return the answer of a list, of the columns that `fields=` names."""
    names = [name for name in query.get("fields", "").split(",") if name]
    data = [shape(row) for row in ordered(rows, query.get("sort", ""))[which]]
    if names:
        data = [{key: row[key] for key in ("id", *names) if key in row} for row in data]
    return several(data, len(rows))
