"""Values of a definition: literals, tagged scalars, and nested structures of both."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NamedTuple, Protocol

from izoologic_cdf.errors import Position
from izoologic_cdf.language.budget import THREAD
from izoologic_cdf.language.expressions import (
    Compiled,
    Expression,
    ExpressionCode,
    Function,
    Template,
    environment_of,
)
from izoologic_cdf.language.nodes import (
    EXPR,
    JSON,
    TMPL,
    Document,
    MappingNode,
    Node,
    ScalarNode,
)
from izoologic_cdf.language.positions import Findings
from izoologic_cdf.language.schema import Leaf, Missing, Scope

_COMPILED: dict[str, type[Expression | Template]] = {EXPR: Expression, TMPL: Template}
# a mapping with this key stands in a list only while the condition is true
GUARD = "condition"


class Value(Protocol):
    """Anything that gives a native value over names."""

    @property
    def position(self) -> Position:
        """Where it stands in the definition."""

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Return the native value; raises EvaluationError."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value without any expression."""

    value: Any
    position: Position

    def evaluate(self, names: Mapping[str, Any]) -> Any:  # noqa: ARG002 - same shape as the others
        """Return the value as it was written."""
        return self.value

    run = evaluate


class _Sequence(NamedTuple):
    parts: list["_Part"]

    def run(self, names: Mapping[str, Any]) -> Any:
        return [part.run(names) for part in self.parts]

    def write(self, code: ExpressionCode) -> None:
        code.write("[")
        for part in self.parts:
            _write(part, code)
            code.write(", ")
        code.write("]")


class _Mapping(NamedTuple):
    pairs: list[tuple[Any, "_Part"]]
    guard: "_Part | None"

    def run(self, names: Mapping[str, Any]) -> Any:
        if self.guard is not None and not self.guard.run(names):
            return None
        return {key: part.run(names) for key, part in self.pairs}

    def write(self, code: ExpressionCode) -> None:
        code.write("({")
        for key, part in self.pairs:
            code.constant(key)
            code.write(": ")
            _write(part, code)
            code.write(", ")
        code.write("}")
        if self.guard is not None:
            code.write(" if ")
            _write(self.guard, code)
            code.write(" else None")
        code.write(")")


_Collection = Literal | _Sequence | _Mapping
_Part = Expression | Template | _Collection


def _write(part: _Part, code: ExpressionCode) -> None:
    if isinstance(part, Expression):
        code.expression(part)
    elif isinstance(part, Literal):
        code.constant(part.value)
    elif isinstance(part, Template):
        code.constant(part)
        code.write(".run(names)")
    else:
        part.write(code)


