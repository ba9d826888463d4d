"""The tables of a feed: its form, its requests, and which field of the API becomes what."""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from izoologic_cdf.content import folder
from izoologic_cdf.language.fields import UserField
from izoologic_cdf.language.nodes import MappingNode, Node, ScalarNode, SequenceNode
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.language.reports import ATTRIBUTE_SETS, SUFFIX, TAG_SETS
from izoologic_cdf.language.steps import Supplemental
from tools import measured
from tools.markdown import code, table
from tools.source import CALL, FEEDS, FeedSource, Source, source

_ITEMS_OF = re.compile(r"data\.(?:\w+\.)*(\w+)")
_WHEN_OFF = re.compile(r"none if user_fields\.(\w+) else ((?:(?! if ).)+)")
_WHEN = re.compile(r"((?:(?! if ).)+) if (not )?user_fields\.(\w+) else (?:none|\[\])")
_IDENTITIES = ("value", "title", "name")
_WORD = re.compile(r"\w+")
_SWITCH = re.compile(r"(not )?user_fields\.(\w+)")


@dataclass(frozen=True, slots=True)
class ObjectSet:
    """One object set of a report: the code of its objects and its parts by key."""

    code: str
    name: str
    keys: dict[str, Node]


def parameters(feed: str) -> str:
    """Return the user fields of a feed, in the order of the form."""
    headings = ("Parameter", "Name", "Default", "Required", "What it does")
    return table(headings, (_parameter(field) for field in source(feed).user_fields()))


def _parameter(field: UserField) -> tuple[str, ...]:
    default = "none" if field.default is None else code(str(field.default))
    if isinstance(field.default, bool):
        default = "on" if field.default else "off"
    says = field.description + (" Masked, and never logged." if field.mask else "")
    return (field.label, code(field.name), default, "yes" if field.required else "no", says)


def objects(feed: str) -> str:
    """Return the objects that a feed makes, without their attributes."""
    read = source(feed)
    rows: list[tuple[str, ...]] = []
    for one in object_sets(read):
        kind = object_name(one.code)
        for place, item in _items(read, one.keys["items"]):
            if item is None:
                rows.append((kind, "all parts", place, "", "", ""))
                continue
            published = code(read.text(item["published_at"])) + place
            for key, value in item.items():
                if key not in ("attributes", "published_at"):
                    came, when = _switched(read, read.text(value))
                    subtype = read.text(item["type"]) if "type" in item else None
                    example = measured.example_of_object(one.code, subtype, key)
                    dated = published if key in _IDENTITIES else ""
                    rows.append((kind, code(key), came + place, dated, code(example), when))
    return table(("Object", "Part", "From", "Published date", "Example", "When"), rows)


def attributes(feed: str) -> str:
    """Return the attributes that a feed makes, in the order of the definition."""
    read = source(feed)
    report = read.mapping(read.primary.keys["report"])
    users: dict[str, list[str]] = {}
    nested: list[tuple[list[str], Node]] = []
    for one in object_sets(read):
        for name in _names(one.keys.get(ATTRIBUTE_SETS)):
            users.setdefault(name, []).append(one.code)
        for _, item in _items(read, one.keys["items"]):
            if item is not None and "attributes" in item:
                nested.append(([one.code], item["attributes"]))
    sets = read.mapping(report[ATTRIBUTE_SETS])
    groups = [(users.get(name, []), read.mapping(node)["items"]) for name, node in sets.items()]
    rules = _updated(read)
    rows = []
    for codes, node in groups + nested:
        kinds = " or ".join(map(object_name, codes))
        for element in read.document.items(node, "attributes"):
            keys = read.mapping(element)
            name = read.text(keys["name"])
            came, when = _switched(read, read.text(keys["value"]))
            if "condition" in keys:
                when = _condition(read, read.text(keys["condition"]))
            example = code(measured.example_of_attribute(codes, name))
            rule = "update" if name in rules else "add"
            rows.append((name, kinds, came, "N/A", example, rule, when))
    titles = ("Attribute", "Of", "From", "Published date", "Example", "Rule", "When")
    return table(titles, rows)


