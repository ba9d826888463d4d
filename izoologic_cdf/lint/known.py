"""What a value is known to be: a text, a number, a list, a record with these fields.

Nothing is known of the data of an API. What a step makes is known, and what a Python filter states
in the annotation of its function, which is read and never run: a `TypedDict` is a record that has
no other fields.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from izoologic_cdf.language.pyfilters import BrokenFilterError, PythonFilters

_NO_TEXTS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a value; `any` means nothing.

    A record has `fields`, and when it is `open` others as well. `element` is that of a list.
    `texts` are all texts that it can be, empty where they are not known. `by` is the name of the
    record in the filters.
    """

    kind: str
    fields: Mapping[str, "Shape"] = field(default_factory=dict)
    open: bool = False
    element: "Shape | None" = None
    texts: frozenset[str] = _NO_TEXTS
    by: str = ""

    def get(self, name: str) -> "Shape":
        """Return the field of a record, null where there is none for sure."""
        if self.kind != "record":
            return ANY
        return self.fields.get(name, ANY if self.open else NULL)

    def with_fields(self, fields: Mapping[str, "Shape"]) -> "Shape":
        """Return a record with further fields; what is unknown becomes an open one."""
        if self.kind != "record":
            return record(fields, is_open=True)
        return replace(self, fields={**self.fields, **fields})

    @property
    def elements(self) -> "Shape":
        """What its elements are."""
        return self.element or ANY


ANY, NULL, TEXT, NUMBER, BOOLEAN = (
    Shape(kind) for kind in ("any", "null", "text", "number", "boolean")
)


def record(fields: Mapping[str, Shape], *, is_open: bool = False, by: str = "") -> Shape:
    """Return the shape of a record."""
    return Shape("record", fields, open=is_open, by=by)


def list_of(element: Shape) -> Shape:
    """Return the shape of a list."""
    return Shape("list", element=element)


def text(*texts: str) -> Shape:
    """Return the shape of a text that is one of these."""
    return Shape("text", texts=frozenset(texts))


def union(shapes: Iterable[Shape]) -> Shape:
    """Return what is known of a value that has one of these shapes; null leaves no trace."""
    return reduce(_either, shapes, NULL)


def _either(one: Shape, other: Shape) -> Shape:
    if one == other or other.kind == "null":
        return one
    if one.kind == "null":
        return other
    if one.kind != other.kind:
        return ANY
    if one.kind == "list":
        return list_of(union([one.elements, other.elements]))
    if one.kind == "record":
        names = dict.fromkeys([*one.fields, *other.fields])
        fields = {name: union([one.get(name), other.get(name)]) for name in names}
        return record(fields, is_open=one.open or other.open, by=one.by or other.by)
    texts = one.texts | other.texts if one.texts and other.texts else _NO_TEXTS
    return replace(one, texts=texts)


# --- what Python filters state -------------------------------------------------------------------

_PLAIN = {"str": TEXT, "int": NUMBER, "float": NUMBER, "bool": BOOLEAN, "None": NULL}
_LISTS = ("list", "List", "Sequence")
_Bound = Mapping[str, Shape]


class StatedShapes:
    """What the filters of a folder give."""

    def __init__(self, filters: PythonFilters) -> None:
        self._filters = filters
        self._modules: dict[str, _Module] = {}

    def of(self, name: str, given: Shape) -> Shape:
        """Return what a filter gives for a value; unknown where it states nothing."""
        module, _, function = name.partition(".")
        scope = self.module(module)
        found = scope.find(function)
        if not isinstance(found, ast.FunctionDef) or found.returns is None:
            return ANY
        taken = found.args.args[0].annotation if found.args.args else None
        try:
            bound = dict(scope.bind(taken, given)) if taken else {}
            return scope.shape(found.returns, bound)
        except (RecursionError, SyntaxError, ValueError):  # a record in itself, text that is none
            return ANY

    def module(self, name: str) -> "_Module":
        """Return a module of the folder; it is empty where it cannot be read."""
        if name not in self._modules:
            try:
                body = self._filters.tree(name).body
            except BrokenFilterError:
                body = []
            self._modules[name] = _Module(self, body)
        return self._modules[name]


class _Module:
    """The names of one module of filters, and of those that it imports them from."""

    def __init__(self, stated: StatedShapes, body: list[ast.stmt]) -> None:
        self._stated, self._body = stated, body

    def find(self, name: str) -> Any:
        """Return the class, function or variable of a name; null where it is not stated here."""
        for one in self._body:
            if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.name == name:
                return one
            if isinstance(one, ast.Assign) and any(ast.unparse(to) == name for to in one.targets):
                return one.value
        return None

    def _resolve(self, name: str) -> "tuple[_Module, Any]":
        for one in self._body:
            if isinstance(one, ast.ImportFrom) and one.level == 1 and one.module:
                for imported in one.names:
                    if (imported.asname or imported.name) == name:
                        other = self._stated.module(one.module)
                        return other, other.find(imported.name)
        return self, self.find(name)

    def shape(self, node: ast.expr, bound: _Bound) -> Shape:
        """Return the shape that an annotation names."""
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return self.shape(ast.parse(node.value, mode="eval").body, bound)
            return NULL if node.value is None else ANY
        if isinstance(node, ast.BinOp):
            return union([self.shape(node.left, bound), self.shape(node.right, bound)])
        name, arguments = _parts(node)
        if name in bound:
            return bound[name]
        if name in _PLAIN:
            return _PLAIN[name]
        if name in _LISTS and arguments:
            return list_of(self.shape(arguments[0], bound))
        if name == "Literal":
            texts = [one.value for one in arguments if isinstance(one, ast.Constant)]
            return text(*map(str, texts)) if all(isinstance(one, str) for one in texts) else ANY
        where, found = self._resolve(name)
        if isinstance(found, ast.ClassDef) and "TypedDict" in map(_base, found.bases):
            inner = {
                variable: self.shape(argument, bound)
                for variable, argument in zip(_variables(found), arguments, strict=False)
            }
            own = ((key, where.shape(of, inner)) for key, of in _annotated(found))
            return record(dict(own), by=name)
        return ANY

    def bind(self, node: ast.expr, given: Shape) -> Iterator[tuple[str, Shape]]:
        """Yield what the type variables of an annotation stand for, by what is given."""
        name, arguments = _parts(node)
        where, found = self._resolve(name)
        if isinstance(found, ast.Call) and _base(found.func) == "TypeVar":
            yield name, given
        elif name in _LISTS and arguments:
            yield from self.bind(arguments[0], given.elements)
        elif isinstance(found, ast.ClassDef):
            passed = dict(zip(_variables(found), map(_base, arguments), strict=False))
            for key, annotation in _annotated(found):
                for variable, shape in where.bind(annotation, given.get(key)):
                    if variable in passed:
                        yield passed[variable], shape


def _parts(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """Return the name of an annotation, and what stands in its brackets."""
    if not isinstance(node, ast.Subscript):
        return _base(node), []
    inside = node.slice
    return _base(node.value), inside.elts if isinstance(inside, ast.Tuple) else [inside]


def _base(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return ast.unparse(node).rpartition(".")[2]


def _variables(found: ast.ClassDef) -> list[str]:
    generic = [_parts(base)[1] for base in found.bases if _base(base) == "Generic"]
    return [_base(one) for one in (generic[0] if generic else [])]


def _annotated(found: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for one in found.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            yield one.target.id, one.annotation
