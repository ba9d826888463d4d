"""Lists and searches: column filters, order and part; POST /{c}/query, and the two older ones."""

import base64
import binascii
import glob
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from izoologic_cdf.loopback.serving import Answer
from izoologic_cdf.platform.envelope import several, wrong
from izoologic_cdf.platform.items import number
from izoologic_cdf.platform.kinds import ADVERSARY, ATTACHMENT, EVENT, INDICATOR, Kind
from izoologic_cdf.platform.rows import Row, Store
from izoologic_cdf.platform.shapes import Json, Shapes
from izoologic_cdf.platform.world import PlatformState

_NOW = re.compile(r"NOW(?:(?P<by>[+-]\d{1,5})(?P<unit>MINUTE|HOUR|DAY)S?)?")
_STAMP = "%Y-%m-%d %H:%M:%S"
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "+gt": operator.gt,
    "+gte": operator.ge,
    "+lt": operator.lt,
    "+lte": operator.le,
}
# a client asks for a type by its name under this key
_ALIASES = {"type": "type_name", "status": "status_name"}
_MAX_DEPTH = 50
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
            like = "*".join(map(glob.escape, store.fold(text).split("%")))
            found = [row for row in found if fnmatchcase(store.fold(column(row, name)), like)]
    return found


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


def candidates(state: PlatformState, kind: Kind, body: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows that can fit: by the index where a search lists names, else all of them."""
    match body.get("filters"):
        case {"+or": [*_] as parts}:
            names = [_only_name(kind, part) for part in parts]
            held = [state.store.holding(kind, kind.key, name) for name in names if name is not None]
            if len(held) == len(names):
                yield from {row.id: row for rows in held for row in (rows or {}).values()}.values()
                return
    yield from state.store.rows(kind)


def _only_name(kind: Kind, part: Any) -> str | None:
    """Return the name that a condition wants, among others or alone."""
    match part:
        case {"+and": [*inner]}:
            return next(filter(None, (_only_name(kind, one) for one in inner)), None)
        case dict() if isinstance(part.get(kind.key), str):
            return str(part[kind.key])
    return None


def matching(
    state: PlatformState, rows: Iterable[Row], body: Mapping[str, Any]
) -> Iterator[tuple[Row, Json]]:
    """Yield the rows that fit `criteria` and `filters`, each with its flat shape.

    Raises RefusalError for an operator that is unknown.
    """
    shapes = Shapes(state)
    for row in rows:
        flat = shapes.flat(row)
        if all(_fits(state, flat, body.get(part) or {}) for part in ("criteria", "filters")):
            yield row, flat


def _fits(state: PlatformState, flat: Json, condition: Any, depth: int = 0) -> bool:
    if not isinstance(condition, dict) or depth > _MAX_DEPTH:
        raise wrong("filters", "A filter must be an object.")
    results = []
    for name, value in condition.items():
        if name in ("+and", "+or"):
            parts = value if isinstance(value, list) else [value]
            fits = [_fits(state, flat, part, depth + 1) for part in parts]
            results.append(all(fits) if name == "+and" else any(fits))
        elif name == "+not":
            results.append(not _fits(state, flat, value, depth + 1))
        elif name.startswith("+"):
            raise wrong("filters", f"The operator {name} is unknown.")
        else:
            where = _ALIASES.get(name) or name
            results.append(_holds(state, _values(flat.get(where)), value))
    return all(results)


def _values(value: Any) -> list[Any]:
    """Return what a column holds as a list; of sources and attributes their names."""
    rows = value if isinstance(value, list) else [value]
    return [row.get("name") if isinstance(row, dict) else row for row in rows]


def _holds(state: PlatformState, values: list[Any], wanted: Any) -> bool:
    if isinstance(wanted, list):
        return any(_holds(state, values, one) for one in wanted)
    if not isinstance(wanted, dict):
        return any(_text(value) == _text(wanted) for value in values)
    return all(_within(state, values, name, bound) for name, bound in wanted.items())


def _within(state: PlatformState, values: list[Any], name: str, bound: Any) -> bool:
    if name == "+like":
        part = state.store.fold(bound).strip("%")
        return any(part in state.store.fold(value) for value in values)
    if name not in _COMPARE:
        raise wrong("filters", f"The operator {name} is unknown.")
    limit = _moment(state, bound) if isinstance(bound, str) else bound
    return any(_COMPARE[name](value, limit) for value in values if type(value) is type(limit))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _moment(state: PlatformState, text: str) -> str:
    found = _NOW.fullmatch(text)
    if found is None:
        return text
    moment = datetime.fromtimestamp(state.clock, UTC)
    if found["by"]:
        moment += int(found["by"]) * timedelta(**{f"{found['unit'].lower()}s": 1})
    return moment.strftime(_STAMP)


def after_cursor(rows: list[Json], mark: str, limit: int) -> tuple[list[Json], str]:
    """Return the rows after a cursor (`*`: from the first), and the next cursor.

    At the end the next cursor is the one that was given.
    """
    start = 0
    if mark != "*":
        try:
            start = max(0, int(base64.urlsafe_b64decode(mark)))
        except (binascii.Error, ValueError):
            raise wrong("cursorMark", "The cursor mark is invalid.") from None
    page = rows[start : start + limit]
    passed = b"%d" % (start + len(page))
    return page, base64.urlsafe_b64encode(passed).decode() if page else mark


def everywhere(state: PlatformState, text: str) -> Iterator[Json]:
    """Yield the rows of GET /search: everything whose name has the text in it."""
    for kind in (INDICATOR, EVENT, ADVERSARY, ATTACHMENT):
        for row in state.store.rows(kind):
            if text.casefold() in str(row.name).casefold():
                yield {"id": row.id, "value": row.name, "object": kind.code}


def advanced(state: PlatformState, body: Any) -> Iterator[Json]:
    """Yield the rows of POST /search/advanced: groups of which one holds, with all its conditions.

    Raises RefusalError for an unknown collection, field or operator.
    """
    if not isinstance(body, dict):
        raise wrong("body", "An object of collections is expected.")
    for name, groups in body.items():
        kind = state.kinds.answered.get(name)
        if kind is None or not isinstance(groups, list):
            raise wrong(name, f"The collection {name} is unknown.")
        for row in state.store.rows(kind):
            if any(all(_meets(state, row, condition) for condition in group) for group in groups):
                yield {"id": row.id, kind.key: row.name, "object": kind.code}


def _meets(state: PlatformState, row: Row, condition: Any) -> bool:
    match condition:
        case {"field": str(name), "operator": str(how), "value": value}:
            pass
        case _:
            raise wrong("field", "A condition has a field, an operator and a value.")
    plain = name.removeprefix(f"{row.kind.code}_")
    plain = f"{plain}_id" if plain in ("type", "status") else plain
    if plain not in ("id", *row.kind.columns, "created_at", "updated_at"):
        raise wrong("field", f"The field {name} is unknown.")
    own, text = state.store.fold(column(row, plain)), state.store.fold(value)
    if plain.endswith("_id") and number(value) is None:
        words, what = state.words, plain.removesuffix("_id")
        find = words.status(name=text) if what == "status" else words.type(row.kind.code, name=text)
        text = str((find or {}).get("id"))
    match how:
        case "is":
            return own == text
        case "is not":
            return own != text
        case "like":
            return text.strip("%") in own
        case "not like":
            return text.strip("%") not in own
    raise wrong("operator", f"The operator {how} is unknown.")