def relations(feed: str) -> str:
    """Return which objects of one case are related to each other, as a list."""
    read = source(feed)
    lines = []
    for one in object_sets(read):
        related = one.keys.get("related")
        if related is not None:
            others = [object_name(other) for other in read.mapping(related)]
            lines.append(f"- {object_name(one.code)}: {', '.join(others)}")
    return "\n".join(lines) or "None: the objects of this feed stand alone."


def object_sets(read: Source) -> Iterator[ObjectSet]:
    """Yield the object sets of the primary feed's report, in file order."""
    for key, node in read.mapping(read.primary.keys["report"]).items():
        if key not in (ATTRIBUTE_SETS, TAG_SETS):
            for name, member in read.mapping(node).items():
                yield ObjectSet(key.removesuffix(SUFFIX), name, read.mapping(member))


@functools.cache
def object_name(object_code: str) -> str:
    """Return the name of an object code: that of a custom object comes from its definition."""
    for path in folder("custom_objects").glob("*.json"):
        for one in json.loads(path.read_text(encoding="utf-8")):
            if one["code"] == object_code:
                return str(one["name"])
    return object_code.replace("_", " ").title()


def _items(read: Source, node: Node) -> Iterator[tuple[str, dict[str, Node] | None]]:
    """Yield the items of a set, each with what stands behind its values; null for a whole object.

    Items that come from an expression are those that the pipeline of its key makes.
    """
    if isinstance(node, ScalarNode):
        text = read.text(node)
        found = _ITEMS_OF.fullmatch(text)
        made = None if found is None else _made(read, found[1])
        yield (code(text), None) if made is None else (f" of each {code(text)}", made)
        return
    for element in node.value if isinstance(node, SequenceNode) else [node]:
        yield "", read.mapping(element)


def _made(read: Source, key: str) -> dict[str, Node] | None:
    """Return the mapping that `filter-mapping: {key: [..., each: [new: ...]]}` makes last."""
    made = None
    for feed in read.feeds:
        for word, argument in read.steps(feed.keys["filters"]):
            if word == "filter-mapping" and argument is not None:
                pipeline = read.mapping(argument).get(key)
                for new in _new(read, pipeline) if pipeline is not None else ():
                    made = read.mapping(new)
    return made


def _new(read: Source, pipeline: Node) -> Iterator[Node]:
    """Yield the mappings that a pipeline, or its native form, makes of the elements of a list."""
    for word, argument in read.steps(pipeline):
        if word == "python" and argument is not None:
            yield from _new(read, read.native(argument))
        for last, new in read.steps(argument) if word == "each" and argument is not None else ():
            if last in ("new", "item") and isinstance(new, MappingNode):
                yield new


def _names(node: Node | None) -> list[str]:
    return [str(one.value) for one in node.value] if isinstance(node, SequenceNode) else []


def _updated(read: Source) -> set[str]:
    rules = read.primary.keys.get("ingest_rules")
    if rules is None:
        return set()
    elements = read.document.items(read.mapping(rules)["attributes"], "attribute rules")
    return {read.text(read.mapping(element)["name"]) for element in elements}


def _switched(read: Source, text: str) -> tuple[str, str]:
    """Take a switch of the form off an expression: what is left, and when it counts."""
    if found := _WHEN_OFF.fullmatch(text):
        return code(found[2]), f"{_label(read, found[1])}: off"
    if found := _WHEN.fullmatch(text):
        return code(found[1]), f"{_label(read, found[3])}: {'off' if found[2] else 'on'}"
    return code(text), ""


def _condition(read: Source, text: str) -> str:
    if found := _SWITCH.fullmatch(text):
        return f"{_label(read, found[2])}: {'off' if found[1] else 'on'}"
    return code(text)


def _label(read: Source, name: str) -> str:
    return next(field.label for field in read.user_fields() if field.name == name)


