"""`_uploaded`: what the uploaded file has instead of, or in addition to, what our runtime executes.

In a mapping it replaces, adds or (with null) removes keys of that mapping; as the single key of an
element of a list it puts elements in its place. A definition is read in one of two views: with all
of them carried out, or with all of them left out.
"""

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

KEY = "_uploaded"
_NULL = "tag:yaml.org,2002:null"
_Pair = tuple[Node, Node]


class OverlayError(Exception):
    """An `_uploaded` that is neither a mapping in a mapping nor a list in a list."""

    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.node = node


def apply(root: Node, *, uploaded: bool) -> None:
    """Turn a tree into one view of it, in place; a node that is shared is changed once.

    Raises:
        OverlayError: an `_uploaded` has the wrong shape.
    """
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            node.value = _mapping(node, uploaded=uploaded)
            waiting += [value for _, value in node.value]
        elif isinstance(node, SequenceNode):
            node.value = _sequence(node, uploaded=uploaded)
            waiting += node.value


def _mapping(node: MappingNode, *, uploaded: bool) -> list[_Pair]:
    pairs: list[_Pair] = [pair for pair in node.value if not _is_overlay(pair[0])]
    for key, changes in node.value:
        if not _is_overlay(key):
            continue
        if not isinstance(changes, MappingNode):
            raise OverlayError(changes, f"{KEY} takes a mapping here: keys and their values")
        for changed, value in changes.value if uploaded else ():
            at = next(
                (i for i, (known, _) in enumerate(pairs) if known.value == changed.value), None
            )
            new = [] if value.tag == _NULL else [(changed, value)]
            pairs[len(pairs) if at is None else at : len(pairs) if at is None else at + 1] = new
    return pairs


def _sequence(node: SequenceNode, *, uploaded: bool) -> list[Node]:
    elements: list[Node] = []
    for element in node.value:
        if (
            isinstance(element, MappingNode)
            and len(element.value) == 1
            and _is_overlay(element.value[0][0])
        ):
            added = element.value[0][1]
            if not isinstance(added, SequenceNode):
                raise OverlayError(added, f"{KEY} takes a list here: the elements to add")
            elements += added.value if uploaded else ()
        else:
            elements.append(element)
    return elements


def _is_overlay(key: Node) -> bool:
    return isinstance(key, ScalarNode) and key.value == KEY
