"""Which object a report is about, and how its fields join with what is known already."""

from __future__ import annotations

from dataclasses import dataclass, field
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING

from izoologic_cdf.library.limits import PROTECTED_STATUSES, storable

if TYPE_CHECKING:
    from izoologic_cdf.library.objects import Reported

_SUBTYPE_COUNTS = frozenset({"event", "indicator"})


def identity(object_type: str, value: str, subtype: str | None, key: str | None) -> str:
    """Return the text that two reports share exactly when they are about the same object.

    It is a JSON list whose length tells the kind, so that no value imitates another's identity. A
    surrogate stands as its escape: as a replacement character it would be that of any other.
    """
    return _identity(object_type, value, subtype, key).encode("utf-8", "backslashreplace").decode()


def _identity(object_type: str, value: str, subtype: str | None, key: str | None) -> str:
    if key is not None:
        return f"[{_quoted(object_type)},null,null,{_quoted(key)}]"
    if object_type in _SUBTYPE_COUNTS:
        second = "null" if subtype is None else _quoted(subtype)
        return f"[{_quoted(object_type)},{second},{_quoted(value)}]"
    return f"[{_quoted(object_type)},{_quoted(value)}]"


def attachment(key: str) -> str:
    """Return the identity of the attachment with that key."""
    return identity("attachment", "", None, key)


def with_content(name: str, sha256: str) -> str:
    """Return the identity of an object that differs from another one in its bytes alone."""
    return f"{name[:-1]},{_quoted(sha256)}]"


@dataclass(slots=True)
class Fields:
    """The fields of one object.

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

    def row(self) -> tuple[str | int | None, ...]:
        """Return the fields in the order in which they are declared."""
        return (
            self.value,
            self.subtype,
            self.description,
            self.published_at,
            self.happened_at,
            self.started_at,
            self.ended_at,
            self.status,
            self.content,
            self.described,
        )

    def take(
        self,
        reported: Reported,
        description: str | None,
        content: int | None,
        updated: int,
        *,
        stale: bool,
    ) -> None:
        """Join a report of the same object: what it does not state stays as it is.

        The earliest published date wins, the description of the newest case that has one, else
        the last that is stated (the contract: "An object reported several times").

        Args:
            reported: the report.
            description: its description as it is to be stored, which may be shortened.
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


def _last(known: str | None, told: str | None, stale: bool) -> str | None:
    return (known or told) if stale else (told or known)


def _stored(text: str | None) -> str | None:
    return text and storable(text)
