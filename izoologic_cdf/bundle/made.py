"""What the filters of a definition have made when a step reads it: two guesses depend on that.

`parse-json` is attested for what an API sends, and `filter-mapping` for a key that is there. So a
pipeline is walked with what is known of `value`: whether an expression has made it, and which keys
are there for certain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jinja2 import TemplateSyntaxError
from jinja2 import nodes as jinja

from izoologic_cdf.language.expressions import Missing, environment_of, parse_expression
from izoologic_cdf.language.nodes import EXPR, MappingNode, Node, ScalarNode, SequenceNode
from izoologic_cdf.language.schema import of
from izoologic_cdf.language.steps import Supplemental
from izoologic_cdf.lint.outline import Outline, word

_INTO = of(Supplemental).words.into


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a value: `made` by an expression, not handed on; the keys it has."""

    made: bool = False
    keys: Mapping[str, "_Known"] = field(default_factory=dict)

    def at(self, key: str) -> "_Known":
        return self.keys.get(key, _Known(self.made))

    def joined(self, other: "_Known") -> "_Known":
        """Return what is known of one of the two."""
        both = self.keys.keys() & other.keys.keys()
        keys = {key: self.keys[key].joined(other.keys[key]) for key in both}
        return _Known(self.made or other.made, keys)


class Made:
    """One walk over a pipeline.

    `parsed` are the `parse-json` of what the filters have made, `uncertain` the keys of a
    `filter-mapping` that nothing before has set.
    """

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self.parsed: list[Node] = []
        self.uncertain: list[Node] = []

    def pipeline(self, node: Node, value: _Known = _Known()) -> _Known:
        """Walk a list of filters, or one filter; return what is known of its result."""
        for step in node.value if isinstance(node, SequenceNode) else [node]:
            value = self._step(step, value)
        return value

    def _step(self, node: Node, value: _Known) -> _Known:
        if word(node) == "parse-json":
            if value.made:
                self.parsed.append(node)
            return _Known()
        for name, entry in self._outline.mapping(node).items():
            argument = entry.value
            if name == "get":
                return value.at(word(argument) or "")
            if name in ("new", "item"):
                return self._of(argument, value)
            if name == "set":
                block = self._outline.mapping(argument)
                fresh = {key: self._of(one.value, value) for key, one in block.items()}
                return _Known(value.made, {**value.keys, **fresh})
            if name == "filter-mapping":
                return self._filter_mapping(argument, value)
            if name == "chain":
                return self.pipeline(argument, value)
            if name == "each":
                return _Known(self.pipeline(argument, _Known(value.made)).made)
            keys = self._outline.mapping(argument)
            if name == "if" and "filters" in keys:
                return value.joined(self.pipeline(keys["filters"].value, value))
            if name == Supplemental.word and _INTO in keys:
                return _Known(value.made, {**value.keys, word(keys[_INTO].value) or "": _Known()})
            if name == "warn":
                self.pipeline(argument, value)
            if name == "python":
                return _Known(made=True)
        return value

    def _filter_mapping(self, node: Node, value: _Known) -> _Known:
        changed = dict(value.keys)
        for key, entry in self._outline.mapping(node).items():
            if key not in value.keys:
                self.uncertain.append(entry.key_node)
            changed[key] = self.pipeline(entry.value, value.at(key))
        return _Known(value.made, changed)

    def _of(self, node: Node, value: _Known) -> _Known:
        """Return what is known of a new value."""
        if isinstance(node, MappingNode):
            keys = self._outline.mapping(node)
            return _Known(keys={key: self._of(one.value, value) for key, one in keys.items()})
        if isinstance(node, SequenceNode):
            return _Known(any(self._of(one, value).made for one in node.value))
        if not isinstance(node, ScalarNode) or node.tag != EXPR:
            return _Known(made=True)
        try:
            tree = parse_expression(environment_of(Missing.NULL), str(node.value))
        except TemplateSyntaxError:
            return _Known(made=True)
        return _of_tree(tree, value) or _Known(made=True)


def _of_tree(tree: jinja.Expr | None, value: _Known) -> _Known | None:
    """Return what is known of an expression's result; null where it is null, or fails."""
    if isinstance(tree, jinja.CondExpr | jinja.Or):
        branches = (
            (tree.expr1, tree.expr2)
            if isinstance(tree, jinja.CondExpr)
            else (tree.left, tree.right)
        )
        one, other = (_of_tree(branch, value) for branch in branches)
        return one.joined(other) if one and other else one or other
    if isinstance(tree, jinja.Const) and tree.value is None:
        return None
    if isinstance(tree, jinja.Name):
        return value if tree.name == "value" else _Known()
    if isinstance(tree, jinja.Getattr):
        inner = _of_tree(tree.node, value)
        return inner and inner.at(tree.attr)
    if isinstance(tree, jinja.Getitem) and isinstance(tree.arg, jinja.Const):
        inner = _of_tree(tree.node, value)
        return inner and inner.at(str(tree.arg.value))
    if isinstance(tree, jinja.Call) and isinstance(tree.node, jinja.Getattr):
        if tree.node.attr == "index" and isinstance(tree.node.node, jinja.List):
            return None  # `[].index('message')`: the way to fail
        if tree.node.attr == "get" and tree.args and isinstance(tree.args[0], jinja.Const):
            inner = _of_tree(tree.node.node, value)
            return inner and inner.at(str(tree.args[0].value))
    return _Known(made=True)