def requests(feed: str) -> str:
    """Return the feeds of a definition, what each is, and what it asks the API."""
    read = source(feed)
    return table(("Feed", "Kind", "Request", "Sends"), (_request(read, one) for one in read.feeds))


def derived(feed: str) -> str:
    """Return the values of a mapping that no field of the API holds as such.

    Only what the report needs, by way of other values too; each with the steps that make it.
    """
    read = source(feed)
    steps = [(one.name, *step) for one in read.feeds for step in _steps(read, one.keys["filters"])]
    wanted = set(_WORD.findall(read.text(read.primary.keys["report"])))
    for word, argument in read.steps(read.primary.keys["filters"]):
        # a filter that makes the objects of a list reads the values that it makes them of
        lists = read.mapping(argument).values() if word == "filter-mapping" and argument else ()
        for inner, python in (step for one in lists for step in read.steps(one)):
            if inner == "python" and python is not None:
                wanted |= set(_WORD.findall(read.text(read.native(python))))
    while True:
        needed = [text for _, name, text in steps if name in wanted]
        more = wanted | {word for text in needed for word in _WORD.findall(text)}
        if more == wanted:
            break
        wanted = more
    rows: dict[tuple[str, str], list[str]] = {}
    for where, name, text in steps:
        if name in wanted:
            rows.setdefault((where, name), []).append(text)
    return table(
        ("Value", "Made in", "Steps"),
        ((code(name), where, "; then ".join(texts)) for (where, name), texts in rows.items()),
    )


def python_filters() -> str:
    """Return every Python filter: its name, what it does, which feeds use it."""
    python = PythonFilters(folder("filters"))
    used = {feed: set(_python_in(source(feed))) for feed in FEEDS}
    rows = (
        (code(name), python.summary(name), ", ".join(f for f in FEEDS if name in used[f]))
        for name in python.known()
    )
    return table(("Filter", "What it does", "Used by"), rows)


def _request(read: Source, feed: FeedSource) -> tuple[str, str, str, str]:
    if "source" not in feed.keys:
        return feed.name, feed.kind, "", ""
    http = read.mapping(read.mapping(feed.keys["source"])["http"])
    method = read.text(http["method"]) if "method" in http else "GET"
    sent = http.get("params") or http.get("body")
    names = [] if sent is None else [code(name) for name in read.mapping(sent)]
    return feed.name, feed.kind, code(f"{method} {read.path(feed, http['url'])}"), ", ".join(names)


def _steps(read: Source, pipeline: Node) -> Iterator[tuple[str, str]]:
    """Yield (key, step in Markdown) of what a pipeline puts under keys, in order."""
    for word, argument in read.steps(pipeline):
        if word in ("set", "new", "item") and isinstance(argument, MappingNode):
            for key, value in read.mapping(argument).items():
                yield key, code(read.text(value))
        elif word == "filter-mapping" and argument is not None:
            for key, inner in read.mapping(argument).items():
                yield key, ", ".join(_step_names(read, inner))
                yield from _steps(read, inner)
        elif word == "each" and argument is not None:
            yield from _steps(read, argument)
        elif word == Supplemental.word and argument is not None:
            keys = read.mapping(argument)
            yield read.text(keys[CALL.into]), f"feed {read.text(keys[CALL.feed])}"


def _step_names(read: Source, pipeline: Node) -> Iterator[str]:
    for word, argument in read.steps(pipeline):
        if word == "python" and argument is not None:
            yield code(read.text(argument))
        elif word == "each":
            yield "each"
        elif argument is None or word == "drop":
            yield code(word)
        else:
            yield code(read.text(argument))


def _python_in(read: Source) -> Iterator[str]:
    names = set(PythonFilters(folder("filters")).known())
    text = " ".join(read.text(node) for feed in read.feeds for node in feed.keys.values())
    yield from (name for name in names if re.search(rf"python: {re.escape(name)}\b", text))
