"""CDF208: the name of an attribute does not begin with the vendor's."""

import re
from collections.abc import Iterator

from izoologic_cdf.language.nodes import Entry, MappingNode, Node
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.outline import FeedOutline, elements, walk, word
from izoologic_cdf.lint.rule import Rule, Subject

# threatq.feeds.<vendor>.<feed>
_PARTS = 4


def check(subject: Subject) -> Iterator[Finding]:
    """Find attributes, in reports and pipelines, named after the vendor of the namespaces."""
    vendors = {vendor for feed in subject.feeds.values() if (vendor := _vendor(feed))}
    for vendor in sorted(vendors):
        for feed in subject.feeds.values():
            for node in _names(subject, feed):
                name = word(node)
                if name and (rest := _after(name, vendor)):
                    yield subject.document.finding(
                        node,
                        f"the attribute {name!r} begins with the name of the vendor",
                        f"call it {rest!r}: the source of the attribute tells the vendor",
                    )


def _vendor(feed: FeedOutline) -> str | None:
    namespace = word(feed.keys["namespace"].value) if "namespace" in feed.keys else None
    parts = namespace.split(".") if namespace else []
    return parts[-2] if len(parts) >= _PARTS else None


def _after(name: str, vendor: str) -> str | None:
    """Return what follows the vendor's name; null where the name does not begin with it."""
    letters = r"[\W_]*".join(map(re.escape, re.sub(r"[\W_]", "", vendor)))
    match = re.match(rf"{letters}[\W_]+(?=\w)", name, re.IGNORECASE)
    return name[match.end() :] if match else None


def _names(subject: Subject, feed: FeedOutline) -> Iterator[Node]:
    """Yield the node of each name that is written out: attribute sets, attributes of items."""
    report = subject.under(feed.keys, "report")
    for entry in subject.under(report, "attribute-sets").values():
        yield from _of_list(subject, "items", subject.mapping(entry.value))
    for key in ("report", "filters"):
        if key in feed.keys:
            for node in walk(feed.keys[key].value):
                if isinstance(node, MappingNode):
                    yield from _of_list(subject, "attributes", subject.mapping(node))


def _of_list(subject: Subject, key: str, keys: dict[str, Entry]) -> Iterator[Node]:
    for element in elements(keys, key):
        name = subject.mapping(element).get("name")
        if name:
            yield name.value


RULE = Rule(
    code="CDF208",
    name="attribute-name-plain",
    what="The name of an attribute does not begin with the vendor's name, as the namespace has it.",
    why="Every attribute carries its source already. A plain name is shared with other feeds, so "
    "that searches and scores find all of them.",
    bad="""
    report:
      incident-sets:
        cases:
          items:
            - value: !expr data.id
              attributes: [{name: Example Status, value: !expr data.status}]
    """,
    good="""
    report:
      incident-sets:
        cases:
          items:
            - value: !expr data.id
              attributes: [{name: Status, value: !expr data.status}]
    """,
    check=check,
)
