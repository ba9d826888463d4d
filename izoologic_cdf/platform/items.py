"""Reads what clients send about an object, in every form that a public client uses.

Everything is read and checked before anything is changed, so that what is refused leaves no trace.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from izoologic_cdf.platform import assumptions
from izoologic_cdf.platform.envelope import Errors, RefusalError, wrong
from izoologic_cdf.platform.kinds import (
    ADVERSARY,
    ATTACHMENT,
    EVENT,
    HIDDEN,
    INDICATOR,
    SIGNATURE,
    Kind,
)
from izoologic_cdf.platform.rows import Row
from izoologic_cdf.platform.vocabulary import GENERIC_CATEGORY, Entry
from izoologic_cdf.platform.world import PlatformState

_STAMP = "%Y-%m-%d %H:%M:%S"
# what a platform sets itself
_OWN = {
    *("id", "status_id", "type_id", "file_size", "content_type_id"),
    *("expires_needs_calc", "expired_at", "expires_calculated_at"),
}
_FLAGS = {"1": 1, "true": 1, "0": 0, "false": 0, "": 0}
_INTEGER = re.compile(r"[0-9]{1,18}")


@dataclass(slots=True)
class SentSource:
    """A source as it was sent."""

    name: str
    tlp_id: int | None = None
    published_at: str | None = None


@dataclass(slots=True)
class SentAttribute:
    """An attribute as it was sent."""

    name: str
    value: str
    sources: list[SentSource]
    published_at: str | None


@dataclass(slots=True)
class Item:
    """What was sent about one object; `fields` are the columns that were named."""

    kind: Kind
    fields: dict[str, Any]
    published_at: str | None = None
    sources: list[SentSource] = field(default_factory=list)
    attributes: list[SentAttribute] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    related: "list[Row | Item]" = field(default_factory=list)


def read_item(state: PlatformState, kind: Kind, sent: Any) -> Item:
    """Return what was sent about a new object or one that may exist; raises RefusalError."""
    if not isinstance(sent, dict):
        raise RefusalError(400, ["An object is expected."])
    if sent.get(kind.key) in (None, "") and not kind.loose and kind is not SIGNATURE:
        raise wrong(kind.key, f"The {kind.key} field is required.")
    item = _read(state, kind, sent)
    if kind in (INDICATOR, EVENT) and item.fields.get("type_id") is None:
        raise wrong("type_id", "The type id field is required.")
    return item


def read_change(state: PlatformState, kind: Kind, sent: Mapping[str, Any]) -> Item:
    """Return what was sent to change an object; raises RefusalError."""
    if kind.key in sent and sent[kind.key] in (None, "") and not kind.loose:
        raise wrong(kind.key, f"The {kind.key} field is required.")
    return _read(state, kind, sent)


def _read(state: PlatformState, kind: Kind, sent: Mapping[str, Any]) -> Item:
    if kind.loose:
        return Item(kind, dict(sent))
    return Item(
        kind,
        _fields(state, kind, sent),
        date(sent.get("published_at"), "published_at"),
        read_sources(sent),
        read_attributes(state, sent.get("attributes") or []),
        [read_tag(state, tag) for tag in _list(sent.get("tags"))],
        [read_comment(comment) for comment in _list(sent.get("comments"))],
        _related(state, sent),
    )


def _fields(state: PlatformState, kind: Kind, sent: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for column in (*kind.columns, *HIDDEN.get(kind.code, ())):
        if column not in sent or column in _OWN or (column == "hash" and kind is not SIGNATURE):
            continue
        value = sent[column]
        if column in kind.dates:
            fields[column] = date(value, column)
        elif column == "malware_locked":
            fields[column] = _flag(value)
        else:
            fields[column] = _text(state, kind, column, value)
    if (type_id := _type(state, kind, sent)) is not None:
        fields["type_id"] = type_id
    if kind in (INDICATOR, SIGNATURE) and (status := _status(state, sent)) is not None:
        fields["status_id"] = status["id"]
    return fields


def _text(state: PlatformState, kind: Kind, column: str, value: Any) -> str | None:
    if column == "description" and isinstance(value, list) and kind is ADVERSARY:
        value = next((row.get("value") for row in value if isinstance(row, dict)), None)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong(column, f"The {column} must be a string.")
    if column == "description":
        return _bounded(state, column, str(value), assumptions.MAX_DESCRIPTION, octets=True)
    size = assumptions.MAX_VALUE if kind.generic and column == "value" else None
    return _bounded(state, column, str(value), size)


def _bounded(
    state: PlatformState, field: str, text: str, size: int | None, *, octets: bool = False
) -> str:
    if size is None or (len(text.encode(errors="replace")) if octets else len(text)) <= size:
        return text
    if state.options.too_long == "refuse":
        unit = "bytes" if octets else "characters"
        raise wrong(field, f"The {field} may not be greater than {size} {unit}.")
    octet = text.encode(errors="replace")[:size]
    return octet.decode(errors="ignore") if octets else text[:size]


def date(value: Any, field: str) -> str | None:
    """Return a date in the API's form, None for null; raises RefusalError."""
    if value in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(str(value))
        moment = moment if moment.tzinfo is None else moment.astimezone(UTC)
    except (OverflowError, ValueError):
        raise wrong(field, f"The {field} is not a valid date.") from None
    return moment.strftime(_STAMP)


