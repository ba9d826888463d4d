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
Objects = dict[str, Item]
Attributes = dict[str, list[Item]]


def report_changes(feed: str, old: Item, new: Item) -> Iterator[Change]:
    """Yield the changes of a report; `feed` is the name they are reported under."""
    before, after = dict(_objects(old)), dict(_objects(new))
    for label, item in before.items():
        if label not in after:
            yield Change("object-removed", feed, label, old=_identity(item))
    for label, item in after.items():
        if label not in before:
            yield Change("object-added", feed, label, new=_identity(item))
    kept = [label for label in after if label in before]
    for label in kept:
        yield from _item_changes(feed, label, before[label], after[label])
    yield from _attribute_changes(feed, kept, before, after)


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


def _item_changes(feed: str, label: str, old: Item, new: Item) -> Iterator[Change]:
    for key in [*new, *(key for key in old if key not in new)]:
        before, after = old.get(key), new.get(key)
        if key not in (_ATTRIBUTES, ATTRIBUTE_SETS) and before != after:
            kind = "identity" if key in (*IDENTITY, _WHOLE) else "object-rule"
            yield Change(kind, feed, f"{key} of {label}", _optional(before), _optional(after))


def _attribute_changes(
    feed: str, labels: list[str], old: Objects, new: Objects
) -> Iterator[Change]:
    """Yield the changes of attributes; one that several objects share is one change."""
    found: dict[tuple[str, str, str | None, str | None], list[str]] = {}
    for label in labels:
        before, after = _attributes(old[label]), _attributes(new[label])
        for name in [*after, *(name for name in before if name not in after)]:
            for one, other in zip_longest(before.get(name, []), after.get(name, [])):
                for change in _attribute(name, one, other):
                    found.setdefault(change, []).append(label)
    for (kind, what, was, now), users in found.items():
        yield Change(kind, feed, f"{what} of {', '.join(users)}", was, now)


def _attribute(
    name: str, old: Item | None, new: Item | None
) -> Iterator[tuple[str, str, str | None, str | None]]:
    if old is None or new is None:
        kind = "attribute-added" if old is None else "attribute-removed"
        yield kind, name, _rule(old), _rule(new)
        return
    for key in ("value", "condition"):
        if old.get(key) != new.get(key):
            was, now = _optional(old.get(key)), _optional(new.get(key))
            yield "attribute-rule", f"{key} of {name}", was, now


def _attributes(item: Item) -> Attributes:
    found: Attributes = {}
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


def _identity(item: Item) -> str:
    return shown({key: item[key] for key in (*IDENTITY, _WHOLE) if key in item})


def _optional(form: Form | None) -> str | None:
    return None if form is None else shown(form)
