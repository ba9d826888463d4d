"""CDF115: YAML reads no text as something else."""

import json
from collections.abc import Iterator

from izoologic_cdf.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, read_as
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.node_equality import MERGE
from izoologic_cdf.lint.rule import Rule, Subject

_YAML = "tag:yaml.org,2002:"
# keys whose value is a name, or text that somebody reads
_TEXTS = frozenset(
    {"attribute-sets", "category", "default_indicator_status", "description", "feed", "feed_type"}
    | {"fulfillment", "get", "header", "into", "label", "name", "namespace", "python", "related"}
    | {"response_content_type", "rule", "tag-sets", "timestamp_format"}
)
# keys whose value is true or false, in any spelling
_FLAGS = frozenset(
    {"boolean", "condition", "disable_proxies", "drop", "mask", "required", "verify_host_ssl"}
)
# keys below which each key is a name, and those below which everything is data
_NAMED = frozenset(
    {"feeds", "filter-mapping", "headers", "params", "related", "set", "template_values"}
)
_DATA = frozenset({"body", "headers", "new", "params", "run_params", "set", "template_values"})
# rules of their own look at these
_VERSIONS = frozenset({"required_threatq_version", "version"})
# what YAML makes of a scalar without quotes, by its tag
_READ_AS = {
    "bool": "the boolean {}",
    "float": "the number {}",
    "int": "the number {}",
    "merge": "a merge key",
    "null": "null",
    "timestamp": "a date",
    "value": "a default key",
}
# what nobody writes who means the text
_MEANT = frozenset({"false", "null", "true", "~"})


def check(subject: Subject) -> Iterator[Finding]:
    """Find scalars without quotes that are something else than the text that they look like."""
    # feeds first: there it is known what is due, which a fragment on its own does not tell
    entries = sorted(subject.keys.items(), key=lambda item: item[0] != "feeds")
    seen: set[int] = set()
    for key, entry in entries:
        yield from _below(subject, entry.value, key, seen)


def _below(
    subject: Subject, node: Node, key: str, seen: set[int], *, data: bool = False
) -> Iterator[Finding]:
    if id(node) in seen or key in _VERSIONS:
        return
    seen.add(id(node))
    if isinstance(node, ScalarNode) and (data or key not in _FLAGS):
        yield from _found(subject, node, text_due=key in _TEXTS and not data)
    elif isinstance(node, SequenceNode):
        for element in node.value:
            yield from _below(subject, element, key, seen, data=data)
    elif isinstance(node, MappingNode):
        named = not data and (key in _NAMED or key.endswith("-sets"))
        ticked = "boolean" in {str(name.value) for name, _ in node.value}
        for name, value in node.value:
            if isinstance(name, ScalarNode) and name.tag != MERGE:
                yield from _found(subject, name, text_due=named)
            inner = str(name.value)
            if inner == "default" and not data:
                inner = "boolean" if ticked else "label"
            yield from _below(subject, value, inner, seen, data=data or key in _DATA)


def _found(subject: Subject, node: ScalarNode, *, text_due: bool) -> Iterator[Finding]:
    written, kind = str(node.value), node.tag.removeprefix(_YAML)
    if kind not in _READ_AS or not written or node.style in ("'", '"', "|", ">"):
        return
    became = read_as(node)
    # a number in its usual spelling gives its text again, and true and null are meant
    if not text_due and (became == written or written.lower() in _MEANT):
        return
    help_ = f"write {json.dumps(written)} to have the text"
    if kind in ("bool", "int", "float") and became != written:
        help_ += f", {became} to have what YAML reads"
    message = f"YAML reads {written} as {_READ_AS[kind].format(became)}, not as text"
    yield subject.document.finding(node, message, help_)


RULE = Rule(
    code="CDF115",
    name="text-stays-text",
    what="No name and no text is written so that YAML reads a boolean, a number, a date or null: "
    "NO, On, 007, 1.10, 12:30:00, 2024-01-01.",
    why="YAML reads NO as false, 007 as 7, 1.10 as 1.1 and 12:30 as 750, and says nothing. "
    "Elsewhere than in names, true, false, null and numbers in their usual spelling are fine.",
    bad="""
    filters:
      - parse-json
      - set: {country: NO}
      - drop: !expr value.country == value.origin
    """,
    good="""
    filters:
      - parse-json
      - set: {country: "NO"}
      - drop: !expr value.country == value.origin
    """,
    check=check,
)
