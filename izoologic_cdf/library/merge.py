"""How a report meets what is stored: which object it is about, and what changes of it."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields
from itertools import chain
from json.encoder import encode_basestring as _quoted
from operator import attrgetter

from izoologic_cdf.library.limits import PROTECTED_STATUSES, storable
from izoologic_cdf.library.objects import Count, Reported

Pair = tuple[int, str]  # the term id of the name, and the value
_TYPES_WITH_SUBTYPE = frozenset({"event", "indicator"})


def identity(object_type: str, value: str, subtype: str | None, key: str | None) -> str:
    """Return the text that two reports share exactly when they are about the same object.

    It is a JSON list whose length tells the kind, so that no value imitates another's identity. A
    surrogate stands as its escape: as a replacement character it would be that of any other.
    """
    kind = _quoted(object_type)
    if key is not None:
        text = f"[{kind},null,null,{_quoted(key)}]"
    elif object_type in _TYPES_WITH_SUBTYPE:
        text = f"[{kind},{'null' if subtype is None else _quoted(subtype)},{_quoted(value)}]"
    else:
        text = f"[{kind},{_quoted(value)}]"
    return text.encode("utf-8", "backslashreplace").decode()


def attachment(key: str) -> str:
    """Return the identity of the attachment with that key."""
    return identity("attachment", "", None, key)


def with_content(name: str, sha256: str) -> str:
    """Return the identity of an object that differs from another one in its bytes alone."""
    return f"{name[:-1]},{_quoted(sha256)}]"


@dataclass(slots=True)
class Fields:
    """The fields of one object, in the order of its columns.

    `content` is the id of its bytes, `described` the update of the case, in epoch seconds, that
    the description is of.
    """

    value: str = ""
    subtype: str | None = None
    description: str | None = None
    published_at: str | None = None
    happened_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    status: str | None = None
    content: int | None = None
    # not what people call a field of the object
    described: int | None = field(default=None, compare=False)

    def take(
        self,
        reported: Reported,
        description: str,
        content: int | None,
        updated: int,
        *,
        stale: bool,
    ) -> None:
        """Join a report of the same object: what it does not state stays as it is.

        The earliest published date wins, the description of the newest case that has one, else
        the last that is stated.

        Args:
            reported: the report.
            description: its description as it is to be stored, which may be cut; empty for none.
            content: the id of its bytes, or None when it brings none.
            updated: when the case that reports it was updated, in epoch seconds.
            stale: a newer reading of that case is stored already, so this one only fills gaps.
        """
        newer = not stale and updated >= (self.described or 0)
        if description and (self.description is None or newer):
            self.description, self.described = description, updated
        published = reported.published_at
        if published and (self.published_at is None or published < self.published_at):
            self.published_at = published
        if not stale:
            self.value = storable(reported.value)
        self.subtype = _last(self.subtype, _stored(reported.subtype), stale)
        self.happened_at = _last(self.happened_at, reported.happened_at, stale)
        self.started_at = _last(self.started_at, reported.started_at, stale)
        self.ended_at = _last(self.ended_at, reported.ended_at, stale)
        if self.status not in PROTECTED_STATUSES:
            self.status = _last(self.status, _stored(reported.status), stale)
        if content is not None and not (stale and self.content is not None):
            self.content = content


COLUMNS = tuple(one.name for one in fields(Fields))
# the fields of an object as a row
row_of = attrgetter(*COLUMNS)


def _last(known: str | None, stated: str | None, stale: bool) -> str | None:
    return (known or stated) if stale else (stated or known)


def _stored(text: str | None) -> str | None:
    return text and storable(text)


@dataclass(slots=True)
class Change:
    """The attributes that the source adds and no longer states, and the counts to report."""

    new: list[Pair] = field(default_factory=list)
    stale: list[Pair] = field(default_factory=list)
    count: Count = field(default_factory=Count)


def compare(
    mine: AbstractSet[Pair],
    others: AbstractSet[Pair],
    added: Iterable[Pair],
    latest: Mapping[int, str],
) -> Change:
    """Return what changes of the attributes when a source reports an object again.

    Args:
        mine: those of this object that the source reported before.
        others: those of this object that other sources reported.
        added: the reported ones that stand beside what is stored, each once.
        latest: the reported value of each name that is updated: it takes the place of what this
            source said before, and leaves alone what others say. None of these names is in `added`.

    One that only another source knew counts as updated: its row gains a source.
    """
    change = Change()
    count = change.count
    # a new object, as most are
    if not mine and not others:
        change.new = [*added, *latest.items()]
        count.created = len(change.new)
        return change
    for pair in chain(added, latest.items()):
        name = pair[0]
        stale = [old for old in mine if old[0] == name and old != pair] if name in latest else []
        change.stale += stale
        if pair not in mine:
            change.new.append(pair)
        if stale or (pair not in mine and pair in others):
            count.updated += 1
        elif pair in mine:
            count.unchanged += 1
        else:
            count.created += 1
    return change
