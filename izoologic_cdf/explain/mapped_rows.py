"""The rows of a mapping for one data item: the value of each and where it went, or why not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.errors import ItemError, Position
from izoologic_cdf.explain.origins import Field, Hop, Origins, Way, source
from izoologic_cdf.explain.paths import ABSENT, look, place
from izoologic_cdf.explain.trace import Item
from izoologic_cdf.language import model, steps
from izoologic_cdf.language.expressions import Compiled, Expression
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.language.reports import Report
from izoologic_cdf.language.values import GUARD, Value, members
from izoologic_cdf.lint.reads import Read, scan
from izoologic_cdf.runtime.interpreter import evaluate

# keys of an item that make no value of their own
_PARTS = frozenset({"attributes", "tags", "run_params", GUARD})


def is_nothing(value: Any) -> bool:
    """Return whether a value is none: null, blank, or not there."""
    return value is None or value is ABSENT or (isinstance(value, str) and not value.strip())


@dataclass(slots=True)
class Row:
    """One row of the mapping for one data item: an attribute, or a property of an object.

    `reason` says why there is no value; `objects` are those that have it.
    """

    name: str
    set: str
    value_of: Value
    value: Any
    way: Way
    is_attribute: bool
    objects: list[str] = field(default_factory=list)
    reason: str | None = None
    condition: str | None = None
    holds: bool = True

    @property
    def position(self) -> Position:
        """Where its expression stands."""
        return self.value_of.position

    @property
    def expression(self) -> str:
        """What is written there."""
        return source(self.value_of)


# --- rows of the mapping -------------------------------------------------------------------------


def rows_of(feed: model.Feed, item: Item, origins: Origins) -> Iterator[Row]:
    """Yield a row for each attribute and for each property of an object."""
    report = feed.report
    if report is None:
        return
    for row in _written(report, item, origins):
        if row.reason is None and is_nothing(row.value):
            row.reason = _missing(row, item, _read_by(report))
        yield row


def _written(report: Report, item: Item, origins: Origins) -> Iterator[Row]:
    """Yield the rows as they are written, without the reasons for what is null."""
    for name, value in report.attribute_sets.items():
        users = [one.code for one in report.object_sets if name in one.attribute_sets]
        for _, part in members(value):
            row = _attribute(part, name, item, origins)
            if row is None:
                continue
            row.objects = _having(item, row)
            if not row.objects and row.reason is None and not is_nothing(row.value):
                shown = " or ".join(dict.fromkeys(users)) or "no"
                row.reason = f"the set {name!r} goes to {shown} objects, and none is made"
            yield row
    for one in report.object_sets:
        written = [part for _, part in members(one.items)] or [one.items]
        for part in written:
            keys = dict(members(part))
            own = next((keys[key] for key in ("value", "title", "name") if key in keys), None)
            made = [] if own is None else _evaluated(own, item.names)[0]
            values = [str(value) for value in (made if isinstance(made, list) else [made])]
            if not keys:
                yield _row(f"{one.code} objects", one.name, part, None, item, origins)
            for key, inner in keys.items():
                if key == "attributes":
                    for _, own in members(inner):
                        if row := _attribute(own, one.name, item, origins):
                            row.objects = _having(item, row)
                            yield row
                elif key not in _PARTS:
                    name, guard = f"{key} of {one.code}", keys.get(GUARD)
                    row = _row(name, one.name, inner, guard, item, origins)
                    known = {(had.type, had.value) for had in item.objects}
                    row.objects = [f"{one.code} {v}" for v in values if (one.code, v) in known]
                    if not row.objects and row.reason is None and inner is not own:
                        row.reason = f"no {one.code} is made of this row"
                    yield row


def _attribute(part: Value, set_: str, item: Item, origins: Origins) -> Row | None:
    keys = dict(members(part))
    if "name" not in keys or "value" not in keys:
        return None
    name = _evaluated(keys["name"], item.names)[0]
    row = _row(str(name), set_, keys["value"], keys.get(GUARD), item, origins)
    row.is_attribute = True
    return row


def _row(
    name: str, set_: str, value: Value, guard: Value | None, item: Item, origins: Origins
) -> Row:
    found, failed = _evaluated(value, item.names)
    way = origins.of_report(value, item.frame, item.number)
    row = Row(name, set_, value, found, way, is_attribute=False)
    if guard is not None:
        row.condition, row.holds = source(guard), bool(_evaluated(guard, item.names)[0])
    if failed:
        row.reason = failed
    elif not row.holds:
        at = f" [{place(guard.position)}]" if guard is not None else ""
        row.reason = f"its condition is false: {row.condition}{at}"
    elif found == []:
        row.reason = "its value is an empty list" + _by_settings(way, item.names)
    return row


def _by_settings(way: Way, names: Mapping[str, Any]) -> str:
    fields = [one for one in way.settings if one.startswith("user_fields.")]
    given = [f"{one} is {look(names, tuple(one.split('.')))}" for one in fields]
    return f" ({', '.join(given)})" if given else ""


def _evaluated(value: Value, names: Mapping[str, Any]) -> tuple[Any, str | None]:
    try:
        return evaluate(value, names), None
    except ItemError as error:
        at = f" [{place(error.position)}]" if error.position is not None else ""
        return None, f"{error.message}{at}"


def _having(item: Item, row: Row) -> list[str]:
    """Return the objects that have an attribute."""
    name = row.name
    return [
        f"{one.type} {one.value}"
        for one in item.objects
        if any(attribute.name == name for attribute in one.attributes)
    ]


# --- why there is none ---------------------------------------------------------------------------


def _read_by(report: Report) -> set[tuple[str, ...]]:
    """Return the fields that the rows of a report read."""
    sets = [*report.attribute_sets.values(), *(one.items for one in report.object_sets)]
    return {read.path for one in sets for part in _expressions(one) for read in _reads(part)}


def _expressions(value: Value) -> Iterator[Compiled]:
    for _, one in members(value):
        yield from _expressions(one)
    if isinstance(value, Compiled):
        yield value


def _reads(value: Compiled) -> tuple[Read, ...]:
    return scan(value.source, template=not isinstance(value, Expression)).reads


def _missing(row: Row, item: Item, read_by: set[tuple[str, ...]]) -> str:
    way = row.way
    fields = list(way.fields.values())
    there = [one for one in fields if not is_nothing(one.value)]
    if there and (lost := _lost(way.hops)):
        return f"dropped by `{lost.word}` at {place(lost.position)}"
    empty = [one for one in fields if one.value is not ABSENT and is_nothing(one.value)]
    if empty:
        ended = [one for one in way.hops if one.word == steps.Drop.word and one.result]
        by = f", and skipped by `{ended[0].word}` at {place(ended[0].position)}" if ended else ""
        return " and ".join(dict.fromkeys(map(_empty, empty))) + by
    if fields and not there:
        where = f"is not in the answer{_of(fields[0])}"
        return f"{_named(fields)} {where}, and no step sets it{_nearest(row, item, read_by)}"
    return "it is null" + _by_settings(way, item.names)


def _named(fields: list[Field]) -> str:
    return " and ".join(dict.fromkeys(f"`{one.path[-1]}`" for one in fields if one.path))


def _empty(one: Field) -> str:
    name = one.path[-1] if one.path else "it"
    return f"`{name}` is {'null' if one.value is None else 'blank'} in the answer" + _of(one)


def _of(one: Field) -> str:
    return f" of {one.asked.endpoint}" if one.asked is not None else ""


def _lost(hops: list[Hop]) -> Hop | None:
    """Return the first step after which a value that was there is gone."""
    there = False
    for hop in hops:
        if is_nothing(hop.value) and there:
            return hop
        there = there or not is_nothing(hop.value)
    return None


def _nearest(row: Row, item: Item, read_by: set[tuple[str, ...]]) -> str:
    """Return the field that may be meant: a near one that no row reads; blank for none."""
    for read in _reads(row.value_of) if isinstance(row.value_of, Compiled) else ():
        holder = look(item.names.get(read.root), read.path[:-1]) if read.path else None
        if isinstance(holder, dict) and read.path[-1] not in holder:
            free = [one for one in map(str, holder) if (*read.path[:-1], one) not in read_by]
            close = did_you_mean(read.path[-1], free, "")
            return f"; {close}" if close else ""
    return ""