def _flag(value: Any) -> int:
    found = _FLAGS.get(str(value).lower())
    if found is None:
        raise wrong("malware_locked", "The malware locked field must be 0 or 1.")
    return found


def number(value: Any) -> int | None:
    """Return an id that came as a number or as text, None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


def _named(sent: Mapping[str, Any], what: str) -> tuple[str | None, Any]:
    """Return the name and the id of a type or status, wherever they were sent."""
    value, identifier = sent.get(what), sent.get(f"{what}_id")
    if isinstance(value, dict):
        return value.get("name"), value.get("id", identifier)
    return value, identifier


def _type(state: PlatformState, kind: Kind, sent: Mapping[str, Any]) -> int | None:
    words, options = state.words, state.options
    name, identifier = _named(sent, "type")
    if kind.generic or (name is None and identifier is None):
        return None
    found = words.type(kind.code, name=name) if isinstance(name, str) else None
    found = found or words.type(kind.code, number=number(identifier))
    if found is None and isinstance(name, str):
        if kind is EVENT and options.unknown_event_type == "make":
            found = words.add_event_type(name, state.stamp)
        elif kind is ATTACHMENT and options.unknown_category == "generic":
            found = words.type(kind.code, name=GENERIC_CATEGORY)
    if found is None:
        raise wrong("type_id", "The selected type id is invalid.")
    return int(found["id"])


def _status(state: PlatformState, sent: Mapping[str, Any]) -> Entry | None:
    name, identifier = _named(sent, "status")
    if name is None and identifier is None:
        return None
    found = state.words.status(name=name) if isinstance(name, str) else None
    found = found or state.words.status(number=number(identifier))
    if found is None:
        raise wrong("status_id", "The selected status id is invalid.")
    return found


def _list(value: Any) -> list[Any]:
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [value]


def read_sources(sent: Mapping[str, Any]) -> list[SentSource]:
    """Return the sources of `sources` (objects or plain names) and `source`."""
    return [read_source(one) for one in (*_list(sent.get("sources")), *_list(sent.get("source")))]


def read_source(sent: Any) -> SentSource:
    """Return a source that was sent as an object or a plain name; raises RefusalError."""
    name = _required(sent, "name", "source", "sources")
    sent = sent if isinstance(sent, dict) else {}
    tlp = sent.get("tlp")
    tlp = tlp.get("name") if isinstance(tlp, dict) else tlp
    tlp_id = number(sent.get("tlp_id")) or assumptions.TLP.get(str(tlp).upper()) or number(tlp)
    return SentSource(name, tlp_id, date(sent.get("published_at"), "published_at"))


def read_attributes(state: PlatformState, sent: Any) -> list[SentAttribute]:
    """Return attributes that were sent as one object or a list; raises RefusalError."""
    return [_attribute(state, one) for one in _list(sent)]


def _attribute(state: PlatformState, sent: Any) -> SentAttribute:
    texts = []
    for name in ("name", "value"):
        text = sent.get(name) if isinstance(sent, dict) else None
        if isinstance(text, bool) or not isinstance(text, str | int | float) or text == "":
            raise wrong(name, f"The {name} of an attribute is required.")
        texts.append(str(text))
    name = _bounded(state, "name", texts[0], assumptions.MAX_ATTRIBUTE_NAME)
    published = date(sent.get("published_at"), "published_at")
    return SentAttribute(name, texts[1], read_sources(sent), published)


def read_tag(state: PlatformState, sent: Any) -> str:
    """Return a tag that was sent as text or as an object with a name; raises RefusalError."""
    return _bounded(state, "name", _required(sent, "name", "tag"), assumptions.MAX_TAG)


def read_comment(sent: Any) -> str:
    """Return a comment that was sent as an object with a value; raises RefusalError."""
    return _required(sent, "value", "comment")


def _required(sent: Any, key: str, of: str, field: str = "") -> str:
    """Return a text that was sent as such, or under a key of an object; raises RefusalError."""
    text = sent.get(key) if isinstance(sent, dict) else sent
    if not isinstance(text, str) or not text:
        raise wrong(field or key, f"The {key} of a {of} is required.")
    return text


def _related(state: PlatformState, sent: Mapping[str, Any]) -> "list[Row | Item]":
    found: list[Row | Item] = []
    for name, value in sent.items():
        other = state.kinds.answered.get(name)
        if other is not None and isinstance(value, list):
            found += [_one_related(state, other, one) for one in value]
    return found


def _one_related(state: PlatformState, kind: Kind, sent: Any) -> "Row | Item":
    """Return an object that is there, or what was sent about one that is not."""
    if isinstance(sent, dict) and sent.get("id") is None and sent.get(kind.key):
        return read_item(state, kind, sent)
    return read_reference(state, kind, sent)


def read_reference(state: PlatformState, kind: Kind, sent: Any) -> Row:
    """Return the object of `{"id": 27}`, the id a number or text; raises RefusalError."""
    identifier = number(sent.get("id") if isinstance(sent, dict) else sent)
    row = None if identifier is None else state.store.row(kind, identifier)
    if row is None:
        raise wrong(kind.answered, f"The selected {kind.name} is invalid.")
    return row


def first_error(errors: Errors) -> str:
    """Return the first sentence of what is wrong."""
    sentences = errors if isinstance(errors, list) else next(iter(errors.values()))
    return sentences[0]
