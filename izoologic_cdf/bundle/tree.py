"""The tree of a definition that is about to be written: nodes, comments, shared parts.

A node that is reached twice is written once, with an anchor. Trees are made from the nodes of a
document, so that authored comments and anchor names survive.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from izoologic_cdf.errors import Position
from izoologic_cdf.language.nodes import Document, visit

# PyYAML's stubs leave this class untyped
_RESOLVER: Any = yaml.resolver.Resolver()
_Part = TypeVar("_Part")
_ANCHOR = re.compile(r"(?:!\S*\s+)?&(\S+)")


@dataclass(eq=False, slots=True)
class Scalar:
    """Text with a tag: `!expr`, `!tmpl`, or one of YAML's own for a plain value."""

    text: str
    tag: str = "tag:yaml.org,2002:str"
    style: str | None = None
    anchor: str | None = None
    # how its author broke it
    lines: tuple[str, ...] = ()
    position: Position | None = None


@dataclass(eq=False, slots=True)
class Sequence:
    """A list; `comments[i]` stand above item i."""

    items: list["Tree"]
    comments: dict[int, list[str]] = field(default_factory=dict)
    flow: bool = False
    anchor: str | None = None

    def keep(self, wanted: Callable[["Tree"], bool]) -> None:
        """Remove the other items, with their comments."""
        self.items, self.comments = _kept(self.items, self.comments, wanted)

    def splice(self, at: int, other: "Sequence", about: list[str]) -> None:
        """Put the items of another list, with a comment about them, in the place of one item."""
        self.flow = False
        longer = len(other.items) - 1
        moved = {i + longer if i > at else i: text for i, text in self.comments.items()}
        inner = {i + at: text for i, text in other.comments.items()}
        inner[at] = [*moved.pop(at, []), *about, *inner.get(at, [])]
        self.comments = {i: text for i, text in (moved | inner).items() if text}
        self.items[at : at + 1] = other.items


@dataclass(eq=False, slots=True)
class Mapping:
    """A mapping in order; a key may stand twice where it is `<<`. `comments[i]` as for lists."""

    entries: list[tuple[str, "Tree"]]
    comments: dict[int, list[str]] = field(default_factory=dict)
    tag: str | None = None
    flow: bool = False
    anchor: str | None = None

    def get(self, key: str) -> "Tree | None":
        """Return the value of a key of this mapping itself; merges are not followed."""
        return next((value for name, value in self.entries if name == key), None)

    def set(self, key: str, value: "Tree") -> None:
        """Replace the value of a key that is there."""
        self.entries = [(name, value if name == key else old) for name, old in self.entries]

    def remove(self, key: str) -> None:
        """Remove a key, with its comment."""
        kept = _kept(self.entries, self.comments, lambda entry: entry[0] != key)
        self.entries, self.comments = kept


Tree = Scalar | Sequence | Mapping


def _kept(
    parts: list[_Part], comments: dict[int, list[str]], wanted: Callable[[_Part], bool]
) -> tuple[list[_Part], dict[int, list[str]]]:
    kept = [index for index, part in enumerate(parts) if wanted(part)]
    moved = {new: comments[old] for new, old in enumerate(kept) if old in comments}
    return [parts[index] for index in kept], moved


def from_document(document: Document) -> Tree:
    """Return the tree of a document, with its comments and the names of its anchors."""
    return _Converter(document).convert(document.root)


def from_text(text: str, name: str) -> Tree:
    """Return the tree of a YAML text."""
    return from_document(Document(name, text))


class _Converter:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._made: dict[int, Tree] = {}
        self._dashed: set[int] = set()

    def convert(self, node: Node) -> Tree:
        if id(node) not in self._made:
            self._made[id(node)] = self._convert(node)
        return self._made[id(node)]

    def _convert(self, node: Node) -> Tree:
        anchor = self._anchor(node)
        if isinstance(node, ScalarNode):
            written = self._document.lines[node.start_mark.line + 1 : node.end_mark.line]
            lines = tuple(filter(None, map(str.strip, written if node.style == ">" else ())))
            position = self._document.position(node)
            return Scalar(str(node.value), node.tag, node.style, anchor, lines, position)
        assert isinstance(node, MappingNode | SequenceNode)  # noqa: S101 - YAML has no fourth kind
        flow = bool(node.flow_style)
        keys = [child[0] if isinstance(child, tuple) else child for child in node.value]
        # an alias stands where its anchor does, and so do the comments above it
        own = {i: key for i, key in enumerate(keys) if key.start_mark.line >= node.start_mark.line}
        comments = {} if flow else self._comments(own)
        if isinstance(node, SequenceNode):
            for item in node.value:
                # what stands above a dash is about the item, not about its first key
                self._dashed.add(id(item))
            return Sequence([self.convert(item) for item in node.value], comments, flow, anchor)
        if id(node) in self._dashed:
            comments.pop(0, None)
        tag = node.tag if node.tag.startswith("!") else None
        entries = [(str(key.value), self.convert(value)) for key, value in node.value]
        return Mapping(entries, comments, tag, flow, anchor)

    def _anchor(self, node: Node) -> str | None:
        mark = node.start_mark
        line = self._document.lines[mark.line] if mark.line < len(self._document.lines) else ""
        found = _ANCHOR.match(line, mark.column)
        return found[1] if found else None

    def _comments(self, children_: dict[int, Node]) -> dict[int, list[str]]:
        """Return the comment lines right above each child of a block collection."""
        found: dict[int, list[str]] = {}
        for index, child in children_.items():
            line = child.start_mark.line - 1
            while line >= 0 and self._document.lines[line].lstrip().startswith("#"):
                found.setdefault(index, []).insert(0, self._document.lines[line].strip())
                line -= 1
        return found


def walk(tree: Tree) -> Iterator[Tree]:
    """Yield every node once, parents first; see `nodes.visit`."""
    return visit([tree], children)


def children(tree: Tree) -> list[Tree]:
    """Return the nodes right below a node."""
    if isinstance(tree, Mapping):
        return [value for _, value in tree.entries]
    return list(tree.items) if isinstance(tree, Sequence) else []


def fingerprint(tree: Tree) -> object:
    """Return something that is equal for trees that mean the same; comments do not count."""
    if isinstance(tree, Scalar):
        return (tree.tag, tree.text)
    if isinstance(tree, Sequence):
        return ("list", tuple(fingerprint(item) for item in tree.items))
    return ("map", tree.tag, tuple((key, fingerprint(value)) for key, value in tree.entries))


def resolves_to_text(text: str) -> bool:
    """Return whether YAML reads this plain scalar as text."""
    return bool(_RESOLVER.resolve(ScalarNode, text, (True, False)) == "tag:yaml.org,2002:str")
