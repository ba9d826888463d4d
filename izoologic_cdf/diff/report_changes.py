"""What the reports of two versions of a feed make differently: objects and attributes."""

from collections.abc import Iterator
from itertools import zip_longest

from izoologic_cdf.diff.changes import Change
from izoologic_cdf.diff.versions import Form, elements, entries, shown
from izoologic_cdf.language.reports import (
    ATTRIBUTE_SETS,
    ITEM_KEYS,
    SUFFIX,
    TAG_SETS,
    code_of_plural,
)

# what objects are known by
IDENTITY = ("value", "title", "name", "type", "key")
_ATTRIBUTES = "attributes"
# the key of objects that one expression gives
_WHOLE = "items"
Item = dict[str, Form]
# kind, what, old and new text
_Told = tuple[str, str, str | None, str | None]


def report_changes(feed: str, old: Item, new: Item) -> Iterator[Change]:
    """Yield the changes of a report; `feed` is the name they are reported under.

    One that several objects share by an attribute set is one change.
    """
    before, after = dict(_objects(old)), dict(_objects(new))
    shared: dict[_Told, list[str]] = {}
    for label in after | before:
        was, now = before.get(label), after.get(label)
        if was is None or now is None:
            kind = "object-added" if was is None else "object-removed"
            yield Change(kind, feed, label, *_texts(_identity(was), _identity(now)))
            continue
        for key in now | was:
            if key not in (_ATTRIBUTES, ATTRIBUTE_SETS) and was.get(key) != now.get(key):
                kind = "identity" if key in (*IDENTITY, _WHOLE) else "object-rule"
                yield Change(kind, feed, f"{key} of {label}", *_texts(was.get(key), now.get(key)))
        for told in _attribute_changes(_attributes(was), _attributes(now)):
            shared.setdefault(told, []).append(label)
    for (kind, what, *texts), labels in shared.items():
        yield Change(kind, feed, f"{what} of {', '.join(labels)}", *texts)


def _objects(report: Item) -> Iterator[tuple[str, Item]]:
    """Yield every object of a report with a label; shared attributes and tags are its own."""
    for key, sets in report.items():
        if key in (ATTRIBUTE_SETS, TAG_SETS):
            continue
        for name, members in entries(sets).items():
            label = f"{key.removesuffix(SUFFIX)} {name!r}"
            shared = {k: v for k, v in entries(members).items() if k != _WHOLE}
            for kind in (ATTRIBUTE_SETS, TAG_SETS):
                names = elements(shared.pop(kind, None))
                if names:
                    known = entries(report.get(kind))
                    found = [entries(known.get(shown(one))).get(_WHOLE) for one in names]
                    shared[kind] = [each for one in found for each in elements(one)]
            yield from _items(label, entries(members).get(_WHOLE), shared)


def _items(label: str, items: Form | None, shared: Item) -> Iterator[tuple[str, Item]]:
    for number, item in enumerate(elements(items)):
        own = f"{label} #{number + 1}" if number else label
        if not isinstance(item, dict):
            yield own, {_WHOLE: item} | shared
            continue
        yield own, {key: value for key, value in item.items() if key in ITEM_KEYS} | shared
        for key, value in item.items():
            if key not in ITEM_KEYS:
                yield from _items(f"{own} {code_of_plural(key)}", value, {})


def _attribute_changes(old: dict[str, list[Item]], new: dict[str, list[Item]]) -> Iterator[_Told]:
    for name in new | old:
        for was, now in zip_longest(old.get(name, []), new.get(name, [])):
            if was is None or now is None:
                kind = "attribute-added" if was is None else "attribute-removed"
                yield kind, name, _rule(was), _rule(now)
                continue
            for key in ("value", "condition"):
                if was.get(key) != now.get(key):
                    one, other = _texts(was.get(key), now.get(key))
                    yield "attribute-rule", f"{key} of {name}", one, other


def _attributes(item: Item) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for one in [*elements(item.get(_ATTRIBUTES)), *elements(item.get(ATTRIBUTE_SETS))]:
        if isinstance(one, dict):
            found.setdefault(shown(one.get("name")), []).append(one)
        else:
            # an expression gives the attributes, whatever they are
            found.setdefault("(by an expression)", []).append({"value": one})
    return found


def _rule(attribute: Item | None) -> str | None:
    if attribute is None:
        return None
    condition = attribute.get("condition")
    text = shown(attribute.get("value"))
    return text if condition is None else f"{text}, if {shown(condition)}"


def _identity(item: Item | None) -> Form | None:
    return item and {key: item[key] for key in (*IDENTITY, _WHOLE) if key in item}


def _texts(old: Form | None, new: Form | None) -> tuple[str | None, str | None]:
    return None if old is None else shown(old), None if new is None else shown(new)
