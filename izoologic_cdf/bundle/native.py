"""Turns an authored feed into native constructs.

Python filters become their native forms, shared by anchors; what only our runtime knows goes;
names of expressions are written out; `fail` becomes an expression that raises.
"""

from dataclasses import dataclass, field

from izoologic_cdf.bundle.inline import inline, settled, with_statements
from izoologic_cdf.bundle.tree import (
    Mapping,
    Scalar,
    Sequence,
    Tree,
    expr,
    from_text,
    mapping,
    walk,
)
from izoologic_cdf.language.pyfilters import PythonFilters

# keys and filters that only our runtime knows
_ONLY_HERE = frozenset({"window", "fallback_url"})
_FILTERS_ONLY_HERE = frozenset({"warn", "track"})
FAIL = "[].index(value)"


@dataclass(slots=True)
class Native:
    """What the conversion of all files shares."""

    python: PythonFilters
    # native forms by the name of their filter, in the order of first use
    forms: dict[str, Sequence] = field(default_factory=dict)
    _failing: dict[int, Mapping] = field(default_factory=dict)

    def definition(self, tree: Mapping) -> None:
        """Convert a definition in place."""
        self._template_values(tree)
        for node in list(walk(tree)):
            if isinstance(node, Mapping):
                for key in _ONLY_HERE:
                    node.remove(key)
                node.entries = [(key, self._filter(value)) for key, value in node.entries]
            elif isinstance(node, Sequence):
                self._filters(node)

    def _template_values(self, tree: Mapping) -> None:
        """Keep the constants, write out the expressions."""
        values = tree.get("template_values")
        if not isinstance(values, Mapping):
            return
        sources = {
            key: value.text
            for key, value in values.entries
            if isinstance(value, Scalar) and value.tag == "!expr"
        }
        meanings = settled(sources)
        for key in sources:
            values.remove(key)
        for node in walk(tree):
            if isinstance(node, Scalar) and node.tag == "!expr":
                node.text = inline(node.text, meanings)
            elif isinstance(node, Scalar) and node.tag == "!tmpl":
                node.text = with_statements(node.text, sources)

    def _filters(self, tree: Sequence) -> None:
        """Convert the filters of a list in place; nothing else in a list has these keys."""
        kept = [index for index, item in enumerate(tree.items) if not _goes(item)]
        tree.comments = {
            new: tree.comments[old] for new, old in enumerate(kept) if old in tree.comments
        }
        tree.items = [self._filter(tree.items[index]) for index in kept]

    def _filter(self, item: Tree) -> Tree:
        if isinstance(item, Mapping) and len(item.entries) == 1:
            key, value = item.entries[0]
            if key == "fail" and isinstance(value, Mapping):
                # the same node again gives the same node, so that its anchor goes on to serve
                if id(item) not in self._failing:
                    made = failing(value.get("condition"), value.get("message"))
                    made.anchor = item.anchor
                    self._failing[id(item)] = made
                return self._failing[id(item)]
            if key == "python" and isinstance(value, Scalar):
                return Mapping([("chain", self.form(value.text))])
        return item

    def form(self, name: str) -> Sequence:
        """Return the native form of a filter; always the same node, so that it is shared."""
        if name not in self.forms:
            tree = from_text(self.python.native(name), name)
            assert isinstance(tree, Sequence)  # noqa: S101 - a native form is a list of filters
            tree.anchor = name.replace(".", "_")
            self.forms[name] = tree
        return self.forms[name]

    def summary(self, name: str) -> str:
        """Return the first line of a filter's docstring."""
        module, _, function = name.partition(".")
        found = getattr(self.python.module(module), function)
        return str(found.__doc__ or "").strip().splitlines()[0]


def failing(condition: Tree | None, message: Tree | None) -> Mapping:
    """Return the native form of `fail`."""
    assert condition is not None  # noqa: S101 - the loader has accepted the file
    assert message is not None  # noqa: S101
    filters = Sequence([mapping(new=message), mapping(new=expr(FAIL))])
    return Mapping([("if", mapping(condition=condition, filters=filters))])


def _goes(item: Tree) -> bool:
    return (
        isinstance(item, Mapping)
        and len(item.entries) == 1
        and item.entries[0][0] in _FILTERS_ONLY_HERE
    )
