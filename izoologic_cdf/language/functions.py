"""From a Jinja2 tree to a Python function over names.

Jinja2 compiles a template: a generator over a context, made anew at each evaluation. An expression
needs neither, and an evaluation is short, so that both would cost more than what they are for.
Here the code that Jinja2 writes for an expression becomes the body of a plain function.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import Undefined, nodes
from jinja2.compiler import Frame
from jinja2.runtime import Context
from jinja2.runtime import missing as unset  # type: ignore[attr-defined]

from izoologic_cdf.language.budget import THREAD, walk
from izoologic_cdf.language.sandbox import DICT_METHODS, Code, NullEnvironment

Function = Callable[[Mapping[str, Any]], Any]
# what to raise for an error that an evaluation over these names ended in
Failed = Callable[[Exception, Mapping[str, Any]], Exception]
_FILE = "<expression>"


def compile_tree(environment: Any, tree: nodes.Expr, failed: Failed) -> Function:
    """Compile an expression's tree to a function from names to its native value."""
    code = _ExpressionCode(environment)
    code.visit(tree, Frame(code.shared))
    return code.function(failed)


def compile_template(environment: Any, tree: nodes.Template, failed: Failed) -> Function:
    """Compile a template to a function from names to its text."""
    code = environment.compile(tree)
    template = environment.template_class.from_code(environment, code, {})
    render: Callable[[Context], Iterator[str]] = template.root_render_func

    def run(names: Mapping[str, Any]) -> str:
        THREAD.budget.fresh = True
        # a template can change its evaluation context, so it gets one of its own
        own = nodes.EvalContext(environment)
        try:
            return str(environment.concat(render(_Context(environment, names, own))))
        except Exception as error:  # noqa: BLE001 - whatever it raises is about the data
            raise failed(error, names) from None

    return run


class _ExpressionCode(Code):
    """Writes the body of one function."""

    def __init__(self, environment: Any) -> None:
        # nothing is calculated before the evaluation, whose budget it has to keep
        super().__init__(environment, None, None, optimized=False)
        self.shared = nodes.EvalContext(environment)
        self.null = isinstance(environment, NullEnvironment)
        # what the function finds around it
        self._bound: dict[str, Any] = {
            "environment": environment,
            # how Python writes these two floats
            "inf": math.inf,
            "nan": math.nan,
        }
        # the variable of each name that the expression takes
        self._variables: dict[str, str] = {}
        # how many objects had a key looked up in them: each has a variable of its own
        self._looked_into = 0
        self._takes_context = False
        # whether something in it is charged for
        self._charged = False

    def function(self, failed: Failed) -> Function:
        """Return the function of what was visited."""
        lines = [f"{variable} = {self._load(name)}" for name, variable in self._variables.items()]
        if self._takes_context:
            self._bound |= {"context_of": _Context, "shared": self.shared}
            lines.append("context = context_of(environment, names, shared)")
        if self._charged:
            self._bound["thread"] = THREAD
            lines.insert(0, "thread.budget.fresh = True")
        result = self.stream.getvalue()  # type: ignore[attr-defined]
        lines.append(f"return {result}" if self.null else f"return settled({result})")
        self._bound |= {"failed": failed, "settled": _settled}
        # operators hand the context on even where nothing needs one
        source = (
            "def run(names, context=None):\n"
            " try:\n"
            f"{''.join(f'  {line}{chr(10)}' for line in lines)}"
            " except Exception as error:\n"
            "  raise failed(error, names) from None\n"
        )
        exec(compile(source, _FILE, "exec"), self._bound)  # noqa: S102 - code that Jinja2 wrote
        made: Function = self._bound["run"]
        return made

    def _load(self, name: str) -> str:
        if self.null and name not in self.environment.globals:
            return f"names.get({name!r})"
        self._bound["look_up"] = _look_up
        return f"look_up(environment, names, {name!r})"

    def visit_Name(self, node: nodes.Name, _frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        self.write(self._variables.setdefault(node.name, f"n{len(self._variables)}"))

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - likewise
        if not self.null or node.attr in DICT_METHODS:
            super().visit_Getattr(node, frame)
            return
        # what NullEnvironment.getattr does for data, without the call
        self._looked_into += 1
        found, key = f"f{self._looked_into}", repr(node.attr)
        self.write(f"({found}.get({key}) if type({found} := ")
        self.visit(node.node, frame)
        self.write(f") is dict else environment.getattr({found}, {key}))")

    def visit_Call(  # noqa: N802 - likewise
        self, node: nodes.Call, frame: Frame, forward_caller: bool = False
    ) -> None:
        self._takes_context = self._charged = True
        super().visit_Call(node, frame, forward_caller=forward_caller)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - likewise
        self._charged = True
        super().visit_Concat(node, frame)

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802 - likewise
        self._charged |= isinstance(node.arg, nodes.Slice)
        super().visit_Getitem(node, frame)

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:  # noqa: N802 - likewise
        self._bind(node.name, self.filters, self.environment.filters, "filter")
        super().visit_Filter(node, frame)

    def visit_Test(self, node: nodes.Test, frame: Frame) -> None:  # noqa: N802 - likewise
        self._bind(node.name, self.tests, self.environment.tests, "test")
        super().visit_Test(node, frame)

    def _bind(self, name: str, bound: dict[str, str], known: Any, kind: str) -> None:
        """Let the function find a filter or test, under a name that is an identifier."""
        if name not in bound:
            bound[name] = f"{kind}_{len(bound)}"
            self._bound[bound[name]] = known[name]
            self._charged = True
        self._takes_context |= hasattr(known[name], "jinja_pass_arg")


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
