"""What differs between an object of the library and that of the platform, and how it is set right.

Only what is ours is changed: rows of other sources stay, and so do a description and dates that
another source may have given. What a feed updates is replaced among the rows that no other source
shares; where one does, the old value stays beside the new one.
"""

import hashlib
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

from izoologic_cdf.library.outbox import Attributes, Outgoing
from izoologic_cdf.push import remote_rows
from izoologic_cdf.push.remote_kinds import Kind
from izoologic_cdf.push.remote_rows import RemoteAttribute, RemoteRow
from izoologic_cdf.push.rest_client import RestClient

_DATES = ("happened_at", "started_at", "ended_at")
# ids in the body of one call
_MAX_RELATED = 500


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose is what: the sources of the library, and the attributes that each of them updates.

    `updatable` holds names in lower case, by source.
    """

    sources: frozenset[str]
    updatable: Mapping[str, frozenset[str]]

    def is_alone(self, row: RemoteRow) -> bool:
        """Return whether nobody else reports an object of the platform."""
        return row.sources <= self.sources

    def is_stale(self, row: RemoteAttribute, expected: Container[tuple[str, str]]) -> bool:
        """Return whether an attribute row is ours alone, and a feed has replaced its value."""
        if not row.sources or not row.sources <= self.sources:
            return False
        if row.pair in expected:
            return False
        name = row.name.casefold()
        return all(name in self.updatable.get(source, ()) for source in row.sources)


@dataclass(slots=True)
class Changes:
    """What is to be done to one object of the platform."""

    fields: dict[str, str] = field(default_factory=dict)
    replaced: dict[int, tuple[str, str]] = field(default_factory=dict)
    added: Attributes = field(default_factory=dict)
    dropped: dict[int, str] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    related: dict[str, set[int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.describe())

    def describe(self) -> list[str]:
        """Return one clause for each difference; no value of an attribute stands in it."""
        said = [f"its {name} differs" for name in self.fields]
        names = [name for name, _ in self.replaced.values()] + list(self.dropped.values())
        said += [f"the attribute {name!r} has an old value" for name in names]
        said += [f"a value of the attribute {name!r} is missing" for name, _ in self.added]
        said += [f"the source {name!r} is missing" for name in sorted(self.sources)]
        said += [f"the tag {name!r} is missing" for name in sorted(self.tags)]
        said += [f"{len(ids)} relations to {key} are missing" for key, ids in self.related.items()]
        return said


def merge(group: list[Outgoing]) -> Outgoing:
    """Return what objects of the library say that are one object on the platform."""
    first, *others = group
    if not others:
        return first
    merged = replace(
        first,
        sources=set(first.sources),
        tags=set(first.tags),
        attributes={pair: set(sources) for pair, sources in first.attributes.items()},
        related=list(first.related),
    )
    for other in others:
        merged.sources |= other.sources
        merged.tags |= other.tags
        merged.related += other.related
        for pair, sources in other.attributes.items():
            merged.attributes.setdefault(pair, set()).update(sources)
        merged.published_at = min(
            filter(None, (merged.published_at, other.published_at)), default=None
        )
        merged.description = merged.description or other.description
    return merged


def digest(text: str | None) -> str | None:
    """Return what the outbox keeps of a description."""
    return hashlib.sha256(text.encode()).hexdigest()[:32] if text else None


def compare(
    one: Outgoing, row: RemoteRow, related: Mapping[str, set[int]], own: Ownership
) -> Changes:
    """Return what is to be changed; `related` are ids on the platform by key of relations."""
    changes = Changes(fields=_fields(one, row, alone=own.is_alone(row)))
    expected = {(name.casefold(), value) for name, value in one.attributes}
    known: dict[tuple[str, str], set[str]] = {}
    for attribute in row.attributes:
        known.setdefault(attribute.pair, set()).update(attribute.sources)
    for (name, value), sources in one.attributes.items():
        if not sources <= known.get((name.casefold(), value), set()):
            changes.added[name, value] = sources
    for attribute in row.attributes:
        if own.is_stale(attribute, expected):
            _replace(attribute, changes, known)
    changes.sources = one.sources - row.sources
    changes.tags = {tag for tag in one.tags if tag.casefold() not in row.tags}
    for key, numbers in related.items():
        if missing := numbers - row.related.get(key, set()):
            changes.related[key] = missing
    return changes


def _fields(one: Outgoing, row: RemoteRow, *, alone: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    there = row.fields.get("description")
    # what was ours when it was last pushed is still ours
    is_ours = alone or not there or digest(str(there)) == one.described
    if one.description and there != one.description and is_ours:
        found["description"] = one.description
    for name in _DATES:
        text = getattr(one, name)
        differs = text and name in row.fields and text != row.fields[name]
        if differs and (alone or not row.fields[name]):
            found[name] = text
    published = row.fields.get("published_at") or one.published
    if alone and one.published_at and (published is None or one.published_at < published):
        found["published_at"] = one.published_at
    return found


def _replace(
    old: RemoteAttribute, changes: Changes, known: Mapping[tuple[str, str], set[str]]
) -> None:
    """Give a stale row the new value where that has no row yet, else drop it."""
    for (name, value), sources in changes.added.items():
        pair = name.casefold(), value
        if pair[0] == old.pair[0] and pair not in known and sources == old.sources:
            changes.replaced[old.id] = name, value
            del changes.added[name, value]
            return
    changes.dropped[old.id] = old.name


class Mender:
    """Makes the calls of changes; each may be made again after a push was killed."""

    def __init__(self, client: RestClient, tlp: str) -> None:
        self._client = client
        self._tlp = tlp

    def mend(
        self, kind: Kind, one: Outgoing, number: int, changes: Changes, others: Iterable[Kind]
    ) -> None:
        """Change one object of the platform; raises HttpError where a call is refused."""
        path, private = f"{kind.collection}/{number}", remote_rows.private([one])

        def call(method: str, below: str, body: object = None) -> None:
            self._client.call(method, path + below, body, private=private)

        if changes.fields:
            call("PUT", "", changes.fields)
        for row, (_, value) in changes.replaced.items():
            call("PUT", f"/attributes/{row}", {"value": value})
        if changes.added:
            call("POST", "/attributes", remote_rows.attributes(changes.added, self._tlp))
        for row in changes.dropped:
            call("DELETE", f"/attributes/{row}")
        for source in remote_rows.sources(changes.sources, self._tlp):
            call("POST", "/sources", source)
        if changes.tags:
            call("POST", "/tags", [{"name": tag} for tag in sorted(changes.tags)])
        collections = {other.related: other.collection for other in others}
        for key, numbers in changes.related.items():
            ids = sorted(numbers)
            for start in range(0, len(ids), _MAX_RELATED):
                body = [{"id": one_id} for one_id in ids[start : start + _MAX_RELATED]]
                call("POST", f"/{collections[key]}", body)
