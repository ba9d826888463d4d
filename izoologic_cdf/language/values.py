"""Values of a definition: literals, tagged scalars, and nested structures of both.

A structure with many expressions is fused into one compiled expression: evaluating thirty
expressions one by one costs several times the same thirty as one. Where the fused one fails, its
leaves are evaluated one by one to name the one that failed.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from jinja2 import nodes as jinja

from izoologic_cdf.errors import Position
from izoologic_cdf.language.expressions import (
    EvaluationError,
    Expression,
    Missing,
    Template,
    environment_of,
    explain,
)
from izoologic_cdf.language.functions import Function, compile_tree
from izoologic_cdf.language.nodes import (
    EXPR,
    JSON,
    TMPL,
    Document,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
)
from izoologic_cdf.language.positions import Findings
from izoologic_cdf.language.schema import Leaf, Scope

_COMPILED: dict[str, type[Expression | Template]] = {EXPR: Expression, TMPL: Template}
# a mapping with this key stands in a list only while the condition is true
GUARD = "condition"


def guards_of(document: Document) -> frozenset[str]:
    """Return the keys that are a guard in a document, whose rows may spell it otherwise."""
    spelt = document.spelt.items()
    return frozenset({GUARD, *(word for (_, _, key), word in spelt if key == GUARD)})


class Value(Protocol):
    """Anything that gives a native value over names."""

    @property
    def position(self) -> Position:
        """Where it stands in the definition."""

    @property
    def takes(self) -> frozenset[str]:
        """The names that its expressions take from outside."""

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Return the native value; raises EvaluationError."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value without any expression."""

    value: Any
    position: Position
    takes: frozenset[str] = frozenset()

    def evaluate(self, names: Mapping[str, Any]) -> Any:  # noqa: ARG002 - same shape as the others
        """Return the value as it was written."""
        return self.value


@dataclass(frozen=True, slots=True)
class _Leaf:
    guards: tuple[Expression | Template, ...]
    value: Expression | Template


class Structure:
    """A mapping or list with expressions somewhere inside."""

    def __init__(
        self,
        tree: jinja.Expr,
        leaves: list[_Leaf],
        templates: dict[str, Template],
        position: Position,
        missing: Missing,
    ) -> None:
        self.position = position
        values = [value for leaf in leaves for value in (*leaf.guards, leaf.value)]
        self.takes: frozenset[str] = frozenset().union(*(value.takes for value in values))
        self._tree = tree
        self._leaves = leaves
        self._templates = templates
        self._environment = environment_of(missing)
        # the structure with every expression replaced by its value; raises EvaluationError
        self.evaluate: Function = self._first

    def _first(self, names: Mapping[str, Any]) -> Any:
        """Compile at the first evaluation."""
        try:
            run = compile_tree(self._environment, self._tree, self._failed)
        except Exception as error:  # noqa: BLE001 - whatever Jinja2 finds only now
            raise self._failed(error, names) from None
        templates = self._templates.items()

        def with_templates(given: Mapping[str, Any]) -> Any:
            called = {key: functools.partial(one.evaluate, given) for key, one in templates}
            return run({**given, **called})

        self.evaluate = with_templates if templates else run
        return self.evaluate(names)

    def _failed(self, error: Exception, names: Mapping[str, Any]) -> EvaluationError:
        """Find the leaf that failed, by evaluating them one by one."""
        if isinstance(error, EvaluationError):
            return error
        try:
            for leaf in self._leaves:
                if all(guard.evaluate(names) for guard in leaf.guards):
                    leaf.value.evaluate(names)
        except EvaluationError as found:
            return found
        message, purposeful = explain(error)
        return EvaluationError(message, self.position, purposeful=purposeful)


def compile_value(
    document: Document,
    node: Node,
    names: frozenset[str],
    missing: Missing,
    *,
    guarded: bool = False,
    named: bool = False,
) -> Value:
    """Compile any value of a definition.

    With `guarded`, a mapping that has a `condition` evaluates to null while it is false. With
    `named`, the keys of the value are names, and text whatever YAML would read.

    Raises:
        DefinitionError: unknown tags, and all that is wrong in the expressions.
    """
    builder = _Builder(document, names, missing, guarded=guarded)
    return builder.value(node, named=named)


