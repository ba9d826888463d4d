"""Jinja2 in a sandbox: expressions with native results, templates, and where they go wrong.

Compiled once when a definition is loaded. Two readings of a missing key exist: null (the CDF,
and our default) and Jinja2's own Undefined (`Missing.UNDEFINED`), under which a built definition
is run as well, because nobody here knows which of them the platform has.
"""

import ast
import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from jinja2 import TemplateSyntaxError, Undefined, nodes
from jinja2.compiler import Frame
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.meta import find_undeclared_variables
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.runtime import missing as unset  # type: ignore[attr-defined]

from izoologic_cdf.errors import CdfError, Position
from izoologic_cdf.language.budget import THREAD, walk
from izoologic_cdf.language.checks import Checks, offset_of_failure, offsets_of_name, python_hint
from izoologic_cdf.language.nodes import Document, ScalarNode
from izoologic_cdf.language.positions import Code, DefinitionError, Findings
from izoologic_cdf.language.sandbox import (
    DICT_METHODS,
    GuardedCode,
    NullEnvironment,
    environment_of,
)
from izoologic_cdf.language.schema import NAMES, Missing

Function = Callable[[Mapping[str, Any]], Any]


class EvaluationError(CdfError):
    """An expression failed on the data of this run.

    `message` never holds a value of the data, except the message of a purposeful failure.
    """

    def __init__(self, message: str, position: Position, *, purposeful: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.purposeful = purposeful


class Compiled:
    """An expression or a template of one scalar; evaluates over a mapping of names."""

    def __init__(
        self, document: Document, node: ScalarNode, names: frozenset[str], missing: Missing
    ) -> None:
        """Parse and check the names; compilation to Python waits for the first use.

        Raises:
            DefinitionError: a syntax error; else all unknown filters, tests and names, and traps.
        """
        self.position = document.position(node)
        self.node = node
        self.names = names
        self.source = str(node.value)
        self._environment = environment_of(missing)
        # what `evaluate` does, as a part of an evaluation that has begun
        self.run: Function = self._first
        try:
            self.tree = self._parse(document, node)
            checks = Checks(self._environment, self.source, self._state, self.tree)
            taken = frozenset(self._free_names(checks.parts))
            spelt = {name: new for name, new in NAMES.spelt(document).items() if name in names}
            found = Findings()
            written = names - spelt.keys() | {*spelt.values()}
            for at, message, hint, code in checks.mistakes(taken, written):
                position = document.position_in(node, at)
                found.add(document.finding(position, message, hint, code))
            found.check()
            for canonical, new in spelt.items():
                self._rename(checks.parts, new, canonical)
            # the names that it reads, as they are written
            self.reads = taken
        except RecursionError:
            raise document.error(node, f"this {self._kind} is nested too deeply") from None

    def offsets_of(self, name: str) -> Iterator[int]:
        """Yield where a name of the expression stands in its source."""
        return offsets_of_name(self._environment, self.source, self._state, name)

    def _rename(self, parts: list[nodes.Node], spelt: str, canonical: str) -> None:
        for name in parts:
            if isinstance(name, nodes.Name) and name.name == spelt:
                name.name = canonical

    def _parse(self, document: Document, node: ScalarNode) -> Any:
        raise NotImplementedError

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Return the native value of an expression, or the text of a template.

        Raises:
            EvaluationError: it failed on the data.
        """
        THREAD.budget.fresh = True
        return self.run(names)

    def prepare(self) -> None:
        """Compile it now, and not at its first evaluation; what fails then fails there."""
        if self.run == self._first:
            with contextlib.suppress(EvaluationError):
                self.run = self._compiled()

    def _first(self, names: Mapping[str, Any]) -> Any:
        """Compile at the first evaluation: most expressions of a definition are never reached."""
        self.run = self._compiled()
        return self.run(names)

    def _compiled(self) -> Function:
        try:
            evaluate = self.compile()
        except Exception as error:  # noqa: BLE001 - whatever Jinja2 finds only now
            raise self._failed(error) from None

        def run(names: Mapping[str, Any]) -> Any:
            try:
                return evaluate(names)
            except Exception as error:  # noqa: BLE001 - whatever it raises is about the data
                raise self._failed(error) from None

        return run

    def compile(self) -> Function:
        """Return a function over names that raises whatever an operation raises."""
        raise NotImplementedError

    def _fail(self, document: Document, node: ScalarNode, error: Exception) -> Any:
        offset = offset_of_failure(self._environment, self.source, self._state)
        position = document.position_in(node, offset)
        # the only value that the lexer of Jinja2 makes is a number
        too_long = "a number has too many digits"
        told = error.message if isinstance(error, TemplateSyntaxError) else too_long
        message = (told or "syntax error").replace("'end of template'", "the end")
        raise document.error(
            position,
            f"not a valid Jinja2 {self._kind}: {message}",
            python_hint(self.source),
            Code.NO_JINJA,
        )

    _state: str | None = None
    _kind = "template"

    def _free_names(self, parts: list[nodes.Node]) -> set[str]:
        """Return the names that the source takes from outside."""
        # an expression has no scopes, so that every name in it comes from outside
        return {one.name for one in parts if isinstance(one, nodes.Name)}

    def _failed(self, error: Exception) -> EvaluationError:
        message, purposeful = explain(error)
        return EvaluationError(message, self.position, purposeful=purposeful)


class Expression(Compiled):
    """An `!expr`: one Jinja2 expression, to a native value."""

    _state = "variable"
    _kind = "expression"

    def _parse(self, document: Document, node: ScalarNode) -> nodes.Expr:
        # a tree that is renamed is this expression's own
        parse = parse_expression.__wrapped__ if NAMES.spelt(document) else parse_expression
        try:
            return parse(self._environment, self.source)
        except (TemplateSyntaxError, ValueError) as error:
            return self._fail(document, node, error)  # type: ignore[no-any-return]

    def compile(self) -> Function:
        """Return a function: templates of Jinja2 would take 25 in 100 more of a run's time."""
        code = ExpressionCode(self._environment)
        code.expression(self)
        return code.function()


class Template(Compiled):
    """A `!tmpl`: a Jinja2 template, to text."""

    def _parse(self, document: Document, node: ScalarNode) -> nodes.Template:
        try:
            parsed: nodes.Template = self._environment.parse(self.source)
        except (TemplateSyntaxError, ValueError) as error:
            return self._fail(document, node, error)  # type: ignore[no-any-return]
        return parsed

    def _free_names(self, parts: list[nodes.Node]) -> set[str]:
        named = [one for one in parts if isinstance(one, nodes.Name)]
        # Jinja2 counts a name that only one branch sets as one that may be missing
        own = {name.name for name in named if name.ctx != "load"}
        # and hands out the template itself, which no definition needs
        itself = {name.name for name in named if name.name == "self"}
        return (set(find_undeclared_variables(self.tree)) | itself) - own

    def compile(self) -> Function:
        """Return a function over names."""
        environment = self._environment
        code = environment.compile(self.tree)
        template = environment.template_class.from_code(environment, code, {})
        render: Callable[[Context], Iterator[str]] = template.root_render_func

        def run(names: Mapping[str, Any]) -> str:
            # a template can change its evaluation context, so it gets one of its own
            own = nodes.EvalContext(environment)
            return str(environment.concat(render(_Context(environment, names, own))))

        return run


class _Table(dict[str, str]):
    """The filters or tests of an environment, by the code that finds each of them."""

    def __init__(self, table: str) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, name: str) -> str:
        return f"environment.{self._table}[{name!r}]"


