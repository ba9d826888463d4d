"""What two versions of a definition say differently."""

from collections.abc import Iterable, Iterator

from izoologic_cdf.bundle.diff_changes import Change
from izoologic_cdf.bundle.diff_forms import Form, Version, entries, shown
from izoologic_cdf.bundle.diff_reports import report_changes
from izoologic_cdf.bundle.diff_steps import parts
from izoologic_cdf.language.fields import UserField
from izoologic_cdf.language.model import Feed

_ON_OFF = {True: "on", False: "off"}
_HIDDEN = "(not shown)"
# parts of a feed that are compared place by place, with the kind of their changes
_PLACES = (("source", "request"), ("filters", "steps"))
Pair = tuple[Feed, Feed]


def definition_changes(old: Version, new: Version) -> list[Change]:
    """Return the changes from one version to another, feed by feed."""
    changes = [
        Change("version", "the file", key, before, after)
        for key, before, after in (
            ("version", old.definition.version, new.definition.version),
            (
                "required_threatq_version",
                old.definition.required_threatq_version,
                new.definition.required_threatq_version,
            ),
        )
        if before != after
    ]
    pairs = _pairs(old, new)
    kept_old, kept_new = {p[0].name for p in pairs}, {p[1].name for p in pairs}
    changes += [
        Change("feed-removed", feed.name, f"{feed.feed_type} feed", old=feed.namespace)
        for feed in old.definition.feeds.values()
        if feed.name not in kept_old
    ]
    changes += [
        Change("feed-added", feed.name, f"{feed.feed_type} feed", new=feed.namespace)
        for feed in new.definition.feeds.values()
        if feed.name not in kept_new
    ]
    for pair in pairs:
        changes += _feed(pair)
        changes += report_changes(
            pair[1].name,
            entries(old.feed(pair[0].name).get("report")),
            entries(new.feed(pair[1].name).get("report")),
        )
    return changes + list(_places(old, new, pairs))


def _pairs(old: Version, new: Version) -> list[Pair]:
    """Pair feeds by name, and those that are left by namespace."""
    before, after = old.definition.feeds, new.definition.feeds
    by_namespace = {
        feed.namespace: feed
        for feed in before.values()
        if feed.namespace and feed.name not in after
    }
    pairs = []
    for feed in after.values():
        known = before.get(feed.name) or by_namespace.pop(feed.namespace or "", None)
        if known is not None:
            pairs.append((known, feed))
    return pairs


def _feed(pair: Pair) -> Iterator[Change]:
    old, new = pair
    if old.name != new.name:
        yield Change("feed-renamed", new.name, "name", old.name, new.name)
    if old.namespace != new.namespace:
        yield Change("namespace", new.name, "namespace", old.namespace, new.namespace)
    for key in ("feed_type", "category", "default_indicator_status", "timestamp_format"):
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield Change("feed-setting", new.name, key, before, after)
    yield from _fields(new.name, old.user_fields, new.user_fields)
    for name in sorted(new.updatable - old.updatable):
        yield Change("ingest-rule-added", new.name, f"attribute {name}", new="update")
    for name in sorted(old.updatable - new.updatable):
        yield Change("ingest-rule-removed", new.name, f"attribute {name}", old="update")


def _fields(feed: str, old: Iterable[UserField], new: Iterable[UserField]) -> Iterator[Change]:
    before, after = {f.name: f for f in old}, {f.name: f for f in new}
    for name, field in before.items():
        if name not in after:
            yield Change("field-removed", feed, name, old=_described(field))
    for name, field in after.items():
        if name not in before:
            yield Change("field-added", feed, name, new=_described(field))
            continue
        known = before[name]
        if known.default != field.default or known.boolean != field.boolean:
            yield Change("field-default", feed, name, _default(known), _default(field))
        for key, label in (
            ("label", "label"),
            ("description", "help text"),
            ("required", "required"),
            ("mask", "secret"),
            ("boolean", "check box"),
        ):
            one, other = getattr(known, key), getattr(field, key)
            if one != other:
                what = f"{label} of {name}"
                yield Change("field-changed", feed, what, _text(one), _text(other))


def _described(field: UserField) -> str:
    words = [field.label, f"default {_default(field)}"]
    words += ["required"] if field.required else []
    words += ["secret"] if field.mask else []
    return ", ".join(words)


def _default(field: UserField) -> str:
    if field.default is None:
        return "none"
    # the default of a secret is a secret
    return _HIDDEN if field.mask else _text(field.default)


def _text(value: str | bool) -> str:  # a check box holds one
    return _ON_OFF[value] if isinstance(value, bool) else value


def _places(old: Version, new: Version, pairs: list[Pair]) -> Iterator[Change]:
    """Yield changes of sources, filters and template values; what repeats is told once."""
    places: dict[tuple[str, str | None, str | None], list[tuple[str, str]]] = {}

    def note(kind: str, where: str, before: Form | None, after: Form | None, path: str) -> None:
        for part in parts(before, after, path):
            was = None if part.old is None else shown(part.old)
            now = None if part.new is None else shown(part.new)
            places.setdefault((kind, was, now), []).append((where, part.path))

    for before, after in pairs:
        for key, kind in _PLACES:
            one, other = old.feed(before.name).get(key), new.feed(after.name).get(key)
            note(kind, after.name, one, other, key)
    values = [entries(version.form.get("template_values")) for version in (old, new)]
    note("template-value", "the file", values[0], values[1], "template_values")
    for (kind, was, now), found in places.items():
        where, path = found[0]
        more = f" and {len(found) - 1} more places" if len(found) > 1 else ""
        yield Change(kind, where, path + more, was, now)
