"""Rules about what values are: fields that no step gives, texts that ought to be something else."""

import re
from collections.abc import Iterator

from jinja2 import TemplateSyntaxError

from izoologic_cdf.language.expressions import Missing, environment_of, parse_expression
from izoologic_cdf.language.fields import TYPE
from izoologic_cdf.language.model import EVERYWHERE, PAGINATION_NAMES
from izoologic_cdf.language.nodes import TMPL, MappingNode, Node, ScalarNode
from izoologic_cdf.language.positions import did_you_mean
from izoologic_cdf.language.reports import ATTRIBUTE_SETS
from izoologic_cdf.language.schema import of
from izoologic_cdf.language.steps import RUN_PARAMS, Python, Supplemental
from izoologic_cdf.lint.known import Shape
from izoologic_cdf.lint.outline import YAML, FeedOutline, elements, text_of, walk, word
from izoologic_cdf.lint.reads import scan
from izoologic_cdf.lint.rules import Found, Subject, rule

# kinds that have no fields, and what to do instead
_WITHOUT_FIELDS = {
    "list": ("a list", "iterate over it, or take an element: `| first`"),
    "text": ("text", "read it without this key"),
    "number": ("a number", "read it without this key"),
}
# more names than this are no help
_MAX_NAMED = 12
_ROOTS = EVERYWHERE | {"value", "data", RUN_PARAMS, *PAGINATION_NAMES}
_TAG_AS_TEXT = re.compile(r"!?(expr|tmpl)\s+\S")
# keys whose text names something else
_NAMES = {TYPE, Python.word, of(Supplemental).words.feed}


@rule("CDF116")
def field_is_given(subject: Subject) -> Found:
    following, flow = subject.following, subject.flow
    # the order of steps is another rule's
    known = {(m.site.node, m.read) for m in (*flow.same_block, *flow.too_early, *flow.absent)}
    for one in following.not_given:
        if (one.site.node, one.read) in known:
            continue
        at, name = subject.position(one.site, one.read, one.segment + 1), one.read.path[one.segment]
        if one.shape.kind == "record":
            yield at, f"no step gives {name!r}", _hint(name, one.shape)
        else:
            before = ".".join([one.read.root, *one.read.path[: one.segment]])
            kind, help_ = _WITHOUT_FIELDS[one.shape.kind]
            yield at, f"{before} is {kind} and has no {name!r}", help_
    gets = {id(node) for node, _, _ in flow.absent_gets}
    for node, key, shape in following.gets_not_given:
        if id(node) not in gets:
            yield node, f"no step gives {key!r}", _hint(key, shape)


def _hint(name: str, known: Shape) -> str | None:
    otherwise = None if len(known.fields) <= _MAX_NAMED else "add it to the fields that are kept"
    if known.by:
        otherwise = f"if the data has it, add it to {known.by} of the filters"
    return did_you_mean(name, known.fields, otherwise)


@rule("CDF117")
def expression_has_its_tag(subject: Subject) -> Found:
    parts = [feed.keys[key] for feed in subject.feeds.values() for key in feed.keys]
    parts += [subject.keys[key] for key in ("template_values", "_anchors") if key in subject.keys]
    skipped = set[int]()
    for mapping in (node for part in parts for node in walk(part.value)):
        if isinstance(mapping, MappingNode):
            keys = subject.mapping(mapping)
            names = [entry.value for key, entry in keys.items() if key in _NAMES]
            # what a form says to its reader
            names += [entry.value for entry in keys.values()] if "label" in keys else []
            skipped.update(map(id, names))
    for node in dict.fromkeys(node for part in parts for node in walk(part.value)):
        if isinstance(node, ScalarNode) and id(node) not in skipped:
            yield from _untagged(node)


def _untagged(node: ScalarNode) -> Found:
    text = str(node.value).strip()
    if node.tag == TMPL:
        if "{" not in text and _is_expression(text):
            yield node, f"this template has no braces: it gives the text {text!r}", "write !expr"
    elif node.tag in (f"{YAML}str", "!"):
        if found := _TAG_AS_TEXT.match(text):
            help_ = f"write !{found[1]} without quotes around it, and a blank behind it"
            yield node, f"this is text, and !{found[1]} is a part of it", help_
        elif "{{" in text and "}}" in text:
            yield node, "this looks like a template, and is text", 'write !tmpl "..."'
        elif _is_expression(text):
            yield node, f"this is the text {text!r}, not an expression", f"write !expr {text}"


