"""Filters of a definition, from nodes to the model."""

from collections.abc import Callable
from dataclasses import dataclass, field

from izoologic_cdf.errors import Position
from izoologic_cdf.language import codes, model
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.fields import SUPPLEMENTAL
from izoologic_cdf.language.nodes import Document, MappingNode, Node, ScalarNode
from izoologic_cdf.language.positions import Findings, did_you_mean
from izoologic_cdf.language.pyfilters import (
    BrokenFilterError,
    PythonFilters,
    UnknownFilterError,
)
from izoologic_cdf.language.schema import Parts
from izoologic_cdf.language.values import Value, compile_value


@dataclass(frozen=True, slots=True)
class Call:
    """A feed that is called: its name, where, and which type of feed is due there."""

    name: str
    node: Node
    kind: str


@dataclass(slots=True)
class Scope:
    """What a pipeline of one feed is compiled with, and what it turned out to refer to."""

    document: Document
    names: frozenset[str]
    missing: Missing
    python: PythonFilters
    calls: list[Call] = field(default_factory=list)

    def with_names(self, *names: str) -> "Scope":
        """Return the same scope with further names of expressions."""
        return Scope(self.document, self.names | set(names), self.missing, self.python, self.calls)

    def value(self, node: Node) -> Value:
        """Compile a value that may use the names of this scope."""
        return compile_value(self.document, node, self.names, self.missing)

    def names_of(self, node: Node) -> Value:
        """Compile a value whose keys are names: keys to set, parameters, headers."""
        return compile_value(self.document, node, self.names, self.missing, named=True)

    def named(self, node: Node | None, found: Findings) -> tuple[dict[str, Value], "Scope"]:
        """Compile template values, each of which may use those that stand before it.

        Returns them with a scope that has their names; findings are added to `found`.
        """
        values: dict[str, Value] = {}
        scope = self
        with found:
            for entry in self.document.entries(node, "template_values", found) if node else ():
                with found:
                    values[entry.key] = scope.value(entry.value)
                # a wrong one is no unknown name
                scope = scope.with_names(entry.key)
        return values, scope

    def pipeline(self, node: Node) -> model.Pipeline:
        """Compile a list of filters that may use the names of this scope."""
        return compile_pipeline(self, node)


def compile_pipeline(scope: Scope, node: Node) -> model.Pipeline:
    """Compile a list of filters; `value` is a name in it.

    Raises:
        DefinitionError: an unknown filter, a wrong shape, anything wrong in an expression.
    """
    steps: list[model.Filter] = []
    found = Findings()
    for element in scope.document.items(node, "filters"):
        with found:
            steps.extend(_steps(scope, element))
    found.check()
    return tuple(steps)


def _steps(scope: Scope, node: Node) -> model.Pipeline:
    """Compile one filter; `chain` gives several steps."""
    document = scope.document
    if isinstance(node, ScalarNode):
        word = document.text(node, "a filter")
        if word in _WORDS:
            return (_WORDS[word](document.position(node)),)
        if word in _KEYED:
            raise document.error(node, f"the filter {word!r} needs a value", f"write `{word}: ...`")
        hint = did_you_mean(word, _KNOWN)
        raise document.error(node, f"unknown filter {word!r}", hint, codes.UNKNOWN_FILTER)
    entries = document.entries(node, "a filter")
    if len(entries) != 1:
        raise document.error(
            node,
            f"a filter is a word or has exactly one key, this has {len(entries)}",
            "start each filter with its own dash",
        )
    entry = entries[0]
    if entry.key == "chain":
        return compile_pipeline(scope, entry.value)
    if entry.key not in _KEYED:
        if entry.key in _WORDS:
            raise document.error(entry.key_node, f"the filter {entry.key!r} takes no value")
        raise document.error(
            entry.key_node,
            f"unknown filter {entry.key!r}",
            did_you_mean(entry.key, _KNOWN),
            codes.UNKNOWN_FILTER,
        )
    return (_KEYED[entry.key](scope, document.position(entry.key_node), entry.value),)


def _one_or_list(scope: Scope, node: Node) -> model.Pipeline:
    if isinstance(node, ScalarNode | MappingNode):
        return _steps(scope, node)
    return compile_pipeline(scope, node)


