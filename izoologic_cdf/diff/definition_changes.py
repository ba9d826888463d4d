"""What two versions of a definition say differently."""

from collections.abc import Iterator

from izoologic_cdf.diff.changes import Change
from izoologic_cdf.diff.report_changes import report_changes
from izoologic_cdf.diff.versions import Form, Version, entries, parts, shown
from izoologic_cdf.language.fields import UserField
from izoologic_cdf.language.model import Feed

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
