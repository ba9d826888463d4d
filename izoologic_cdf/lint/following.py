"""Follows shapes through the pipelines of a definition into its reports.

Each feed is walked once for each of its callers, since what it knows depends on what they hand to
it. A fragment that several places share is wrong where each of them finds the same fault.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.language.fields import FULFILLMENT
from izoologic_cdf.language.model import PAGINATION_NAMES, TOKEN_NAME, Auth
from izoologic_cdf.language.nodes import (
    EXPR,
    TAGS,
    TMPL,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
)
from izoologic_cdf.language.reports import (
    ATTRIBUTE_SETS,
    TAG_SETS,
    ObjectSet,
    ReportedItem,
)
from izoologic_cdf.language.schema import of
from izoologic_cdf.language.steps import RUN_PARAMS, Python, Supplemental
from izoologic_cdf.lint.inference import Inference, Names, TextAsNumber
from izoologic_cdf.lint.known import (
    ANY,
    BOOLEAN,
    NULL,
    NUMBER,
    TEXT,
    Shape,
    StatedShapes,
    list_of,
    record,
    text,
    union,
)
from izoologic_cdf.lint.outline import AUTH, YAML, FeedOutline, Outline, Site, text_of, word
from izoologic_cdf.lint.reads import DICT_METHODS, Read

_CALL, _LOGIN = of(Supplemental).words, of(Auth).words
_FILLING, _RUN_PARAMS = of(ObjectSet).words.fulfillment, of(ReportedItem).words.run_params
_SCALARS = {
    f"{YAML}{tag}": BOOLEAN if tag == "bool" else NUMBER for tag in ("bool", "int", "float")
}


@dataclass(frozen=True, slots=True)
class NotGiven:
    """A read of a field that is never there: `segment` of its path, of what has this shape."""

    site: Site
    read: Read
    segment: int
    shape: Shape


@dataclass(slots=True)
class _Seen:
    """How often each place was looked at, and what was found there each time."""

    times: Counter[int] = field(default_factory=Counter)
    found: dict[tuple[int, object], list[Any]] = field(default_factory=dict)

    def look(self, at: Node, found: Mapping[Any, Any]) -> None:
        self.times[id(at)] += 1
        for key, one in found.items():
            self.found.setdefault((id(at), key), []).append(one)

    def always(self) -> list[Any]:
        """Return what was found at each look."""
        return [found[-1] for (at, _), found in self.found.items() if len(found) == self.times[at]]


class Following:
    """What is known after each step; and the reads and operators that contradict it."""

    def __init__(self, outline: Outline, stated: StatedShapes) -> None:
        self._outline, self._stated = outline, stated
        self._reads, self._operators, self._gets = _Seen(), _Seen(), _Seen()
        self._under_way: list[str] = []
        self._walked: set[str] = set()
        # the names of the attributes that each feed reports; null for one that is not known
        self.attributes: dict[str, set[str | None]] = {}
        order = sorted(outline.feeds.values(), key=lambda feed: not feed.primary)
        for feed in order:
            if feed.name not in self._walked:
                self._feed(feed, ANY)
        # reads of fields that no step gives
        self.not_given: list[NotGiven] = self._reads.always()
        # `get` steps of keys that no step gives: where, the key, the record
        self.gets_not_given: list[tuple[Node, str, Shape]] = self._gets.always()
        # operators that have a text where a number is due
        self.texts_as_numbers: list[tuple[Site, TextAsNumber]] = self._operators.always()

    # --- feeds -----------------------------------------------------------------------------------

    def _feed(self, feed: FeedOutline, run_params: Shape) -> Shape:
        """Walk a feed for one caller; return what it gives to it."""
        if feed.name in self._under_way:
            return ANY
        self._under_way.append(feed.name)
        self._walked.add(feed.name)
        names = self._names(feed, run_params)
        self._request(feed, names)
        shape, many = ANY, False
        if "filters" in feed.keys:
            shape, many = self._pipeline(feed.keys["filters"].value, ANY, names)
        if "report" in feed.keys:
            self._report(feed, {**names, "data": shape})
        self._under_way.pop()
        http = self._outline.http(feed)
        many = many or bool(http.keys() & {"pagination", "window"})
        return list_of(shape) if many else shape

    def _names(self, feed: FeedOutline, run_params: Shape) -> Names:
        fields: dict[str, Shape] = {}
        for form in [feed] if feed.primary else self._outline.primary_feeds:
            for one in form.fields:
                shape = BOOLEAN if one.on("boolean") else _default(one.keys.get("default"))
                fields[one.name] = union([fields.get(one.name, NULL), shape])
        names: dict[str, Shape] = {
            "user_fields": record(fields, is_open=True),
            "run_meta": record({"since": TEXT, "until": TEXT}, is_open=True),
            RUN_PARAMS: run_params,
        }
        self._template_values(self._outline.keys, names)
        return names

    def _template_values(self, keys: dict[str, Entry], names: dict[str, Shape]) -> None:
        for name, entry in self._outline.under(keys, "template_values").items():
            names[name] = self._value(entry.value, names)

    def _request(self, feed: FeedOutline, names: Names) -> None:
        for key, entry in self._outline.http(feed).items():
            keys = self._outline.mapping(entry.value)
            if key == "pagination":
                inner = {**names, **dict.fromkeys(PAGINATION_NAMES, ANY), "page_count": NUMBER}
                self._template_values(keys, inner)
                for part in keys.keys() & {"condition", "params"}:
                    self._value(keys[part].value, inner)
            elif key == AUTH:
                for part in keys.keys() & {_LOGIN.request, _LOGIN.value}:
                    self._value(keys[part].value, {**names, TOKEN_NAME: TEXT})
                if _LOGIN.filters in keys:
                    self._pipeline(keys[_LOGIN.filters].value, ANY, names)
            else:
                self._value(entry.value, names)

    def _report(self, feed: FeedOutline, names: Names) -> None:
        """Check a report; its placeholders are what their fulfillment feed is handed."""
        handed: dict[str, list[Shape]] = {}
        attributes = self.attributes.setdefault(feed.name, set())
        for kind, sets in self._outline.mapping(feed.keys["report"].value).items():
            for one in self._outline.mapping(sets.value).values():
                keys = self._outline.mapping(one.value)
                if "items" not in keys:
                    continue
                rows = keys["items"].value
                items = self._value(rows, names)
                if kind == ATTRIBUTE_SETS:
                    attributes |= self._named(rows, names)
                elif kind != TAG_SETS:
                    attributes |= self._attributes_of(rows, names)
                filling = text_of(keys, _FILLING)
                if filling is not None:
                    item = items.elements if items.kind == "list" else items
                    handed.setdefault(filling, []).append(item.get(_RUN_PARAMS))
        for name, shapes in handed.items():
            called = self._outline.feeds.get(name)
            if called is not None and called.kind == FULFILLMENT:
                self._feed(called, union(shapes) if shapes else ANY)

    def _attributes_of(self, items: Node, names: Names) -> set[str | None]:
        """Return the names of the attributes that items bring, and the objects inside of them."""
        if isinstance(items, SequenceNode):
            return {name for one in items.value for name in self._attributes_of(one, names)}
        keys = self._outline.mapping(items)
        if isinstance(items, MappingNode):
            inner = [
                e.value
                for k, e in keys.items()
                if isinstance(e.value, SequenceNode) and k not in ("attributes", "tags")
            ]
            found = {name for one in inner for name in self._attributes_of(one, names)}
            if "attributes" in keys:
                found |= self._named(keys["attributes"].value, names)
            return found
        given = self._value(items, names)
        item = given.elements if given.kind == "list" else given
        return _names_of(item.get("attributes")) if item.kind != "null" else set()

    def _named(self, rows: Node, names: Names) -> set[str | None]:
        """Return the names of attributes, which are written out or given by expressions."""
        if isinstance(rows, SequenceNode):
            return {name for one in rows.value for name in self._named(one, names)}
        return _names_of(self._value(rows, names))

    # --- pipelines -------------------------------------------------------------------------------

    def _pipeline(self, node: Node, shape: Shape, names: Names) -> tuple[Shape, bool]:
        """Return what a pipeline gives, and whether it gives several of it."""
        many = False
        for step in node.value if isinstance(node, SequenceNode) else [node]:
            shape, several = self._step(step, shape, names)
            many = many or several
        return shape, many

    def _step(self, step: Node, shape: Shape, names: Names) -> tuple[Shape, bool]:
        keys = self._outline.mapping(step)
        name, entry = next(iter(keys.items())) if keys else (word(step) or "", None)
        node, names = entry.value if entry else step, {**names, "value": shape}
        match name:
            case "drop" | "track":
                self._value(node, names)
                return shape, False
            case "iterate":
                return shape.elements if shape.kind == "list" else ANY, True
            case "get":
                return self._get(node, shape), False
            case "set":
                block = self._outline.mapping(node).items()
                return shape.with_fields({k: self._value(e.value, names) for k, e in block}), False
            case "new" | "item":
                return self._value(node, names), False
            case "if":
                return self._if(node, shape, names)
            case "filter-mapping":
                made = {
                    key: self._pipeline(one.value, shape.get(key), names)[0]
                    for key, one in self._outline.mapping(node).items()
                }
                return shape.with_fields(made), False
            case "each":
                given = shape.elements if shape.kind == "list" else ANY
                return list_of(self._pipeline(node, given, names)[0]), False
            case "chain":
                return self._pipeline(node, shape, names)
            case Supplemental.word:
                return self._call(node, shape, names), False
            case Python.word:
                return self._stated.of(word(node) or "", shape), False
            case "warn":
                self._pipeline(node, shape, names)
                return shape, False
        return ANY, False

    def _get(self, node: Node, shape: Shape) -> Shape:
        key = word(node) or ""
        absent = shape.kind == "record" and not shape.open and key not in shape.fields
        self._gets.look(node, {key: (node, key, shape)} if absent else {})
        return ANY if absent else shape.get(key)

    def _if(self, node: Node, shape: Shape, names: Names) -> tuple[Shape, bool]:
        keys = self._outline.mapping(node)
        if "condition" in keys:
            self._value(keys["condition"].value, names)
        if "filters" not in keys:
            return shape, False
        inside, many = self._pipeline(keys["filters"].value, shape, names)
        return (union([shape, inside]) if ANY not in (shape, inside) else ANY), many

    def _call(self, node: Node, shape: Shape, names: Names) -> Shape:
        keys = self._outline.mapping(node)
        given = keys.get(_CALL.params)
        params = self._value(given.value, names) if given else record({})
        name, into = text_of(keys, _CALL.feed), text_of(keys, _CALL.into)
        feed = self._outline.feeds.get(name or "")
        back = self._feed(feed, params) if feed else ANY
        return shape.with_fields({into: back}) if into else ANY

    # --- values ----------------------------------------------------------------------------------

    def _value(self, node: Node, names: Names) -> Shape:
        """Check a value of the definition; return its shape."""
        if isinstance(node, MappingNode):
            entries = self._outline.mapping(node)
            fields = {key: self._value(entry.value, names) for key, entry in entries.items()}
            return record(fields) if entries or not node.value else ANY
        if isinstance(node, SequenceNode):
            return list_of(union([self._value(one, names) for one in node.value]))
        if not isinstance(node, ScalarNode):
            return ANY
        if node.tag in (EXPR, TMPL):
            return self._check(self._outline.sites(node)[0], names)
        if node.tag in TAGS:
            return ANY
        if node.tag == f"{YAML}null":
            return NULL
        return _SCALARS.get(node.tag) or text(str(node.value))

    def _check(self, site: Site, names: Names) -> Shape:
        reads = enumerate(site.code.reads)
        found = {
            at: _not_given(site, read, names[read.root]) for at, read in reads if read.root in names
        }
        self._reads.look(site.node, {at: one for at, one in found.items() if one is not None})
        inference = Inference(names, self._outline.renamed)
        shape = inference.of(site.node)
        self._operators.look(
            site.node, {one.offset: (site, one) for one in inference.mistakes(site)}
        )
        return shape


def _not_given(site: Site, read: Read, shape: Shape) -> NotGiven | None:
    """Return what is wrong with a read of a name that has this shape; null where nothing is."""
    for at, key in enumerate(read.path):
        if key in DICT_METHODS or shape.kind in ("any", "null", "boolean"):
            return None
        if key not in shape.fields and not shape.open:
            return NotGiven(site, read, at, shape)
        shape = shape.get(key)
    return None


def _names_of(rows: Shape) -> set[str | None]:
    row = rows.elements if rows.kind == "list" else rows
    return set() if row.kind == "null" else set(row.get("name").texts) or {None}


def _default(entry: Entry | None) -> Shape:
    """Return what a text field of the form gives: its default may be something else."""
    return TEXT if entry is None or word(entry.value) is not None else ANY