def _is_expression(text: str) -> bool:
    """Return whether a text reads a key of a name that only expressions have."""
    if not any(root in text for root in _ROOTS):
        return False
    try:
        parse_expression(environment_of(Missing.NULL), text)
    except (TemplateSyntaxError, ValueError, RecursionError):
        return False
    reads = scan(text, template=False).reads
    return any(read.root in _ROOTS and read.path for read in reads)


# --- attributes ----------------------------------------------------------------------------------


@rule("CDF118")
def attribute_once(subject: Subject) -> Found:
    for feed in subject.feeds.values():
        for rows in _attribute_lists(subject, feed):
            first: dict[str, tuple[Node, bool]] = {}
            for name, node, row, guarded in _named_rows(subject, rows):
                earlier, too = first.setdefault(name.lower(), (row, guarded))
                if earlier is not row and not (guarded and too):
                    line = earlier.start_mark.line + 1
                    yield (
                        node,
                        f"the attribute {name!r} is in this set already, at line {line}",
                        "remove one of them, or give both a condition",
                    )
        yield from _in_two_sets(subject, feed)


def _in_two_sets(subject: Subject, feed: FeedOutline) -> Found:
    """Yield the sets of an object that have an attribute of a set before them."""
    report = subject.under(feed.keys, "report")
    shared = subject.under(report, ATTRIBUTE_SETS)
    for sets in report.values():
        for entry in subject.mapping(sets.value).values():
            given: dict[str, str] = {}
            for element in elements(subject.mapping(entry.value), ATTRIBUTE_SETS):
                named = word(element)
                if named not in shared:
                    continue
                rows = elements(subject.mapping(shared[named].value), "items")
                for name, _, _, guarded in _named_rows(subject, rows):
                    other = named if guarded else given.setdefault(name.lower(), named)
                    if other != named:
                        message = (
                            f"the sets {other!r} and {named!r} both have the attribute {name!r}"
                        )
                        yield element, message, "remove it from one of them"


def _named_rows(subject: Subject, rows: list[Node]) -> Iterator[tuple[str, Node, Node, bool]]:
    """Yield the name of each attribute, its node, the row, and whether that has a condition."""
    for row in rows:
        keys = subject.mapping(row)
        name = text_of(keys, "name")
        if name is not None:
            yield name, keys["name"].value, row, "condition" in keys


def _attribute_lists(subject: Subject, feed: FeedOutline) -> Iterator[list[Node]]:
    """Yield the attributes that are written out: of each set, of items, of what steps make."""
    for entry in subject.under(subject.under(feed.keys, "report"), ATTRIBUTE_SETS).values():
        yield elements(subject.mapping(entry.value), "items")
    parts = [feed.keys[key].value for key in ("report", "filters") if key in feed.keys]
    for node in walk(*parts):
        if isinstance(node, MappingNode) and "attributes" in (keys := subject.mapping(node)):
            yield elements(keys, "attributes")


@rule("CDF119")
def ingest_rule_applies(subject: Subject) -> Found:
    for feed in subject.feeds.values():
        rules = elements(subject.under(feed.keys, "ingest_rules"), "attributes")
        if not rules:
            continue
        reported = subject.following.attributes.get(feed.name, set())
        names = {name for name in reported if name is not None}
        for element in rules:
            keys = subject.mapping(element)
            name = text_of(keys, "name")
            if name is None or name in names:
                continue
            # where some names come with the data, only one that is nearly known is a mistake
            hint = did_you_mean(name, names, "")
            if hint or None not in reported:
                message = f"no attribute {name!r} is reported, so this rule never applies"
                yield (
                    keys["name"].value,
                    message,
                    hint or "remove the rule, or report the attribute",
                )


# --- text and numbers ----------------------------------------------------------------------------


@rule("CDF120")
def arithmetic_on_numbers(subject: Subject) -> Found:
    for site, one in subject.following.texts_as_numbers:
        yield (
            subject.document.position_in(site.node, one.offset),
            f"text where {one.symbol!r} needs a number: this {one.always}",
            "convert it first: `| int` or `| float`",
        )