class ExpressionCode(GuardedCode):
    """Writes expressions, and the structure around them, as one Python expression over `names`."""

    def __init__(self, environment: Any) -> None:
        # nothing is calculated before the evaluation, whose budget it has to keep
        super().__init__(environment, None, None, optimized=False)
        self._null = isinstance(environment, NullEnvironment)
        self.filters, self.tests = _Table("filters"), _Table("tests")
        self._shared = nodes.EvalContext(environment)
        # each object that a key is looked up in has a variable of its own
        self._objects = 0
        self._bound = {
            "environment": environment,
            "look_up": _look_up,
            "settled": _settled,
            "method": self._method,
            # Python writes two floats by these names
            "inf": math.inf,
            "nan": math.nan,
        }

    def expression(self, given: Expression) -> None:
        """Write an expression."""
        self.write("" if self._null else "settled(")
        self.visit(given.tree, Frame(self._shared))
        self.write("" if self._null else ")")

    def constant(self, value: Any) -> None:
        """Write what stands for a value that is there already."""
        name = f"c{len(self._bound)}"
        self._bound[name] = value
        self.write(name)

    def function(self) -> Function:
        """Return what was written as a function."""
        written: str = self.stream.getvalue()  # type: ignore[attr-defined]
        evaluate = eval(f"lambda names, context=None: {written}", self._bound)  # noqa: S307 - Jinja2 wrote it
        if "context" not in written:
            return evaluate  # type: ignore[no-any-return]
        return lambda names: evaluate(names, self._context(names))

    def _context(self, names: Mapping[str, Any]) -> Context:
        return _Context(self.environment, names, self._shared)

    def _method(self, names: Mapping[str, Any], given: Any, name: str) -> Function:
        """Return a method of what is no plain mapping, guarded."""
        found = self.environment.getattr(given, name)
        return partial(self.environment.call, self._context(names), found)  # type: ignore[attr-defined]

    def visit_Name(self, node: nodes.Name, _frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write a name."""
        known = self._null and node.name not in self.environment.globals
        look_up = "names.get(" if known else "look_up(environment, names, "
        self.write(f"{look_up}{node.name!r})")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write the look-up of a key."""
        if not self._null or node.attr in DICT_METHODS:
            super().visit_Getattr(node, frame)
            return
        # what NullEnvironment.getattr does for data, without the call
        found, key = self._variable(), repr(node.attr)
        self.write(f"({found}.get({key}) if type({found} := ")
        self.visit(node.node, frame)
        self.write(f") is dict else environment.getattr({found}, {key}))")

    def visit_Call(  # noqa: N802 - Jinja2's name
        self, node: nodes.Call, frame: Frame, forward_caller: bool = False
    ) -> None:
        """Write a call; that of `get` of a mapping without what guards others."""
        called, few = node.node, 0 < len(node.args) <= 2
        more = node.kwargs or node.dyn_args or node.dyn_kwargs
        if not (isinstance(called, nodes.Getattr) and called.attr == "get" and few) or more:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        found = self._variable()
        self.write(f"({found}.get if type({found} := ")
        self.visit(called.node, frame)
        self.write(f") is dict else method(names, {found}, 'get'))(")
        self.visit_light(node.args[0], frame)
        for default in node.args[1:]:
            self.write(", ")
            self.visit(default, frame)
        self.write(")")

    def _variable(self) -> str:
        self._objects += 1
        return f"f{self._objects}"


class _Context(Context):
    """Jinja2's context over names that are not copied: a copy costs more than an expression."""

    def __init__(
        self, environment: Any, names: Mapping[str, Any], eval_ctx: nodes.EvalContext
    ) -> None:
        # what Context.__init__ does, without its copies
        self.environment = environment
        self.parent = names  # type: ignore[assignment]
        self.vars = {}
        self.exported_vars = set()
        self.eval_ctx = eval_ctx
        self.name = None
        self.blocks = {}

    def resolve_or_missing(self, key: str) -> Any:
        """Return a name: one that the template set, one that was given, or a global of Jinja2."""
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        return self.environment.globals.get(key, unset)


def _look_up(environment: Any, names: Mapping[str, Any], name: str) -> Any:
    if name in names:
        return names[name]
    found = environment.globals.get(name, unset)
    return environment.undefined(name=name) if found is unset else found


def _settled(value: Any) -> Any:
    """Turn Undefined into null, at any depth."""
    if type(value) in (dict, list):
        walk(value)
    return _without_undefined(value)


def _without_undefined(value: Any) -> Any:
    if isinstance(value, Undefined):
        return None
    if type(value) is dict:
        return {key: _without_undefined(element) for key, element in value.items()}
    if type(value) is list:
        return [_without_undefined(element) for element in value]
    return value


# definitions are loaded again and again, and differ in few expressions
@lru_cache(maxsize=4096)
def parse_expression(environment: Any, source: str) -> nodes.Expr:
    """Parse one expression to a tree that all share; raises TemplateSyntaxError."""
    parser = Parser(environment, source, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        current = parser.stream.current
        raise TemplateSyntaxError(f"unexpected {current.value!r}", current.lineno, None, None)
    expression.set_environment(environment)
    for conditional in expression.find_all(nodes.CondExpr):
        conditional.expr2 = conditional.expr2 or nodes.Const(None)
    if isinstance(expression, nodes.CondExpr):
        expression.expr2 = expression.expr2 or nodes.Const(None)
    return expression


def explain(error: Exception) -> tuple[str, bool]:
    """Return what to say of an expression's failure, and whether it was on purpose.

    `[].index('message')` is the one way of any Jinja2 to fail with a message; messages of other
    errors of value can hold data, so only their type is reported.
    """
    text = str(error)
    if isinstance(error, ValueError) and text.endswith(" is not in list"):
        message = text.removesuffix(" is not in list")
        try:
            return str(ast.literal_eval(message)), True
        except (ValueError, SyntaxError):
            return message, True
    if isinstance(error, SecurityError):
        return f"not allowed: {text}", False
    if isinstance(error, UndefinedError | TypeError | ZeroDivisionError | OverflowError):
        return f"the expression failed: {text}", False
    return f"the expression failed: {type(error).__name__}", False


__all__ = [
    "Compiled",
    "DefinitionError",
    "EvaluationError",
    "Expression",
    "ExpressionCode",
    "Missing",
    "Template",
    "environment_of",
    "explain",
    "parse_expression",
]
