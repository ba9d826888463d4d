"""From a Jinja2 tree to a Python function over names.

Jinja2 compiles a template: a generator over a context, made anew at each evaluation, which costs
more than most expressions. Here the code that Jinja2 writes for an expression becomes a function.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import Undefined, nodes
from jinja2.compiler import Frame
from jinja2.runtime import Context
from jinja2.runtime import missing as unset  # type: ignore[attr-defined]

from izoologic_cdf.language.budget import walk
from izoologic_cdf.language.sandbox import DICT_METHODS, Code, NullEnvironment

Function = Callable[[Mapping[str, Any]], Any]
# what to raise for an error that an evaluation ended in
Failed = Callable[[Exception], Exception]


def compile_tree(environment: Any, tree: nodes.Expr, failed: Failed) -> Function:
    """Compile an expression's tree to a function from names to its native value."""
    shared, null = nodes.EvalContext(environment), isinstance(environment, NullEnvironment)
    code = _ExpressionCode(environment)
    code.visit(tree, Frame(shared))
    written: str = code.stream.getvalue()  # type: ignore[attr-defined]
    # Python writes two floats by these names
    bound = {"environment": environment, "look_up": _look_up, "inf": math.inf, "nan": math.nan}
    evaluate = eval(f"lambda names, context: {written}", bound)  # noqa: S307 - code that Jinja2 wrote
    needs_context = "context" in written

    def run(names: Mapping[str, Any]) -> Any:
        try:
            context = _Context(environment, names, shared) if needs_context else None
            value = evaluate(names, context)
            return value if null else _settled(value)
        except Exception as error:  # noqa: BLE001 - whatever it raises is about the data
            raise failed(error) from None

    return run


def compile_template(environment: Any, tree: nodes.Template, failed: Failed) -> Function:
    """Compile a template to a function from names to its text."""
    code = environment.compile(tree)
    template = environment.template_class.from_code(environment, code, {})
    render: Callable[[Context], Iterator[str]] = template.root_render_func

    def run(names: Mapping[str, Any]) -> str:
        # a template can change its evaluation context, so it gets one of its own
        own = nodes.EvalContext(environment)
        try:
            return str(environment.concat(render(_Context(environment, names, own))))
        except Exception as error:  # noqa: BLE001 - whatever it raises is about the data
            raise failed(error) from None

    return run


class _Table(dict[str, str]):
    """The filters or tests of an environment, by the code that finds each of them."""

    def __init__(self, table: str) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, name: str) -> str:
        return f"environment.{self._table}[{name!r}]"


class _ExpressionCode(Code):
    """Writes one expression over `names`."""

    def __init__(self, environment: Any) -> None:
        # nothing is calculated before the evaluation, whose budget it has to keep
        super().__init__(environment, None, None, optimized=False)
        self._null = isinstance(environment, NullEnvironment)
        self.filters, self.tests = _Table("filters"), _Table("tests")
        # each object that a key is looked up in has a variable of its own
        self._objects = 0

    def visit_Name(self, node: nodes.Name, _frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        known = self._null and node.name not in self.environment.globals
        look_up = "names.get(" if known else "look_up(environment, names, "
        self.write(f"{look_up}{node.name!r})")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        if not self._null or node.attr in DICT_METHODS:
            super().visit_Getattr(node, frame)
            return
        # what NullEnvironment.getattr does for data, without the call
        self._objects += 1
        found, key = f"f{self._objects}", repr(node.attr)
        self.write(f"({found}.get({key}) if type({found} := ")
        self.visit(node.node, frame)
        self.write(f") is dict else environment.getattr({found}, {key}))")


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