def _get(scope: Scope, at: Position, node: Node) -> model.Filter:
    return model.Get(at, scope.document.text(node, "the key of get"))


def _drop(scope: Scope, at: Position, node: Node) -> model.Filter:
    return model.Drop(at, scope.value(node))


def _set(scope: Scope, at: Position, node: Node) -> model.Filter:
    if not isinstance(node, MappingNode):
        raise scope.document.error(node, "set takes a mapping of keys and values")
    return model.Set(at, scope.names_of(node))


def _new(scope: Scope, at: Position, node: Node) -> model.Filter:
    return model.New(at, scope.value(node))


def _if(scope: Scope, at: Position, node: Node) -> model.Filter:
    parts = Parts(scope.document, node, "if")
    condition = parts.due("condition", scope.value)
    filters = parts.due("filters", scope.pipeline)
    parts.check()
    return model.If(at, condition, filters)


def _filter_mapping(scope: Scope, at: Position, node: Node) -> model.Filter:
    pipelines, found = {}, Findings()
    for entry in scope.document.entries(node, "filter-mapping", found):
        with found:
            pipeline = pipelines[entry.key] = _one_or_list(scope, entry.value)
            if model.iterates(pipeline):
                message = f"iterate gives several values, and {entry.key!r} holds one"
                raise scope.document.error(entry.value, message, "use `each`, which gives a list")
    found.check()
    return model.FilterMapping(at, pipelines)


def _each(scope: Scope, at: Position, node: Node) -> model.Filter:
    return model.Each(at, compile_pipeline(scope, node))


def _python(scope: Scope, at: Position, node: Node) -> model.Filter:
    name = scope.document.text(node, "a Python filter")
    try:
        return model.Python(at, name, scope.python.find(name))
    except UnknownFilterError as error:
        if not scope.python.folder.is_dir():
            # all filters of the file miss it, and it is said once
            where = scope.document.root
            message = f"Python filters are looked for in {scope.python.folder}, which is no folder"
            hint = "move the file into a folder beside it, or name another: --filters FOLDER"
            raise scope.document.error(where, message, hint, codes.UNKNOWN_FILTER) from None
        raise scope.document.error(
            node,
            f"there is no Python filter {name!r} in {scope.python.folder.name}/",
            did_you_mean(name, error.known),
            codes.UNKNOWN_FILTER,
        ) from None
    except BrokenFilterError as error:
        raise scope.document.error(node, str(error)) from None


def _supplemental(scope: Scope, at: Position, node: Node) -> model.Filter:
    parts = Parts(scope.document, node, "supplemental")
    feed, into = parts.text("feed") or "", parts.text("into") or ""
    params = parts.part("params", scope.names_of)
    if feed:
        scope.calls.append(Call(feed, parts.keys["feed"], SUPPLEMENTAL))
    parts.check()
    return model.Supplemental(at, feed, params, into)


def _warn(scope: Scope, at: Position, node: Node) -> model.Filter:
    return model.Warn(at, compile_pipeline(scope, node))


def _track(scope: Scope, at: Position, node: Node) -> model.Filter:
    parts = Parts(scope.document, node, "track")
    identity, updated = parts.due("id", scope.value), parts.part("updated", scope.value)
    parts.check()
    return model.Track(at, identity, updated)


_WORDS: dict[str, Callable[[Position], model.Filter]] = {
    "parse-json": model.ParseJson,
    "iterate": model.Iterate,
}
_KEYED: dict[str, Callable[[Scope, Position, Node], model.Filter]] = {
    "get": _get,
    "drop": _drop,
    "set": _set,
    "new": _new,
    "if": _if,
    "filter-mapping": _filter_mapping,
    "each": _each,
    "python": _python,
    "supplemental": _supplemental,
    "warn": _warn,
    "track": _track,
}
# the names of all filters: bare words, and those with a value
FILTER_WORDS = frozenset(_WORDS)
FILTERS_WITH_VALUE = frozenset({*_KEYED, "chain"})
_KNOWN = sorted(FILTER_WORDS | FILTERS_WITH_VALUE)
