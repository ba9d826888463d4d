"""From a data item to the objects that a library takes."""

import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from izoologic_cdf.errors import ItemError, Position
from izoologic_cdf.language import budget, model, reports
from izoologic_cdf.language.reports import (
    ITEM_KEYS,
    ReportedItem,
    code_of_plural,
)
from izoologic_cdf.language.schema import of
from izoologic_cdf.language.values import Value
from izoologic_cdf.library.objects import Attribute, Batch, Content, Reported
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.interpreter import evaluate
from izoologic_cdf.runtime.spool import SpooledBody

INDICATOR = "indicator"
_DATES = ("published_at", "happened_at", "started_at", "ended_at")
_NUMBERS = (int, float)
_COLLECTIONS = (dict, list)
_Part = TypeVar("_Part")
# takes a sentence about the data
_Warn = Callable[[str], None]
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


class ObjectBuilder:
    """Builds the objects that the report of a feed makes of data items."""

    def __init__(self, feed: model.Feed) -> None:
        self._report = feed.report or reports.Report()
        self._status = feed.default_indicator_status

    def add(self, data: Any, names: Mapping[str, Any], case: Case, report: ItemReport) -> None:
        """Add the objects of one data item; raises ItemError."""
        with budget.Pipeline():
            try:
                self._add({**names, "data": data}, case, report)
            except budget.LimitError as error:
                raise ItemError(f"the report is not allowed: {error}") from None

    def _add(self, names: Mapping[str, Any], case: Case, report: ItemReport) -> None:
        attributes = _shared(self._report.attribute_sets, _attributes, names, case)
        read_tags = functools.partial(_tags, words=self._report.tag_words)
        tags = _shared(self._report.tag_sets, read_tags, names, case)
        places: dict[tuple[str, str], list[int]] = {}
        for object_set in self._report.object_sets:
            warn = _warner(case, object_set.position)
            places[object_set.code, object_set.name] = mine = []
            given = evaluate(object_set.items, names)
            for item in _rows(given, "item", warn, self._report.item_words):
                for value in _values(item, object_set.code, warn):
                    index = self._object(object_set.code, item, value, warn, report)
                    mine.append(index)
                    reported = report.batch.objects[index]
                    for name in object_set.attribute_sets:
                        reported.attributes += attributes(name)
                        budget.pass_through(len(reported.attributes))
                    for name in object_set.tag_sets:
                        reported.tags += tags(name)
                    if object_set.fulfillment is not None:
                        params = item.get(_RUN_PARAMS)
                        params = params if isinstance(params, dict) else {}
                        report.placeholders.append(
                            Placeholder(index, object_set.fulfillment, object_set.name, params)
                        )
        for object_set in self._report.object_sets:
            for one in places[object_set.code, object_set.name]:
                for target in object_set.related:
                    budget.pass_through(len(places[target]))
                    report.batch.relations += [(one, other) for other in places[target]]

    def _object(
        self, code: str, item: Mapping[str, Any], value: str, warn: _Warn, report: ItemReport
    ) -> int:
        """Add an object and what its item brings; returns where it stands in the batch."""
        budget.pass_through()
        status = _scalar(item.get("status"), "the status", warn)
        reported = Reported(
            type=code,
            value=value,
            subtype=_scalar(item.get("type"), "the type", warn),
            key=_scalar(item.get(_KEY), f"the {_KEY}", warn),
            description=_scalar(item.get("description"), "the description", warn),
            status=status or (self._status if code == INDICATOR else None),
            attributes=_attributes(item.get("attributes"), warn),
            tags=_tags(item["tags"], warn, self._report.tag_words) if "tags" in item else [],
            content=_content(item.get(_CONTENT)),
        )
        for key in _DATES:
            if key in item:
                setattr(reported, key, _date(item[key], key, warn))
        if reported.content is not None and reported.key is None:
            # a file that is not a placeholder is identified by its bytes and its name
            reported.key = f"{reported.content.sha256}\n{value}"
        index = len(report.batch.objects)
        report.batch.objects.append(reported)
        if not item.keys() <= _OWN_KEYS:
            for key in item:
                if key not in _OWN_KEYS:
                    self._nested(key, item[key], index, warn, report)
        return index

    def _nested(self, key: str, nested: Any, index: int, warn: _Warn, report: ItemReport) -> None:
        """Add the objects that an item brings under the plural of their code, related to it."""
        if not isinstance(nested, _COLLECTIONS):
            if nested is not None and str(nested).strip():
                warn(f"an item has no key {key!r}; ignored")
            return
        code = code_of_plural(key)
        for inner in _rows(nested, "item", warn, self._report.item_words):
            for value in _values(inner, code, warn):
                other = self._object(code, inner, value, warn, report)
                report.batch.relations.append((index, other))


def _warner(case: Case, position: Position) -> _Warn:
    return lambda text: case.warn(text, position)


