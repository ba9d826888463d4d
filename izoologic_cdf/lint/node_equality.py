"""Comparing subtrees of a definition by what they say, not by where they stand."""

from izoologic_cdf.language.nodes import MappingNode, Node, SequenceNode

MERGE = "tag:yaml.org,2002:merge"


def same(one: Node, other: Node) -> bool:
    """Tell whether two nodes say the same."""
    trees = Trees()
    return one is other or trees.number(one) == trees.number(other)


class Trees:
    """Numbers for subtrees: equal subtrees have equal numbers."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._known: dict[int, int] = {}
        self._sizes: dict[int, int] = {}

    def number(self, node: Node) -> int:
        """Return the number of a subtree."""
        if id(node) in self._known:
            return self._known[id(node)]
        if isinstance(node, MappingNode):
            inner = str([(self.number(key), self.number(value)) for key, value in node.value])
        else:
            inner = str([self.number(child) for child in self.children(node)] or node.value)
        number = self._numbers.setdefault((node.tag, inner), len(self._numbers))
        self._known[id(node)] = number
        return number

    def size(self, node: Node) -> int:
        """Return how many values (scalars, lists, mappings) are written out in a subtree.

        Keys don't count, and what an alias refers to is one value: it stands somewhere else.
        """
        if id(node) not in self._sizes:
            begin = node.start_mark.index
            self._sizes[id(node)] = 1 + sum(
                self.size(child) if child.start_mark.index > begin else 1
                for child in self.children(node)
            )
        return self._sizes[id(node)]

    def children(self, node: Node) -> list[Node]:
        """Return the values of a mapping or the elements of a list."""
        if isinstance(node, MappingNode):
            return [value for _, value in node.value]
        return list(node.value) if isinstance(node, SequenceNode) else []
