"""What a report says, and what became of it: the types that cross the library's border."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, Self

from izoologic_cdf.errors import CdfError

ProblemKind = Literal["failed", "cut", "tag"]


class LibraryError(CdfError):
    """The library cannot do what was asked; the text is one sentence for the user."""


@dataclass(slots=True)  # not frozen: a case has dozens of these, and frozen ones are made slowly
class Attribute:
    """One attribute row of an object: a name and a text. Objects share them: never change one."""

    name: str
    value: str


@dataclass(slots=True)
class Content:
    """The bytes of an attachment: as they are, or spooled to a file that the caller deletes.

    `size` is in bytes, `sha256` is lower-case hexadecimal; both are checked while storing.
    """

    source: Path | bytes
    size: int
    sha256: str

    def open(self) -> BinaryIO:
        """Open the bytes for reading; raises OSError."""
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb")

    def discard(self) -> None:
        """Delete the spooled file, if there is one."""
        if not isinstance(self.source, bytes):
            self.source.unlink(missing_ok=True)


# what a query selects for the fields of a StoredObject, in their order
STORED = (
    "object.id, object.type, object.value, subtype, description, published_at, happened_at, "
    "started_at, ended_at, status, size, sha256"
)


@dataclass(slots=True)
class StoredObject:
    """One object as its row has it; `size` and `sha256` are those of an attachment's bytes."""

    id: int
    type: str
    value: str
    subtype: str | None
    description: str | None
    published_at: str | None
    happened_at: str | None
    started_at: str | None
    ended_at: str | None
    status: str | None
    size: int | None
    sha256: str | None


@dataclass(slots=True)
class Reported:
    """One object as a report states it.

    Its identity is (type, key) where a key is given, else (type, value), with the subtype for
    indicators and events; other bytes than those it has make another object. All times are UTC
    text, `YYYY-MM-DD HH:MM:SS`, or None.
    """

    type: str  # object code: incident, event, indicator, note, attachment, any custom code
    value: str  # an event's title, an attachment's name
    subtype: str | None = None  # event or indicator type
    key: str | None = None
    description: str | None = None
    published_at: str | None = None
    happened_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    status: str | None = None
    attributes: list[Attribute] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    content: Content | None = None


@dataclass(slots=True)
class Batch:
    """What one item of a feed reports; it is ingested whole or not at all.

    `relations` are pairs of places in `objects`; their direction means nothing. `listed` says of
    attachment keys how many files were listed under them, where the bytes of all of them came.
    """

    objects: list[Reported] = field(default_factory=list)
    relations: list[tuple[int, int]] = field(default_factory=list)
    listed: dict[str, int] = field(default_factory=dict)


class Origin(NamedTuple):
    """Where a batch comes from: a reading of one item, in a run of a feed.

    `source` is the name of the feed, which becomes a source of all that is in the batch. The
    reported value of an attribute that is named in `updatable` takes the place of what this source
    reported before; all others add. `now` is the time of ingest, UTC, `YYYY-MM-DD HH:MM:SS`; never
    a published date. `updated` is when the item was updated, in epoch seconds: of several
    descriptions of one object, that of the newest item stays. `stale`: a newer reading of the same
    item is stored already, so this one adds what is missing, and replaces nothing.
    """

    source: str
    updatable: frozenset[str]
    run_id: int
    now: str
    updated: int = 0
    stale: bool = False


@dataclass(slots=True)
class Count:
    """How many were new, how many were changed, and how many were there already."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def add(self, other: Self) -> None:
        """Add the numbers of another count to this one."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged


@dataclass(slots=True)
class Counts:
    """The counts of one object type: its objects, and the attributes of these objects."""

    objects: Count = field(default_factory=Count)
    attributes: Count = field(default_factory=Count)


class Problem(NamedTuple):
    """One thing that the limits of the platform kept from being stored as it was reported.

    `failed`: the object or the bytes of a file are not stored; `cut`: a text is stored
    shortened; `tag`: a tag is not stored. `value` is the object's value, shortened; no field
    holds the value of an attribute, since passwords are attributes.
    """

    kind: ProblemKind
    type: str
    value: str
    sentence: str


@dataclass(slots=True)
class Ingested:
    """What became of one batch, or by `add` of many: counts per object type, and problems.

    An object counts as updated when a field, source, tag, file or attribute of it changed, once
    per batch however often the batch reports it; a new relation alone does not count.
    """

    counts: dict[str, Counts] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def of(self, object_type: str) -> Counts:
        """Return the counts of that object type, which are zero when it was not met yet."""
        counts = self.counts.get(object_type)
        if counts is None:
            counts = self.counts[object_type] = Counts()
        return counts

    def add(self, other: Self) -> None:
        """Add what became of another batch."""
        for object_type, counts in other.counts.items():
            mine = self.of(object_type)
            mine.objects.add(counts.objects)
            mine.attributes.add(counts.attributes)
        self.problems.extend(other.problems)
