"""From a data item to the objects that a library takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dateutil import parser as dates
from dateutil import tz

from izoologic_cdf.language import model
from izoologic_cdf.language.positions import Position
from izoologic_cdf.language.reports import code_of_plural
from izoologic_cdf.language.schema import CONSTRUCTS
from izoologic_cdf.library.model import Attribute, Batch, Reported
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.pipelines import evaluate

INDICATOR = "indicator"
_DATES = ("published_at", "happened_at", "started_at", "ended_at")
_VALUES = ("value", "title", "name")
_OWN_KEYS = frozenset(CONSTRUCTS["item"])


@dataclass(slots=True)
class Placeholder:
    """An attachment that waits for its bytes: where it stands in the batch, and how to get them."""

    index: int
    feed: str
    run_params: Mapping[str, Any]


@dataclass(slots=True)
class ItemReport:
    """What the data items of one case become."""

    batch: Batch = field(default_factory=Batch)
    placeholders: list[Placeholder] = field(default_factory=list)
    # bytes that the report of a fulfillment feed brings
    contents: list[Any] = field(default_factory=list)


class Reporter:
    """Applies the report of a feed to data items."""

    def __init__(self, feed: model.Feed) -> None:
        self._report = feed.report or model.Report()
        self._status = feed.default_indicator_status

    def add(self, data: Any, names: Mapping[str, Any], case: Case, report: ItemReport) -> None:
        """Add the objects of one data item; raises ItemError."""
        names = {**names, "data": data}
        attributes = {
            name: list(_attributes(evaluate(value, names), case, value.position))
            for name, value in self._report.attribute_sets.items()
        }
        tags = {
            name: _tags(evaluate(value, names)) for name, value in self._report.tag_sets.items()
        }
        places: dict[tuple[str, str], list[int]] = {}
        for object_set in self._report.object_sets:
            shared = [one for name in object_set.attribute_sets for one in attributes[name]]
            labels = [one for name in object_set.tag_sets for one in tags[name]]
            places[object_set.code, object_set.name] = [
                self._place(object_set, item, shared, labels, case, report)
                for item in _items(evaluate(object_set.items, names))
                if _has_value(item, object_set.code, case, object_set.position)
            ]
        for object_set in self._report.object_sets:
            for mine in places[object_set.code, object_set.name]:
                for target in object_set.related:
                    report.batch.relations += [(mine, other) for other in places[target]]

    def _place(
        self,
        object_set: model.ObjectSet,
        item: Mapping[str, Any],
        shared: list[Attribute],
        labels: list[str],
        case: Case,
        report: ItemReport,
    ) -> int:
        index = self._object(object_set.code, item, object_set.position, case, report)
        reported = report.batch.objects[index]
        reported.attributes += shared
        reported.tags += labels
        if object_set.fulfillment is not None:
            params = item.get("run_params")
            given = params if isinstance(params, dict) else {}
            report.placeholders.append(Placeholder(index, object_set.fulfillment, given))
        if "content" in item:
            report.contents.append(item["content"])
        return index

    def _object(
        self, code: str, item: Mapping[str, Any], at: Position, case: Case, report: ItemReport
    ) -> int:
        value = next(item[key] for key in _VALUES if not _missing(item.get(key)))
        reported = Reported(
            type=code,
            value=_text(value),
            subtype=_optional(item, "type", case, at),
            key=_optional(item, "key", case, at),
            description=_optional(item, "description", case, at),
            status=_optional(item, "status", case, at)
            or (self._status if code == INDICATOR else None),
            attributes=list(_attributes(item.get("attributes"), case, at)),
            tags=_tags(item.get("tags")),
        )
        for key in _DATES:
            setattr(reported, key, _date(item.get(key), key, case, at))
        index = len(report.batch.objects)
        report.batch.objects.append(reported)
        for key, nested in item.items():
            if key in _OWN_KEYS:
                continue
            if not _missing(nested) and not isinstance(nested, dict | list):
                case.warn(f"an item has no key {key!r}; it is left out", at)
                continue
            inner_code = code_of_plural(key)
            for inner in _items(nested):
                if _has_value(inner, inner_code, case, at):
                    other = self._object(inner_code, inner, at, case, report)
                    report.batch.relations.append((index, other))
        return index


def _items(items: Any) -> Iterator[Mapping[str, Any]]:
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, list):
            yield from _items(item)
        elif isinstance(item, dict):
            yield item


def _has_value(item: Mapping[str, Any], code: str, case: Case, at: Position) -> bool:
    value = next((item[key] for key in _VALUES if not _missing(item.get(key))), None)
    if value is None or _plain(value):
        return value is not None
    case.warn(f"the value of the {code} is an object in the data; it is left out", at)
    return False


def _attributes(given: Any, case: Case, at: Position) -> Iterator[Attribute]:
    for one in _items(given):
        name = one.get("name")
        if _missing(name):
            continue
        values = one.get("value")
        for value in values if isinstance(values, list) else [values]:
            if _missing(value):
                continue
            if not _plain(value):
                case.warn(f"the attribute {name} is an object in the data; it is left out", at)
                continue
            yield Attribute(_text(name), _text(value))


def _tags(given: Any) -> list[str]:
    flat = given if isinstance(given, list) else [given]
    tags: list[str] = []
    for tag in flat:
        if isinstance(tag, dict):
            tag = tag.get("name")  # noqa: PLW2901 - both forms mean the same
        if isinstance(tag, list):
            tags += _tags(tag)
        elif not _missing(tag):
            tags.append(_text(tag))
    return tags


def _date(value: Any, key: str, case: Case, at: Position) -> str | None:
    if _missing(value):
        return None
    text = _text(value)
    try:
        # the form that definitions make needs no parser of all the others
        moment = datetime.fromisoformat(text) if text[10:11] == " " else dates.isoparse(text)
        utc = moment.astimezone(tz.UTC) if moment.tzinfo else moment
        # strftime writes a year before 1000 with fewer than four digits
        return utc.replace(tzinfo=None).isoformat(" ", "seconds")
    except (ValueError, OverflowError):
        case.warn(f"{key} is no date that can be read; it is left out", at)
        return None


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _optional(item: Mapping[str, Any], key: str, case: Case, at: Position) -> str | None:
    value = item.get(key)
    if _missing(value):
        return None
    if not _plain(value):
        case.warn(f"the {key} is an object in the data; it is left out", at)
        return None
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
