"""One uploadable YAML from the authored definitions."""

import textwrap
from pathlib import Path

from izoologic_cdf.bundle.emit import emit
from izoologic_cdf.bundle.native import Native
from izoologic_cdf.bundle.tree import (
    Mapping,
    Scalar,
    Sequence,
    Tree,
    fingerprint,
    from_document,
    walk,
)
from izoologic_cdf.language.load import load
from izoologic_cdf.language.nodes import read
from izoologic_cdf.language.pyfilters import PythonFilters

HEADER = """\
# iZoologic Sync Cases {version} for ThreatQ {threatq}
#
# Built from the authored definitions and their filters: change those, and build again.
# Each list under _anchors that is named like module_function is one step of the data, used in
# the feeds as `chain: *module_function`. What no public source confirms is listed in GUIDE.md.

"""
_COMMENT_WIDTH = 90
_SAME = ("version", "required_threatq_version")


class BuildError(Exception):
    """The definitions can't become one file; the message says what disagrees."""


def build_yaml(definitions: list[Path], filters: Path) -> str:
    """Return the text of the one YAML file that is uploaded.

    The text depends on the definitions and the filters alone.

    Raises:
        DefinitionError: a definition is wrong.
        BuildError: the definitions disagree about something that one file can hold only once.
    """
    for path in definitions:
        load(path, filters)
    native = Native(PythonFilters(filters))
    shared: dict[str, Tree] = {}
    trees = []
    for path in definitions:
        tree = from_document(read(path))
        assert isinstance(tree, Mapping)  # noqa: S101 - the loader has accepted it
        native.definition(tree)
        _share(tree, shared)
        trees.append(tree)
    return _header(trees[0]) + emit(_joined(trees, native))


def _header(tree: Mapping) -> str:
    version, threatq = (tree.get(key) for key in _SAME)
    assert isinstance(version, Scalar)  # noqa: S101 - the loader has accepted it
    assert isinstance(threatq, Scalar)  # noqa: S101
    return HEADER.format(version=version.text, threatq=threatq.text)


def _joined(trees: list[Mapping], native: Native) -> Mapping:
    joined = Mapping([])
    for key in _SAME:
        values = [tree.get(key) for tree in trees]
        if len({fingerprint(value) for value in values if value is not None}) != 1:
            raise BuildError(f"the definitions disagree about {key}")
        joined.entries += [(key, value) for value in values[:1] if value is not None]
    feeds = _union(trees, "feeds")
    feeds.comments = {index: ["", *feeds.comments.get(index, [])] for index in range(1, 99)}
    joined.entries += [
        ("template_values", _union(trees, "template_values")),
        ("_anchors", _anchors(trees, native, feeds)),
        ("feeds", feeds),
    ]
    joined.comments = {2: [""], 3: [""], 4: [""]}
    return joined


def _union(trees: list[Mapping], key: str) -> Mapping:
    """Return the entries of a mapping of all definitions; equal ones once."""
    union = Mapping([])
    for tree in trees:
        part = tree.get(key)
        for index, (name, value) in enumerate(part.entries if isinstance(part, Mapping) else ()):
            known = union.get(name)
            if known is None:
                assert isinstance(part, Mapping)  # noqa: S101 - it had entries
                if index in part.comments:
                    union.comments[len(union.entries)] = part.comments[index]
                union.entries.append((name, value))
            elif fingerprint(known) != fingerprint(value):
                raise BuildError(f"the definitions disagree about {name!r} in {key}")
    return union


def _anchors(trees: list[Mapping], native: Native, feeds: Mapping) -> Sequence:
    """Return the shared fragments that the feeds use: native forms, then authored ones."""
    used = {id(node) for node in walk(feeds)}
    anchors = Sequence([])
    for name, form in sorted(native.forms.items()):
        if id(form) in used:
            said = textwrap.wrap(f"{name}: {native.summary(name)}", _COMMENT_WIDTH)
            anchors.comments[len(anchors.items)] = [f"# {line}" for line in said]
            anchors.items.append(form)
    for tree in trees:
        authored = tree.get("_anchors")
        for index, item in enumerate(authored.items if isinstance(authored, Sequence) else ()):
            if id(item) in used and item not in anchors.items:
                assert isinstance(authored, Sequence)  # noqa: S101 - it had items
                if index in authored.comments:
                    anchors.comments[len(anchors.items)] = authored.comments[index]
                anchors.items.append(item)
    return anchors


def _share(tree: Tree, shared: dict[str, Tree]) -> None:
    """Let anchored nodes that mean the same in several definitions be one node."""

    def one(node: Tree) -> Tree:
        if node.anchor is None:
            return node
        known = shared.setdefault(node.anchor, node)
        return known if fingerprint(known) == fingerprint(node) else node

    for node in list(walk(tree)):
        if isinstance(node, Mapping):
            node.entries = [(key, one(value)) for key, value in node.entries]
        elif isinstance(node, Sequence):
            node.items = [one(item) for item in node.items]
