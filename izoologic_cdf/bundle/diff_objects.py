"""Which objects differ between two exports of a library."""

import itertools
from collections.abc import Iterator
from typing import Any

from izoologic_cdf.bundle.diff_changes import Change

Object = dict[str, Any]
_PLAIN = ("description", "published_at", "happened_at", "status", "size", "sha256")
Key = tuple[str, str, str]


def object_changes(old: list[Object], new: list[Object]) -> Iterator[Change]:
    """Yield what the new export has less, more, or otherwise.

    Objects are the same by type, value and subtype. Where several share them, equal ones are
    paired first, the others in the order of the exports.
    """
    before, after = _by_key(old), _by_key(new)
    for key in sorted({*before, *after}):
        one, other = before.get(key, []), after.get(key, [])
        changed = [x for x in one if x not in other], [x for x in other if x not in one]
        for was, now in itertools.zip_longest(*changed):
            if was is None:
                yield Change("result-added", _name(now), _size(now))
            elif now is None:
                yield Change("result-removed", _name(was), _size(was))
            else:
                yield from _facts(was, now)


def _by_key(objects: list[Object]) -> dict[Key, list[Object]]:
    found: dict[Key, list[Object]] = {}
    for one in objects:
        key = (one["type"], one["value"], one["subtype"] or "")
        found.setdefault(key, []).append(one)
    return found


def _facts(old: Object, new: Object) -> Iterator[Change]:
    name = _name(new)
    for key in _PLAIN:
        if old.get(key) != new.get(key):
            yield Change("result-changed", name, key, _optional(old, key), _optional(new, key))
    for before, after, label in (
        (_attributes(old), _attributes(new), "attribute "),
        ({"source": old["sources"]}, {"source": new["sources"]}, ""),
        ({"tag": old["tags"]}, {"tag": new["tags"]}, ""),
        (_related(old), _related(new), "related "),
    ):
        for what in sorted({*before, *after}):
            less = _without(before.get(what, []), after.get(what, []))
            more = _without(after.get(what, []), before.get(what, []))
            for was, now in itertools.zip_longest(less, more):
                yield Change("result-changed", name, label + what, was, now)


def _without(values: list[str], others: list[str]) -> list[str]:
    return [value for value in values if value not in others]


def _attributes(one: Object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for attribute in one["attributes"]:
        found.setdefault(attribute["name"], []).append(attribute["value"])
    return found


def _related(one: Object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for other in one["related"]:
        found.setdefault(other["type"], []).append(other["value"])
    return found


def _name(one: Object) -> str:
    subtype = f" ({one['subtype']})" if one["subtype"] else ""
    return f"{one['type']} {one['value']}{subtype}"


def _size(one: Object) -> str:
    return f"{len(one['attributes'])} attributes, {len(one['related'])} related objects"


def _optional(one: Object, key: str) -> str | None:
    value = one.get(key)
    return None if value is None else str(value)
