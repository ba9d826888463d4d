"""CDF206: the same thing is not written out twice."""

from collections.abc import Iterator

from izoologic_cdf.language.nodes import Node, ScalarNode
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.node_equality import Trees
from izoologic_cdf.lint.rule import Rule, Subject

# smaller repetitions read better than an anchor
SMALLEST = 6


def check(subject: Subject) -> Iterator[Finding]:
    """Find mappings and lists that stand in the file a second time; only the outermost ones."""
    trees = Trees()
    first: dict[int, Node] = {}
    waiting = [subject.document.root]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or isinstance(node, ScalarNode):
            continue  # an alias is no repetition
        seen.add(id(node))
        if trees.size(node) >= SMALLEST:
            earlier = first.setdefault(trees.number(node), node)
            if earlier is not node:
                yield subject.document.finding(
                    node,
                    f"this repeats what stands at line {earlier.start_mark.line + 1}, "
                    f"all {trees.size(node)} values of it",
                    "give the first an anchor (&name) and put an alias (*name) here",
                )
                continue
        waiting += reversed(trees.children(node))


RULE = Rule(
    code="CDF206",
    name="repetition-anchored",
    what=f"No mapping or list of {SMALLEST} or more values is written out twice.",
    why="The approval checklist wants repeated logic in anchors; and of two copies one is "
    "forgotten when the other is corrected.",
    bad="""
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.id}]
          attribute-sets: [cases]
      attribute-sets:
        cases:
          items:
            - {name: Status, value: !expr data.status}
            - {name: Brand, value: !expr data.brand}
        accounts:
          items:
            - {name: Status, value: !expr data.status}
            - {name: Brand, value: !expr data.brand}
    """,
    good="""
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.id}]
          attribute-sets: [cases]
      attribute-sets:
        cases:
          items: &common
            - {name: Status, value: !expr data.status}
            - {name: Brand, value: !expr data.brand}
        accounts: {items: *common}
    """,
    check=check,
)