class _Builder:
    def __init__(
        self, document: Document, names: frozenset[str], missing: Missing, *, guarded: bool
    ) -> None:
        self._document = document
        self._names = names
        self._missing = missing
        self._guard_keys = guards_of(document) if guarded else frozenset[str]()
        self._leaves: list[_Leaf] = []
        self._templates: dict[str, Template] = {}
        self._guards: tuple[Expression | Template, ...] = ()
        self._found = Findings()
        # the mapping whose keys are names
        self._named: Node | None = None

    def value(self, node: Node, *, named: bool) -> Value:
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        self._named = node if named else None
        tree = self._tree(node)
        self._found.check()
        position = self._document.position(node)
        tree.set_environment(environment_of(self._missing))
        if not self._leaves:
            return Literal(tree.as_const(), position)
        return Structure(tree, self._leaves, self._templates, position, self._missing)

    def _scalar(self, node: ScalarNode) -> Expression | Template | Literal:
        kind = _COMPILED.get(node.tag)
        if kind is not None:
            # an aliased node is compiled once, however often it is referred to
            key = (id(node), self._names, self._missing)
            known = self._document.compiled.get(key)
            if known is None:
                known = kind(self._document, node, self._names, self._missing)
                self._document.compiled[key] = known
            return known
        return Literal(self._document.scalar(node), self._document.position(node))

    def _tree(self, node: Node) -> jinja.Expr:
        if isinstance(node, ScalarNode):
            return self._scalar_tree(node)
        if node.tag != JSON:
            self._document.check_tag(node)
        if node.tag in (EXPR, TMPL):
            raise self._document.error(node, f"{node.tag} takes one scalar, not a collection")
        if isinstance(node, SequenceNode):
            return jinja.List([self._part(element) for element in node.value])
        if isinstance(node, MappingNode):
            return self._mapping_tree(node)
        raise self._document.error(node, "YAML has no fourth kind of nodes")

    def _part(self, node: Node) -> jinja.Expr:
        """Compile one part of a collection; what is wrong with it does not hide the others."""
        with self._found:
            return self._tree(node)
        return jinja.Const(None)

    def _mapping_tree(self, node: MappingNode) -> jinja.Expr:
        document = self._document
        entries = document.entries(node, "this mapping", self._found)
        guard_tree: jinja.Expr | None = None
        outer = self._guards
        for entry in entries:
            if entry.key in self._guard_keys:
                before = len(self._leaves)
                guard_tree = self._part(entry.value)
                self._guards = outer + tuple(leaf.value for leaf in self._leaves[before:])
        pairs = [
            jinja.Pair(
                jinja.Const(entry.key if node is self._named else document.key(entry.key_node)),
                self._part(entry.value),
            )
            for entry in entries
            if guard_tree is None or entry.key not in self._guard_keys
        ]
        self._guards = outer
        tree: jinja.Expr = jinja.Dict(pairs)
        return tree if guard_tree is None else jinja.CondExpr(guard_tree, tree, jinja.Const(None))

    def _scalar_tree(self, node: ScalarNode) -> jinja.Expr:
        scalar = self._scalar(node)
        if isinstance(scalar, Literal):
            return jinja.Const(scalar.value)
        self._leaves.append(_Leaf(self._guards, scalar))
        if isinstance(scalar, Expression):
            tree: jinja.Expr = scalar.tree
            return tree
        if scalar.as_expression is not None:
            return scalar.as_expression
        # a template with statements enters as a call: rendered where it is reached
        name = f"_template_{len(self._templates)}"
        self._templates[name] = scalar
        return jinja.Call(jinja.Name(name, "load"), [], [], None, None)


def _read(scope: Scope, node: Node, _what: str) -> Value:
    return compile_value(scope.document, node, scope.names, scope.missing)


def _params(scope: Scope, node: Node, _what: str) -> Value:
    return compile_value(scope.document, node, scope.names, scope.missing, named=True)


def _items(scope: Scope, node: Node, _what: str) -> Value:
    return compile_value(scope.document, node, scope.names, scope.missing, guarded=True)


# anything that may hold expressions; where its keys are names (parameters, headers, keys to set);
# where mappings may have a condition
VALUE, PARAMS, ITEMS = Leaf(_read), Leaf(_params), Leaf(_items)
