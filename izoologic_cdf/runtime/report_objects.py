"""From a data item to the objects that a library takes."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from izoologic_cdf.errors import ItemError, Position
from izoologic_cdf.language import budget, model, reports
from izoologic_cdf.language.reports import (
    ITEM_KEYS,
    ReportedItem,
    canonical_keys,
    code_of_plural,
)
from izoologic_cdf.language.schema import of
from izoologic_cdf.library.objects import Attribute, Batch, Content, Reported
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.interpreter import evaluate
from izoologic_cdf.runtime.spool import SpooledBody

INDICATOR = "indicator"
_DATES = ("published_at", "happened_at", "started_at", "ended_at")
_NUMBERS = (int, float)
_COLLECTIONS = (dict, list)
_VALUES = ("value", "title", "name")
# the form that definitions make, and that is stored
_AS_STORED = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_OWN_KEYS = frozenset(ITEM_KEYS)
# the words of an item that are guesses
_RUN_PARAMS, _KEY = of(ReportedItem).words.run_params, of(ReportedItem).words.key
_CONTENT = of(ReportedItem).words.content
Words = Mapping[str, str]
_AS_DECLARED: Words = {}


@dataclass(slots=True)
class Placeholder:
    """An attachment that waits for its bytes: where it stands in the batch, and how to get them."""

    index: int
    feed: str
    part: str
    run_params: Mapping[str, Any]


@dataclass(slots=True)
class ItemReport:
    """What the data items of one case become."""

    batch: Batch = field(default_factory=Batch)
    placeholders: list[Placeholder] = field(default_factory=list)


class Reporter:
    """Applies the report of a feed to data items."""

    def __init__(self, feed: model.Feed) -> None:
        self._report = feed.report or reports.Report()
        self._status = feed.default_indicator_status

    def add(self, data: Any, names: Mapping[str, Any], case: Case, report: ItemReport) -> None:
        """Add the objects of one data item; raises ItemError."""
        with budget.Pipeline():
            try:
                self._add(data, names, case, report)
            except budget.LimitError as error:
                raise ItemError(f"the report is not allowed: {error}") from None

    def _add(self, data: Any, names: Mapping[str, Any], case: Case, report: ItemReport) -> None:
        names = {**names, "data": data}
        shared = _Shared(self._report, names, case)
        places: dict[tuple[str, str], list[int]] = {}
        for object_set in self._report.object_sets:
            code, at = object_set.code, object_set.position
            places[code, object_set.name] = mine = []
            given = evaluate(object_set.items, names)
            for item in _rows(given, "item", case, at, self._report.item_words):
                mine += [
                    self._place(object_set, item, value, shared, case, report)
                    for value in _values(item, code, case, at)
                ]
        for object_set in self._report.object_sets:
            for one in places[object_set.code, object_set.name]:
                for target in object_set.related:
                    budget.pass_through(len(places[target]))
                    report.batch.relations += [(one, other) for other in places[target]]

    def _place(
        self,
        object_set: reports.ObjectSet,
        item: Mapping[str, Any],
        value: str,
        shared: "_Shared",
        case: Case,
        report: ItemReport,
    ) -> int:
        index = self._object(object_set.code, item, value, object_set.position, case, report)
        reported = report.batch.objects[index]
        for name in object_set.attribute_sets:
            reported.attributes += shared.attributes(name)
            budget.pass_through(len(reported.attributes))
        for name in object_set.tag_sets:
            reported.tags += shared.tags(name)
        if object_set.fulfillment is not None:
            params = item.get(_RUN_PARAMS)
            given = params if isinstance(params, dict) else {}
            report.placeholders.append(
                Placeholder(index, object_set.fulfillment, object_set.name, given)
            )
        return index

    def _object(
        self,
        code: str,
        item: Mapping[str, Any],
        value: str,
        at: Position,
        case: Case,
        report: ItemReport,
    ) -> int:
        reported = Reported(
            type=code,
            value=value,
            subtype=_optional(item, "type", case, at),
            key=_optional(item, _KEY, case, at),
            description=_optional(item, "description", case, at),
            status=_optional(item, "status", case, at)
            or (self._status if code == INDICATOR else None),
            attributes=_attributes(item.get("attributes"), case, at),
            tags=_tags(item["tags"], case, at, self._report.tag_words) if "tags" in item else [],
        )
        budget.pass_through()
        for key in _DATES:
            if key in item:
                setattr(reported, key, _date(item[key], key, case, at))
        reported.content = _content(item.get(_CONTENT))
        if reported.content is not None and reported.key is None:
            # a file that is not a placeholder is told by its bytes and its name
            reported.key = f"{reported.content.sha256}\n{value}"
        index = len(report.batch.objects)
        report.batch.objects.append(reported)
        if not item.keys() <= _OWN_KEYS:
            self._nested(item, index, at, case, report)
        return index

    def _nested(
        self, item: Mapping[str, Any], index: int, at: Position, case: Case, report: ItemReport
    ) -> None:
        """Add the objects that an item brings under the plural of their code, related to it."""
        for key, nested in item.items():
            if key in _OWN_KEYS:
                continue
            if not isinstance(nested, _COLLECTIONS):
                if isinstance(nested, bytes | SpooledBody) or _scalar(nested) is not None:
                    case.warn(f"an item has no key {key!r}; it is left out", at)
                continue
            code = code_of_plural(key)
            for inner in _rows(nested, "item", case, at, self._report.item_words):
                for value in _values(inner, code, case, at):
                    other = self._object(code, inner, value, at, case, report)
                    report.batch.relations.append((index, other))


class _Shared:
    """The attribute and tag sets of a report for one data item, each evaluated when it is used."""

    def __init__(self, report: reports.Report, names: Mapping[str, Any], case: Case) -> None:
        self._report = report
        self._names = names
        self._case = case
        self._attributes: dict[str, list[Attribute]] = {}
        self._tags: dict[str, list[str]] = {}

    def attributes(self, name: str) -> list[Attribute]:
        found = self._attributes.get(name)
        if found is None:
            value = self._report.attribute_sets[name]
            found = _attributes(evaluate(value, self._names), self._case, value.position)
            self._attributes[name] = found
        return found

    def tags(self, name: str) -> list[str]:
        found = self._tags.get(name)
        if found is None:
            value = self._report.tag_sets[name]
            words = self._report.tag_words
            found = _tags(evaluate(value, self._names), self._case, value.position, words)
            self._tags[name] = found
        return found


def _content(given: Any) -> Content | None:
    if isinstance(given, SpooledBody):
        return Content(given.path, given.size, given.sha256)
    if not isinstance(given, bytes):
        return None
    return Content(given, len(given), hashlib.sha256(given).hexdigest())


def _rows(
    given: Any, what: str, case: Case, at: Position, words: Words = _AS_DECLARED
) -> list[Mapping[str, Any]]:
    """Return the items or attributes that count: those without a condition that is false.

    They come as a list, one alone, or lists in lists; null and an empty object are none. `words`
    are other spellings of their keys.
    """
    found: list[Mapping[str, Any]] = []
    budget.pass_through(len(given) if isinstance(given, list) else 1)
    for one in given if isinstance(given, list) else (given,):
        if isinstance(one, dict):
            row = canonical_keys(one, words)
            if row and row.get("condition", True):
                found.append(row)
        elif isinstance(one, list):
            found += _rows(one, what, case, at, words)
        elif one is not None and one != "":
            case.warn(f"an {what} is no object with keys; it is left out", at)
    return found


def _values(item: Mapping[str, Any], code: str, case: Case, at: Position) -> list[str]:
    """Return the values of an item, each of which becomes an object: a list is several."""
    for key in _VALUES:
        if key in item:
            found = _texts(item[key], "the value of the", case, at, code)
            if found or isinstance(item[key], list):
                return found
    if item.keys().isdisjoint(_VALUES):
        case.warn(f"an item of the {code} has none of value, title and name; it is left out", at)
    return []


def _attributes(given: Any, case: Case, at: Position) -> list[Attribute]:
    found: list[Attribute] = []
    for one in _rows(given, "attribute", case, at):
        if "name" not in one or "value" not in one:
            case.warn("an attribute lacks its name or its value; it is left out", at)
            continue
        value = one["value"]
        name = None if value is None else _optional(one, "name", case, at)
        if name is not None:
            texts = _texts(value, "the attribute", case, at, name)
            found += [Attribute(name, text) for text in texts]
    return found


def _tags(given: Any, case: Case, at: Position, words: Words) -> list[str]:
    tags: list[str] = []
    budget.pass_through(len(given) if isinstance(given, list) else 1)
    for tag in given if isinstance(given, list) else (given,):
        if isinstance(tag, list):
            tags += _tags(tag, case, at, words)
        elif not isinstance(tag, dict):
            # from the data they may come as texts
            tags += _texts(tag, "a tag", case, at)
        elif tag and "name" not in tag:
            case.warn("a tag lacks its name; it is left out", at)
        elif canonical_keys(tag, words).get("condition", True):
            tags += _texts(tag.get("name"), "a tag", case, at)
    return tags


def _texts(value: Any, what: str, case: Case, at: Position, name: str = "") -> list[str]:
    """Return a scalar as text, or those of a list; what says nothing is left out."""
    found = []
    if isinstance(value, list):
        budget.pass_through(len(value))
    for one in value if isinstance(value, list) else (value,):
        try:
            text = _scalar(one)
        except _NoScalarError:
            said = f"{what} {name}".rstrip()
            case.warn(f"{said} is an object in the data; it is left out", at)
            continue
        if text is not None:
            found.append(text)
    return found


def _date(value: Any, key: str, case: Case, at: Position) -> str | None:
    try:
        text = _scalar(value)
        if text is None:
            return None
        if _AS_STORED.fullmatch(text):
            datetime.fromisoformat(text)  # a day that the calendar does not have is refused
            return text
        # loading it takes its time, and our definitions have stored forms alone
        from dateutil import parser  # noqa: PLC0415

        moment = datetime.fromisoformat(text) if text[10:11] == " " else parser.isoparse(text)
        utc = moment.astimezone(UTC) if moment.tzinfo else moment
        # strftime writes a year before 1000 with fewer than four digits
        return utc.replace(tzinfo=None).isoformat(" ", "seconds")
    except (_NoScalarError, ValueError, OverflowError):
        case.warn(f"{key} is no date that can be read; it is left out", at)
        return None


def _optional(item: Mapping[str, Any], key: str, case: Case, at: Position) -> str | None:
    try:
        return _scalar(item.get(key))
    except _NoScalarError:
        case.warn(f"the {key} is an object in the data; it is left out", at)
        return None


class _NoScalarError(Exception):
    """An object of the data stands where a scalar is due."""


def _scalar(value: Any) -> str | None:
    """Return a scalar as text, null where nothing is said; raises _NoScalarError."""
    if value is None:
        return None
    if not isinstance(value, str):
        if not isinstance(value, _NUMBERS):
            raise _NoScalarError
        value = str(value).lower() if isinstance(value, bool) else str(value)
    return value if value and not value.isspace() else None
