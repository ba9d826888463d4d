"""Which conventions a definition uses, and where: the checklist of the first upload."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from izoologic_cdf.language.conventions import CONVENTIONS, Convention
from izoologic_cdf.language.nodes import (
    Document,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
)
from izoologic_cdf.language.positions import Position

# keys that are a convention wherever they stand
_KEYS = {
    "auth": "H1",
    "supplemental": "H2",
    "fulfillment": "H3",
    "feed_type": "H4",
    "timestamp_format": "D3",
    "python": "H5",
    "window": "H6",
    "track": "H7",
    "warn": "H7",
    "fallback_url": "H8",
}
_TEMPLATE_VALUES, _STATEMENTS, _FAILING = "H9", "D1", "D2"
_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Use:
    """A convention and the places where a definition uses it, in file order."""

    convention: Convention
    places: tuple[Position, ...]


def uses(document: Document) -> list[Use]:
    """Return the conventions that a definition uses, worst first."""
    places: dict[str, dict[Position, None]] = {}
    for key, node in _found(document, document.root, set()):
        places.setdefault(key, {})[document.position(node)] = None
    return [
        Use(convention, tuple(sorted(places[convention.id])))
        for convention in sorted(CONVENTIONS, key=lambda one: one.rank)
        if convention.id in places
    ]


def _found(document: Document, node: Node, seen: set[int]) -> Iterator[tuple[str, Node]]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, ScalarNode):
        if node.tag == "!tmpl" and "{%" in node.value:
            yield _STATEMENTS, node
        if node.tag == "!expr" and "[].index(" in node.value:
            yield _FAILING, node
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _found(document, item, seen)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value in _KEYS:
                yield _KEYS[key.value], key
            if key.value == "template_values" and isinstance(value, MappingNode):
                for _, inner in value.value:
                    if inner.tag == "!expr" and node is document.root:
                        yield _TEMPLATE_VALUES, inner
            yield from _found(document, value, seen)


def checklist(found: list[Use], name: str) -> str:
    """Return the conventions as a person reads them before the first upload."""
    lines = [
        f"{len(found)} constructs of {name} are not attested by any public source. Worst first:"
    ]
    for use in found:
        one = use.convention
        where = ", ".join(f"{at.line}:{at.column}" for at in use.places[:6])
        more = f" and {len(use.places) - 6} more" if len(use.places) > 6 else ""
        lines += ["", f"{one.id} ({one.worth}) {one.name}: {one.spelling}"]
        for label, text in (
            ("where", f"line:column {where}{more}"),
            ("if wrong", one.breaks),
            ("instead", one.alternative),
            ("check", one.check),
        ):
            wrapped = textwrap.wrap(text, _WIDTH - 12)
            lines.append(f"  {label:<10}{wrapped[0]}")
            lines += [" " * 12 + rest for rest in wrapped[1:]]
    return "\n".join(lines)
