"""CDF106: two merges of one mapping do not give the same key different values."""

from collections.abc import Iterator

from izoologic_cdf.language.nodes import Entry, MappingNode, Node, SequenceNode
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.node_equality import MERGE, same
from izoologic_cdf.lint.outline import walk
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find keys that a `<<` takes from another `<<` of the mapping, with another value."""
    for node in walk(subject.document.root):
        if isinstance(node, MappingNode):
            yield from _conflicts(subject, node)


def _conflicts(subject: Subject, mapping: MappingNode) -> Iterator[Finding]:
    own = {str(key.value) for key, _ in mapping.value if key.tag != MERGE}
    merged: dict[str, tuple[Node, Entry]] = {}
    for at, source in _sources(mapping):
        for key, entry in subject.mapping(source).items():
            first = merged.get(key)
            if first and key not in own and not same(first[1].value, entry.value):
                yield subject.document.finding(
                    at,
                    f"two merges give {key!r} different values: "
                    f"line {first[1].key_node.start_mark.line + 1} and "
                    f"line {entry.key_node.start_mark.line + 1}",
                    f"write {key!r} out in this mapping, or merge one of them",
                )
            merged[key] = (at, entry)


def _sources(mapping: MappingNode) -> Iterator[tuple[Node, Node]]:
    """Yield every mapping that is merged, with the node to point at."""
    for key, value in mapping.value:
        if key.tag == MERGE:
            if isinstance(value, SequenceNode):
                yield from ((value, element) for element in value.value)
            else:
                yield key, value


RULE = Rule(
    code="CDF106",
    name="merges-agree",
    what="Where one mapping merges several others, no key comes from two of them with different "
    "values, unless the mapping writes the key out itself.",
    why="Which of two merges wins differs between YAML readers, and nothing in the file shows it.",
    bad="""
    _anchors:
      - &polite {headers: {User-Agent: example}, method: GET}
      - &search {method: POST, body: !json {since: !expr run_meta.since}}
    feeds:
      Example Cases:
        category: Commercial
        namespace: threatq.feeds.example.example_cases
        default_indicator_status: Active
        source:
          http:
            <<: *polite
            <<: *search
            url: https://api.example.com/cases
    """,
    good="""
    _anchors:
      - &polite {headers: {User-Agent: example}}
      - &search {method: POST, body: !json {since: !expr run_meta.since}}
    feeds:
      Example Cases:
        category: Commercial
        namespace: threatq.feeds.example.example_cases
        default_indicator_status: Active
        source:
          http:
            <<: *polite
            <<: *search
            url: https://api.example.com/cases
    """,
    check=check,
)
