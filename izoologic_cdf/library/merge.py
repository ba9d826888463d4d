"""Which object a report is about, and how its fields join with what is known already."""

from __future__ import annotations

from dataclasses import dataclass
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING

from izoologic_cdf.library.limits import PROTECTED_STATUSES, storable

if TYPE_CHECKING:
    from izoologic_cdf.library.model import Reported

_SUBTYPE_COUNTS = frozenset({"event", "indicator"})


def identity(object_type: str, value: str, subtype: str | None, key: str | None) -> str:
    """Return the text that two reports share exactly when they are about the same object.

    It is a JSON list whose length tells the kind, so that no value imitates another's identity.
    """
    if key is not None:
        return f"[{_quoted(object_type)},null,null,{_quoted(key)}]"
    if object_type in _SUBTYPE_COUNTS:
        second = "null" if subtype is None else _quoted(subtype)
        return f"[{_quoted(object_type)},{second},{_quoted(value)}]"
    return f"[{_quoted(object_type)},{_quoted(value)}]"


def attachment(key: str) -> str:
    """Return the identity of the attachment with that key."""
    return identity("attachment", "", None, storable(key))


def with_content(name: str, sha256: str) -> str:
    """Return the identity of an object that differs from another one in its bytes alone."""
    return f"{name[:-1]},{_quoted(sha256)}]"


@dataclass(slots=True)
class Fields:
    """The fields of one object; `content` is the id of its bytes."""

    value: str = ""
    subtype: str | None = None
    description: str | None = None
    published_at: str | None = None
    happened_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    status: str | None = None
    content: int | None = None

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
        )

    def take(self, reported: Reported, description: str | None, content: int | None) -> None:
        """Join a later report of the same object: what it does not state stays as it is.

        The earliest published date wins, else the last that is stated (the contract: "An object
        reported several times").

        Args:
            reported: the report.
            description: its description as it is to be stored, which may be shortened.
            content: the id of its bytes, or None when it brings none.
        """
        self.value = storable(reported.value)
        if reported.subtype:
            self.subtype = storable(reported.subtype)
        self.description = description or self.description
        published = reported.published_at
        if published and (self.published_at is None or published < self.published_at):
            self.published_at = published
        self.happened_at = reported.happened_at or self.happened_at
        self.started_at = reported.started_at or self.started_at
        self.ended_at = reported.ended_at or self.ended_at
        if reported.status and self.status not in PROTECTED_STATUSES:
            self.status = storable(reported.status)
        if content is not None:
            self.content = content
