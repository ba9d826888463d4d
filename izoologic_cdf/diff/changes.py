"""What two versions of a definition say differently, and what each kind of change means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import yaml

from izoologic_cdf.diff.versions import Form, Version, elements, entries, parts, shown
from izoologic_cdf.language.fields import UserField
from izoologic_cdf.language.model import Feed
from izoologic_cdf.language.reports import (
    ATTRIBUTE_SETS,
    ITEM_KEYS,
    SUFFIX,
    TAG_SETS,
    code_of_plural,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of change: its heading, and what to expect or to do."""

    title: str
    means: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `old` is null for what was added, `new` for what was removed.

    Both are null where the kind of the change and `what` say it all.
    """

    kind: str
    where: str
    what: str
    old: str | None = None
    new: str | None = None


_ROWS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
# in the order in which they are reported
KINDS: Mapping[str, Kind] = {name: Kind(**row) for name, row in _ROWS.items()}

_ON_OFF = {True: "on", False: "off"}
_HIDDEN = "(not shown)"
_VERSIONS = ("version", "required_threatq_version")
_SETTINGS = ("feed_type", "category", "default_indicator_status", "timestamp_format")
# parts of a feed that are compared place by place, with the kind of their changes
_PLACES = (("source", "request"), ("filters", "steps"))
_FIELD_KEYS = {
    "label": "label",
    "description": "help text",
    "required": "required",
    "mask": "secret",
    "boolean": "check box",
}


def definition_changes(old: Version, new: Version) -> Iterator[Change]:
    """Yield the changes from one version to another, feed by feed."""
    yield from _differing("version", "the file", old.definition, new.definition, _VERSIONS)
    pairs = _pairs(old, new)
    kept = {id(feed) for pair in pairs for feed in pair}
    for feed in old.definition.feeds.values():
        if id(feed) not in kept:
            yield Change("feed-removed", feed.name, f"{feed.feed_type} feed", old=feed.namespace)
    for feed in new.definition.feeds.values():
        if id(feed) not in kept:
            yield Change("feed-added", feed.name, f"{feed.feed_type} feed", new=feed.namespace)
    for before, after in pairs:
        yield from _feed_changes(before, after)
        reports = [
            entries(version.feed(feed.name).get("report"))
            for version, feed in ((old, before), (new, after))
        ]
        yield from report_changes(after.name, *reports)
    yield from _place_changes(old, new, pairs)


def _pairs(old: Version, new: Version) -> list[tuple[Feed, Feed]]:
    """Pair feeds by name, and the remaining ones by namespace."""
    before, after = old.definition.feeds, new.definition.feeds
    by_namespace = {
        feed.namespace: feed
        for feed in before.values()
        if feed.namespace and feed.name not in after
    }
    found = (
        (before.get(feed.name) or by_namespace.pop(feed.namespace or "", None), feed)
        for feed in after.values()
    )
    return [(one, other) for one, other in found if one is not None]


def _differing(
    kind: str, where: str, old: object, new: object, names: tuple[str, ...]
) -> Iterator[Change]:
    for name in names:
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield Change(kind, where, name, was, now)


def _feed_changes(old: Feed, new: Feed) -> Iterator[Change]:
    yield from _differing("feed-renamed", new.name, old, new, ("name",))
    yield from _differing("namespace", new.name, old, new, ("namespace",))
    yield from _differing("feed-setting", new.name, old, new, _SETTINGS)
    before, after = ({field.name: field for field in feed.user_fields} for feed in (old, new))
    for name in after | before:
        was, now = before.get(name), after.get(name)
        if was and now:
            yield from _field_changes(new.name, was, now)
        elif now:
            yield Change("field-added", new.name, name, new=_describe(now))
        elif was:
            yield Change("field-removed", new.name, name, old=_describe(was))
    for name in sorted(new.updatable - old.updatable):
        yield Change("ingest-rule-added", new.name, f"attribute {name}", new="update")
    for name in sorted(old.updatable - new.updatable):
        yield Change("ingest-rule-removed", new.name, f"attribute {name}", old="update")


def _field_changes(feed: str, old: UserField, new: UserField) -> Iterator[Change]:
    if old.default != new.default or old.boolean != new.boolean:
        yield Change("field-default", feed, new.name, _default(old), _default(new))
    for key, label in _FIELD_KEYS.items():
        was, now = getattr(old, key), getattr(new, key)
        if was != now:
            yield Change("field-changed", feed, f"{label} of {new.name}", _text(was), _text(now))


def _describe(field: UserField) -> str:
    flags = {"required": field.required, "secret": field.mask}
    words = [field.label, f"default {_default(field)}", *(word for word in flags if flags[word])]
    return ", ".join(words)


def _default(field: UserField) -> str:
    if field.default is None:
        return "none"
    # the default of a secret is a secret
    return _HIDDEN if field.mask else _text(field.default)


def _text(value: str | bool) -> str:  # a check box holds a boolean
    return _ON_OFF[value] if isinstance(value, bool) else value


def _place_changes(old: Version, new: Version, pairs: list[tuple[Feed, Feed]]) -> Iterator[Change]:
    """Yield changes of sources, filters and template values; what repeats is one change."""
    compared: list[tuple[str, str, str, Form | None, Form | None]] = [
        (kind, after.name, key, old.feed(before.name).get(key), new.feed(after.name).get(key))
        for before, after in pairs
        for key, kind in _PLACES
    ]
    one, other = (version.form.get("template_values") for version in (old, new))
    compared.append(("template-value", "the file", "template_values", one or {}, other or {}))
    places: dict[tuple[str, str | None, str | None], list[tuple[str, str]]] = {}
    for kind, place, key, one, other in compared:
        for part in parts(one, other, key):
            was, now = (None if x is None else shown(x) for x in (part.old, part.new))
            places.setdefault((kind, was, now), []).append((place, part.path))
    for (kind, was, now), found in places.items():
        where, path = found[0]
        others = len(found) - 1
        more = f" and {others} more place{'s' * (others > 1)}" if others else ""
        yield Change(kind, where, path + more, was, now)


# --- reports -------------------------------------------------------------------------------------

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