class Structure:
    """A mapping or list with expressions somewhere inside; all of it is one evaluation.

    It is compiled as a whole when it is first evaluated. Which of its expressions failed is found
    by evaluating them one by one.
    """

    __slots__ = ("_environment", "_run", "content", "position")

    def __init__(self, position: Position, content: _Sequence | _Mapping, environment: Any) -> None:
        self.position = position
        self.content = content
        self._environment = environment
        self._run: Function = self._first

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Return the structure with every expression replaced by its value."""
        THREAD.budget.fresh = True
        try:
            return self._run(names)
        except Exception:  # noqa: BLE001 - whatever it raises is about the data
            THREAD.budget.fresh = True
            return self.content.run(names)

    def members(self) -> list[tuple[Any, Value]]:
        """Return its parts with their keys or places, and its condition under `GUARD`."""
        parts: list[tuple[Any, _Part]]
        if isinstance(self.content, _Sequence):
            parts = list(enumerate(self.content.parts))
        else:
            guard = self.content.guard
            parts = [*self.content.pairs, *([(GUARD, guard)] if guard is not None else [])]
        return [(key, self._value(part)) for key, part in parts]

    def _value(self, part: _Part) -> Value:
        if isinstance(part, _Sequence | _Mapping):
            return Structure(self.position, part, self._environment)
        return part

    def prepare(self) -> None:
        """Compile it now, and not at its first evaluation; what fails then fails there."""
        if self._run == self._first:
            # whatever Jinja2 finds only now is told by the evaluation
            with contextlib.suppress(Exception):
                self._run = self._compiled()

    def _first(self, names: Mapping[str, Any]) -> Any:
        self._run = self._compiled()
        return self._run(names)

    def _compiled(self) -> Function:
        code = ExpressionCode(self._environment)
        _write(self.content, code)
        return code.function()


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
    return _Builder(document, names, missing, guarded=guarded).value(node, named=named)


def members(value: Value) -> list[tuple[Any, Value]]:
    """Return what is written under each key of a mapping, or at each place of a list.

    There is nothing in anything else. A mapping that has a `condition` gives it under `GUARD`.
    """
    if isinstance(value, Structure):
        return value.members()
    if isinstance(value, Literal) and isinstance(value.value, dict | list):
        inner = value.value
        rows = inner.items() if isinstance(inner, dict) else enumerate(inner)
        return [(key, Literal(one, value.position)) for key, one in rows]
    return []


def prepare(made: Any) -> None:
    """Compile what stands in a part of a definition, which its first use would do."""
    if isinstance(made, Compiled | Structure):
        made.prepare()
    elif is_dataclass(made):
        for one in fields(made):
            prepare(getattr(made, one.name))
    elif isinstance(made, Mapping):
        for inner in made.values():
            prepare(inner)
    elif isinstance(made, list | tuple):
        for inner in made:
            prepare(inner)


def names_read(value: Value | None) -> frozenset[str]:
    """Return the names that the expressions of a value read, as they are written."""
    if isinstance(value, Compiled):
        return value.reads
    parts = [] if value is None else members(value)
    return frozenset[str]().union(*(names_read(part) for _, part in parts))


def _guards_of(document: Document) -> frozenset[str]:
    """Return the keys that are a guard in a document, whose rows may spell it differently."""
    spelt = document.spelt.items()
    return frozenset({GUARD, *(word for (_, _, key), word in spelt if key == GUARD)})


class _Builder:
    def __init__(
        self, document: Document, names: frozenset[str], missing: Missing, *, guarded: bool
    ) -> None:
        self._document = document
        self._names = names
        self._missing = missing
        self._guards = _guards_of(document) if guarded else frozenset[str]()
        self._found = Findings()

    def value(self, node: Node, *, named: bool) -> Value:
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        content = self._collection(node, named=named)
        self._found.check()
        if isinstance(content, Literal):
            return content
        return Structure(self._document.position(node), content, environment_of(self._missing))

    def _scalar(self, node: ScalarNode) -> Expression | Template | Literal:
        kind = _COMPILED.get(node.tag)
        if kind is None:
            return Literal(self._document.scalar(node), self._document.position(node))
        # an aliased node is compiled once, however often it is referred to
        key = (id(node), self._names, self._missing)
        known = self._document.compiled.get(key)
        if known is None:
            known = kind(self._document, node, self._names, self._missing)
            self._document.compiled[key] = known
        return known

    def _part(self, node: Node) -> _Part:
        """Compile one part of a collection; what is wrong with it does not hide the others."""
        with self._found:
            return self._scalar(node) if isinstance(node, ScalarNode) else self._collection(node)
        return Literal(None, self._document.position(node))

    def _collection(self, node: Node, *, named: bool = False) -> _Collection:
        document = self._document
        if node.tag != JSON:
            document.check_tag(node)
        if node.tag in _COMPILED:
            raise document.error(node, f"{node.tag} takes one scalar, not a collection")
        if isinstance(node, MappingNode):
            return self._mapping(node, named=named)
        parts = [self._part(element) for element in node.value]
        constants = [part.value for part in parts if isinstance(part, Literal)]
        if len(constants) == len(parts):
            return Literal(constants, document.position(node))
        return _Sequence(parts)

    def _mapping(self, node: MappingNode, *, named: bool) -> _Collection:
        document = self._document
        entries = document.entries(node, "this mapping", self._found)
        guards = [self._part(one.value) for one in entries if one.key in self._guards]
        pairs = [
            (one.key if named else document.key(one.key_node), self._part(one.value))
            for one in entries
            if one.key not in self._guards
        ]
        guard = guards[0] if guards else None
        if isinstance(guard, Literal):
            if not guard.value:
                return Literal(None, document.position(node))
            guard = None
        constants = [(key, part.value) for key, part in pairs if isinstance(part, Literal)]
        if guard is None and len(constants) == len(pairs):
            return Literal(dict(constants), document.position(node))
        return _Mapping(pairs, guard)


def _read(scope: Scope, node: Node, _what: str) -> Value:
    return compile_value(scope.document, node, scope.names, scope.missing)


def _params(scope: Scope, node: Node, _what: str) -> Value:
    return compile_value(scope.document, node, scope.names, scope.missing, named=True)


def _items(scope: Scope, node: Node, _what: str) -> Value:
    return compile_value(scope.document, node, scope.names, scope.missing, guarded=True)


# anything that may hold expressions; where its keys are names (parameters, headers, keys to set);
# where mappings may have a condition
VALUE, PARAMS, ITEMS = Leaf(_read), Leaf(_params), Leaf(_items)