def _shared(
    sets: Mapping[str, Value],
    read: Callable[[Any, _Warn], list[_Part]],
    names: Mapping[str, Any],
    case: Case,
) -> Callable[[str], list[_Part]]:
    """Return the attribute or tag sets of one data item, each evaluated when it is used."""
    # a cache of functools would take longer to make than what it saves
    known: dict[str, list[_Part]] = {}

    def get(name: str) -> list[_Part]:
        if name not in known:
            value = sets[name]
            known[name] = read(evaluate(value, names), _warner(case, value.position))
        return known[name]

    return get


def _content(given: Any) -> Content | None:
    if isinstance(given, SpooledBody):
        return Content(given.path, given.size, given.sha256)
    if not isinstance(given, bytes):
        return None
    return Content(given, len(given), hashlib.sha256(given).hexdigest())


def _rows(
    given: Any, what: str, warn: _Warn, words: Words = _AS_DECLARED
) -> list[Mapping[str, Any]]:
    """Return the items or attributes that count: those without a condition that is false.

    They come as a list, one alone, or lists in lists; null and an empty object are none. `words`
    are other spellings of their keys.
    """
    found: list[Mapping[str, Any]] = []
    budget.pass_through(len(given) if isinstance(given, list) else 1)
    for one in given if isinstance(given, list) else (given,):
        if isinstance(one, dict):
            row = _canonical(one, words) if words else one
            if row and row.get("condition", True):
                found.append(row)
        elif isinstance(one, list):
            found += _rows(one, what, warn, words)
        elif one is not None and one != "":
            warn(f"an {what} is not an object with keys; ignored")
    return found


def _values(item: Mapping[str, Any], code: str, warn: _Warn) -> list[str]:
    """Return the values of an item, each of which becomes an object: a list is several."""
    for key in _VALUES:
        if key in item:
            found = _texts(item[key], f"the value of the {code}", warn)
            if found or isinstance(item[key], list):
                return found
    if item.keys().isdisjoint(_VALUES):
        warn(f"an item of the {code} has none of value, title and name; ignored")
    return []


def _attributes(given: Any, warn: _Warn) -> list[Attribute]:
    found: list[Attribute] = []
    for one in _rows(given, "attribute", warn):
        if "name" not in one or "value" not in one:
            warn("an attribute lacks its name or its value; ignored")
            continue
        value = one["value"]
        name = None if value is None else _scalar(one["name"], "the name", warn)
        if name is not None:
            texts = _texts(value, f"the attribute {name}", warn)
            found += [Attribute(name, text) for text in texts]
    return found


def _tags(given: Any, warn: _Warn, words: Words) -> list[str]:
    tags: list[str] = []
    budget.pass_through(len(given) if isinstance(given, list) else 1)
    for tag in given if isinstance(given, list) else (given,):
        if isinstance(tag, list):
            tags += _tags(tag, warn, words)
        elif not isinstance(tag, dict):
            # from the data they may come as texts
            tags += _texts(tag, "a tag", warn)
        elif tag and "name" not in tag:
            warn("a tag lacks its name; ignored")
        elif _canonical(tag, words).get("condition", True):
            tags += _texts(tag.get("name"), "a tag", warn)
    return tags


def _texts(value: Any, what: str, warn: _Warn) -> list[str]:
    """Return a scalar as text, or those of a list; what is empty is left out."""
    if not isinstance(value, list):
        text = _scalar(value, what, warn)
        return [] if text is None else [text]
    budget.pass_through(len(value))
    texts = (_scalar(one, what, warn) for one in value)
    return [text for text in texts if text is not None]


def _date(value: Any, key: str, warn: _Warn) -> str | None:
    text = _scalar(value, key, warn)
    if text is None:
        return None
    try:
        if _AS_STORED.fullmatch(text):
            datetime.fromisoformat(text)  # a day that the calendar does not have is refused
            return text
        # loading it takes its time, and our definitions have stored forms alone
        from dateutil import parser  # noqa: PLC0415

        moment = parser.isoparse(text)
        utc = moment.astimezone(UTC) if moment.tzinfo else moment
        # strftime writes a year before 1000 with fewer than four digits
        return utc.replace(tzinfo=None).isoformat(" ", "seconds")
    except (ValueError, OverflowError):
        warn(f"{key} is not a readable date; ignored")
        return None


def _scalar(value: Any, what: str, warn: _Warn) -> str | None:
    """Return a scalar as text, null where it is empty, or an object: that is reported."""
    if value is None:
        return None
    if not isinstance(value, str):
        if not isinstance(value, _NUMBERS):
            warn(f"{what} is an object in the data; ignored")
            return None
        value = str(value).lower() if isinstance(value, bool) else str(value)
    return value if value and not value.isspace() else None


def _canonical(row: Mapping[str, Any], words: Mapping[str, str]) -> Mapping[str, Any]:
    """Return an item or a tag with canonical keys, by the words of its report."""
    return {words.get(key, key): value for key, value in row.items()}
