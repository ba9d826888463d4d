"""What an expression gives, by what is known of the names in it; and arithmetic that cannot be.

Values keep their types: text of a form, or of a template, is no number until `| int` makes one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from izoologic_cdf.language.expressions import Missing, environment_of, parse_expression
from izoologic_cdf.language.nodes import EXPR, TMPL, ScalarNode
from izoologic_cdf.lint.known import (
    ANY,
    BOOLEAN,
    NULL,
    NUMBER,
    TEXT,
    Shape,
    list_of,
    record,
    text,
    union,
)
from izoologic_cdf.lint.outline import Site
from izoologic_cdf.lint.reads import DICT_METHODS, operators

Names = Mapping[str, Shape]
_TO_TEXT = frozenset(
    {"capitalize", "center", "e", "escape", "format", "forceescape", "indent", "join", "lower"}
    | {"replace", "string", "striptags", "title", "tojson", "trim", "truncate", "upper"}
    | {"urlencode", "wordwrap"}
)
_TO_NUMBER = frozenset({"abs", "count", "float", "int", "length", "round", "wordcount"})
_SAME_LIST = frozenset(
    {"list", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique"}
)
_ONE_OF = frozenset({"first", "last", "max", "min", "random"})
_TEXT_METHODS = frozenset(
    {"capitalize", "format", "join", "lower", "lstrip", "replace", "rstrip", "strip", "title"}
    | {"upper", "zfill", "ljust", "rjust", "center", "removeprefix", "removesuffix"}
)
_SYMBOLS: Mapping[type[nodes.Expr], str] = {
    nodes.Add: "+",
    nodes.Sub: "-",
    nodes.Mul: "*",
    nodes.Div: "/",
    nodes.FloorDiv: "//",
    nodes.Mod: "%",
    nodes.Pow: "**",
    nodes.Neg: "-",
    nodes.Pos: "+",
}
_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}


@dataclass(frozen=True, slots=True)
class TextAsNumber:
    """An operator that has a text where a number is due: its offset, and what is wrong."""

    offset: int
    symbol: str
    always: str


class Inference:
    """What one scalar gives; `mistakes` are filled on the way."""

    def __init__(self, names: Names, renamed: Mapping[str, str]) -> None:
        """`renamed` are names as the file spells them, to those of the language."""
        self._names, self._renamed = names, renamed
        self._met: Counter[str] = Counter()
        self._mistakes: list[tuple[str, int, str]] = []

    def of(self, node: ScalarNode) -> Shape:
        """Return the shape of an expression or a template; unknown for one that does not parse."""
        source, environment = str(node.value), environment_of(Missing.NULL)
        try:
            if node.tag == EXPR:
                return self._infer(parse_expression(environment, source))
            tree = environment.parse(source)
        except (TemplateSyntaxError, ValueError, RecursionError):
            return ANY
        # where a template has statements, its own names may hide ours
        if all(isinstance(one, nodes.Output) for one in tree.body):
            for one in tree.body:
                self._below(one)
        return TEXT

    def mistakes(self, site: Site) -> Iterator[TextAsNumber]:
        """Yield the operators that have a text where a number is due."""
        found = operators(str(site.node.value), template=site.node.tag == TMPL)
        for symbol, number, always in self._mistakes:
            offsets = [offset for written, offset in found if written == symbol]
            if len(offsets) == self._met[symbol]:  # else they stand in another order than here
                yield TextAsNumber(offsets[number], symbol, always)

    def _infer(self, node: Any) -> Shape:
        match node:
            case nodes.Const():
                return _constant(node.value)
            case nodes.TemplateData():
                return TEXT
            case nodes.Name():
                return self._names.get(self._renamed.get(node.name, node.name), ANY)
            case nodes.Getattr():
                return self._field(self._infer(node.node), node.attr)
            case nodes.Getitem():
                return self._item(self._infer(node.node), node.arg)
            case nodes.Call():
                return self._call(node)
            case nodes.Filter():
                return self._filter(node)
            case nodes.CondExpr():
                shapes = [self._infer(node.expr1)]
                self._infer(node.test)
                return union([*shapes, self._infer(node.expr2)])
            case nodes.Or() | nodes.And():
                return union([self._infer(node.left), self._infer(node.right)])
            case nodes.Compare():
                return self._compare(node)
            case nodes.Concat():
                self._below(node)
                return TEXT
            case nodes.BinExpr() | nodes.UnaryExpr() if type(node) in _SYMBOLS:
                return self._arithmetic(node, _SYMBOLS[type(node)])
            case nodes.Not() | nodes.Test():
                self._below(node)
                return BOOLEAN
            case nodes.List():
                return list_of(union([self._infer(one) for one in node.items]))
            case nodes.Dict():
                return self._dict(node)
        self._below(node)
        return ANY

    def _below(self, node: nodes.Node) -> list[Shape]:
        return [self._infer(child) for child in node.iter_child_nodes()]

    def _field(self, of: Shape, name: str) -> Shape:
        return ANY if name in DICT_METHODS else of.get(name)

    def _item(self, of: Shape, argument: nodes.Expr) -> Shape:
        if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
            return of.get(argument.value)
        self._infer(argument)
        if isinstance(argument, nodes.Slice):
            return TEXT if of.kind == "text" else of if of.kind == "list" else ANY
        return of.elements if of.kind == "list" else ANY

    def _dict(self, node: nodes.Dict) -> Shape:
        pairs = []
        for pair in node.items:
            self._infer(pair.key)
            pairs.append((pair.key, self._infer(pair.value)))
        if not all(isinstance(key, nodes.Const) for key, _ in pairs):
            return record({}, is_open=True)
        return record({str(key.value): shape for key, shape in pairs})  # type: ignore[attr-defined]

    def _call(self, node: nodes.Call) -> Shape:
        target, arguments = node.node, [*node.args, *(one.value for one in node.kwargs)]
        if isinstance(target, nodes.Getattr):
            of = self._infer(target.node)
            given = [self._infer(one) for one in arguments]
            key = arguments[0] if arguments else None
            if target.attr == "get" and isinstance(key, nodes.Const):
                return union([of.get(str(key.value)), *given[1:]])
            if target.attr == "index" and isinstance(target.node, nodes.List):
                return NULL  # `[].index('sentence')` never returns
            if target.attr in _TEXT_METHODS and of.kind in ("text", "any"):
                return TEXT
            return list_of(TEXT) if target.attr == "split" else ANY
        self._infer(target)
        given = [self._infer(one) for one in arguments]
        match target:
            case nodes.Name(name="dict") if arguments:
                return self._kept(arguments[0])
            case nodes.Name(name="str"):
                return TEXT
            case nodes.Name(name="len" | "int"):
                return NUMBER
        return ANY

    def _kept(self, pairs: nodes.Expr) -> Shape:
        """Return what `dict(value | dictsort | selectattr(0, 'in', names))` keeps of a record."""
        whole, names = pairs, None
        while isinstance(whole, nodes.Filter) and whole.node is not None:
            arguments = [one.value for one in whole.args if isinstance(one, nodes.Const)]
            if whole.name == "selectattr" and arguments[:2] in ([0, "in"], ["0", "in"]):
                names = self._texts(whole.args[-1])
            elif whole.name not in ("dictsort", "items", "list"):
                return record({}, is_open=True)
            whole = whole.node
        again = Inference(self._names, self._renamed)
        of = again._infer(whole)
        if names is None:
            return of if of.kind == "record" else record({}, is_open=True)
        given = of if of.kind == "record" else record({}, is_open=True)
        return record({name: given.get(name) for name in names if given.get(name) != NULL})

    def _texts(self, node: nodes.Expr) -> Sequence[str] | None:
        """Return the texts of a list that is written out: `names.split()`, or a list of texts."""
        again = Inference(self._names, self._renamed)
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and not node.args:
            of = again._infer(node.node.node)
            if node.node.attr == "split" and len(of.texts) == 1:
                return next(iter(of.texts)).split()
        found = again._infer(node)
        return sorted(found.elements.texts) or None if found.kind == "list" else None

    def _filter(self, node: nodes.Filter) -> Shape:
        of = self._infer(node.node) if node.node is not None else ANY
        arguments = [*node.args, *(one.value for one in node.kwargs)]
        given = [self._infer(one) for one in arguments]
        name = node.name
        if name in _TO_TEXT:
            return TEXT
        if name in _TO_NUMBER:
            return NUMBER
        if name in ("default", "d"):
            return union([of, *given[:1]])
        if name == "map":
            to_text = any(one.texts & _TO_TEXT for one in given[:1])
            return list_of(TEXT if to_text else ANY)
        if of.kind != "list":
            return list_of(ANY) if name in ("list", "unique") else ANY
        return of if name in _SAME_LIST else of.elements if name in _ONE_OF else ANY

    # --- arithmetic ------------------------------------------------------------------------------

    def _next(self, symbol: str) -> int:
        self._met[symbol] += 1
        return self._met[symbol] - 1

    def _arithmetic(self, node: Any, symbol: str) -> Shape:
        if isinstance(node, nodes.UnaryExpr):
            number = self._next(symbol)
            if self._infer(node.node).kind == "text":
                self._mistakes.append((symbol, number, "fails"))
            return NUMBER
        left = self._infer(node.left)
        number = self._next(symbol)
        right = self._infer(node.right)
        kinds = {left.kind, right.kind}
        is_written = isinstance(node.left, nodes.Const) or isinstance(node.right, nodes.Const)
        if symbol == "%" and left.kind == "text":
            if not isinstance(node.left, nodes.Const) and right.kind == "number":
                self._mistakes.append((symbol, number, "fails"))
            return TEXT  # '%d' % number writes text
        if symbol == "+" and "text" in kinds:
            if "number" in kinds:
                self._mistakes.append((symbol, number, "fails"))
            return TEXT if kinds == {"text"} else ANY
        if symbol == "*" and "text" in kinds:
            # '-' * 20 is text of twenty characters, and meant
            if not (is_written and _is_text(node.left, node.right)) and kinds != {"text", "any"}:
                self._mistakes.append((symbol, number, "repeats the text"))
            return ANY
        if "text" in kinds:
            self._mistakes.append((symbol, number, "fails"))
        if symbol == "+":
            return left if left == right else NUMBER if kinds == {"number"} else ANY
        return NUMBER if kinds <= {"number", "any"} or symbol != "*" else ANY

    def _compare(self, node: nodes.Compare) -> Shape:
        left = self._infer(node.expr)
        for operand in node.ops:
            symbol = _COMPARED.get(operand.op, "")
            number = self._next(symbol)
            right = self._infer(operand.expr)
            if symbol and {left.kind, right.kind} == {"text", "number"}:
                always = {"==": "is never true", "!=": "is always true"}.get(symbol, "fails")
                self._mistakes.append((symbol, number, always))
            left = right
        return BOOLEAN


def _is_text(*operands: nodes.Expr) -> bool:
    constants = [one.value for one in operands if isinstance(one, nodes.Const)]
    return any(isinstance(one, str) for one in constants)


def _constant(value: Any) -> Shape:
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, str):
        return text(value) if value else TEXT
    return NULL if value is None else NUMBER if isinstance(value, int | float) else ANY
