"""`_uploaded`: what the uploaded file has instead of, or in addition to, what our runtime executes.

In a mapping it replaces, adds or (with null) removes keys of that mapping itself, not those that it
merges; as the single key of an element of a list it puts elements in its place. A definition is
read in one of two views: with all of them carried out, or with all of them left out.
"""

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from izoologic_cdf.errors import CdfError

KEY = "_uploaded"
_NULL = "tag:yaml.org,2002:null"
_Pair = tuple[Node, Node]


class OverlayError(CdfError):
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
    overlays = [(key, value) for key, value in node.value if _is_overlay(key)]
    pairs: list[_Pair] = [pair for pair in node.value if not _is_overlay(pair[0])]
    for key, _ in overlays[1:]:
        raise OverlayError(key, f"duplicate key {KEY!r}")
    for _, changes in overlays:
        changed = _changed(changes, pairs)
        pairs = changed if uploaded else pairs
    return pairs


def _changed(changes: Node, pairs: list[_Pair]) -> list[_Pair]:
    """Return the entries of a mapping with the changes made; those that stay keep their places."""
    if not isinstance(changes, MappingNode):
        raise OverlayError(changes, f"{KEY} takes a mapping here: keys and their values")
    pairs = list(pairs)
    for key, value in changes.value:
        at = [i for i, (known, _) in enumerate(pairs) if known.value == key.value][:1]
        removed = value.tag == _NULL
        if removed and not at:
            raise OverlayError(key, f"there is no key {key.value!r} here that {KEY} could remove")
        place = at[0] if at else len(pairs)
        pairs[place : place + len(at)] = [] if removed else [(key, value)]
    return pairs


def _sequence(node: SequenceNode, *, uploaded: bool) -> list[Node]:
    elements: list[Node] = []
    for element in node.value:
        only = element.value[0] if isinstance(element, MappingNode) and element.value else None
        if only is None or len(element.value) > 1 or not _is_overlay(only[0]):
            elements.append(element)
        elif isinstance(only[1], SequenceNode):
            elements += only[1].value if uploaded else ()
        else:
            raise OverlayError(only[1], f"{KEY} takes a list here: the elements to add")
    return elements


def _is_overlay(key: Node) -> bool:
    return isinstance(key, ScalarNode) and key.value == KEY
