"""Jinja2's sandbox, with limits: what expressions may look into, and how much they may make.

`allowed` has the filters, tests and methods; here are the operators, loops and calls.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext, str_join
from jinja2.sandbox import SandboxedEnvironment

from izoologic_cdf.language.allowed import METHODS, restrict
from izoologic_cdf.language.budget import ELEMENT, MAX_BITS, SHORT, charge, limit, turns, weigh
from izoologic_cdf.language.guards import Guard, as_text, integer, light, made
from izoologic_cdf.language.schema import Missing

MAX_EXPONENT = 64
MAX_BASE = 10_000_000
DICT_METHODS = frozenset(dir(dict))
# names that foreign definitions take for Jinja2's; types, since `isinstance` is asked about them.
# Like `dict`, which Jinja2 has, they can be called and nothing else.
PYTHON_NAMES = {"str": str, "len": len, "int": int, "isinstance": isinstance}
# what `isinstance` may be asked about beside those; no names of their own
PYTHON_TYPES = {"list": list, "float": float, "bool": bool}
_PYTHON_GUARDS: dict[Any, Guard] = {str: as_text, int: integer}
_SIZED = (str, bytes, list, tuple)
_FORMATS = ("format", "format_map")
_KNOWN: dict[type, Mapping[str, Guard]] = {**METHODS}


class GuardedCode(CodeGenerator):
    """Jinja2's compiler, with loops that count their turns, and operators that look first."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write a loop."""
        given = node.iter
        counted = nodes.EnvironmentAttribute("turns")
        node.iter = nodes.Call(counted, [given], [], None, None, lineno=node.lineno)
        try:
            super().visit_For(node, frame)
        finally:
            node.iter = given

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write a `~`."""
        self.write("environment.concatenated((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write a comparison; where no side is written out, both are looked at first."""
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        looked = sum(not _written_out(side) for side in sides) > 1
        self.write("(")
        for side, operand in zip(sides, [None, *node.ops], strict=True):
            if operand is not None:
                self.write(f" {operators[operand.op]} ")
            if looked:
                self.visit_light(side, frame)
            else:
                self.visit(side, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write a mapping."""
        self.write("{")
        for pair in node.items:
            self.visit_light(pair.key, frame)
            self.write(": ")
            self.visit(pair.value, frame)
            self.write(", ")
        self.write("}")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write a subscript or a slice; a slice is a copy."""
        if isinstance(node.arg, nodes.Slice):
            self.write("environment.made(")
            super().visit_Getitem(node, frame)
            self.write(")")
        else:
            super().visit_Getitem(node, frame)

    def buffer(self, frame: Frame) -> None:
        """Begin to collect the text of a macro or a block."""
        frame.buffer = self.temporary_identifier()
        self.writeline(f"{frame.buffer} = environment.collected()")

    def visit_light(self, node: nodes.Expr, frame: Frame) -> None:
        """Write what is compared or hashed; it is looked at first where it is not written out."""
        guarded = not _written_out(node)
        self.write("environment.light(" if guarded else "")
        self.visit(node, frame)
        self.write(")" if guarded else "")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        # nothing is calculated before the evaluation, whose budget it has to keep
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)


def _written_out(node: nodes.Node) -> bool:
    """Return whether what a node gives is no longer than it is written, or one text or number."""
    if isinstance(node, nodes.List | nodes.Tuple):
        return all(map(_written_out, node.items))
    if isinstance(node, nodes.Filter):
        return node.name in _SCALAR_FILTERS
    return isinstance(node, _SCALARS) or (isinstance(node, nodes.Dict) and not node.items)


_SCALAR_FILTERS = frozenset({"float", "int", "join", "length", "lower", "string", "trim", "upper"})
_SCALARS = (
    *(nodes.Const, nodes.TemplateData, nodes.Concat, nodes.Compare, nodes.Test, nodes.Not),
    *(nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg),
)


class _Collected(list[str]):
    """The parts of a text that a macro or a block makes."""

    def append(self, part: str) -> None:
        charge(1, len(part))
        super().append(part)

    def extend(self, parts: Iterable[str]) -> None:
        for part in parts:
            self.append(part)


class _Environment(SandboxedEnvironment):
    """The sandbox, with limits on what an operator may make, and on the turns of a loop."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])
    code_generator_class = GuardedCode
    turns = staticmethod(turns)
    light = staticmethod(light)
    made = staticmethod(made)
    collected = _Collected

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """Return the parts of a text that a template or a macro has made."""
        collected, size = [], 0
        for part in parts:
            size += len(part)
            limit(size)
            collected.append(part)
        charge(1, size)
        return "".join(collected)

    @staticmethod
    def concatenated(parts: tuple[Any, ...]) -> str:
        """Return the parts of `~` as one text."""
        size = 0
        for part in parts:
            size += len(part) if isinstance(part, str) else weigh(part)[0]
        if size > SHORT:
            limit(size)
            charge(1, size)
        return str_join(parts)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        # an object of the runtime (a file on disk) has methods that no definition may call
        if type(obj).__module__.startswith("jinja2."):
            return super().is_safe_attribute(obj, attr, value)
        return attr in _methods(type(obj))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return `obj.attribute`."""
        if attribute in _methods(type(obj)) and attribute not in _FORMATS:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        # refused at once: an Undefined that nobody looks into would be no error
        kind = type(obj).__name__
        raise SecurityError(f"access to attribute {attribute!r} of {kind!r} object is unsafe.")

    def call(self, context: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
        owner = getattr(function, "__self__", None)
        guard = _methods(type(owner)).get(getattr(function, "__name__", ""))
        if guard is not None:
            # templates hand the variables of their loops and blocks on
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            if isinstance(owner, str) and function.__name__ == "join" and args:
                args = (list(turns(args[0])), *args[1:])
                limit(sum(len(part) + len(owner) for part in args[0] if isinstance(part, str)))
            guard(owner, *args, **kwargs)
            if isinstance(owner, _SIZED) and len(owner) > SHORT:
                charge(1 + len(owner) // 256)
            return made(function(*args, **kwargs))
        if isinstance(function, type) and function in _PYTHON_GUARDS:
            _PYTHON_GUARDS[function](*args, **kwargs)
        if function is dict and args and not isinstance(args[0], dict):
            # many numbers can have one place in a dict, so that a long list can take for ever
            pairs = light(list(turns(args[0])))
            args = (turns(pairs), *args[1:])
        elif isinstance(function, LoopContext) and args:
            args = (turns(args[0]), *args[1:])
        elif isinstance(owner, LoopContext):
            weigh(args)
        charge()
        return made(super().call(context, function, *args, **kwargs))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None
        text, guard = value.__self__, METHODS[str][value.__name__]

        def bounded(*args: Any, **kwargs: Any) -> str:
            guard(text, *args, **kwargs)
            return wrapped(*args, **kwargs)

        return bounded

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return `obj[argument]`."""
        # filters over lists come here for each element, and what is not found takes longest
        charge(1, len(argument) if isinstance(argument, str) else 0)
        return super().getitem(obj, light(argument))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "+" and type(left) is type(right) is int:
            return left + right
        if operator == "**" and (abs(right) > MAX_EXPONENT or abs(left) > MAX_BASE):
            raise SecurityError(f"the power is larger than {MAX_BASE} ** {MAX_EXPONENT}")
        if operator == "%" and isinstance(left, str | bytes):
            raise SecurityError("the operator % on text is not available")
        if operator == "*" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() + right.bit_length() > MAX_BITS:
                raise SecurityError(f"the number has more than {MAX_BITS} bits")
            return left * right
        if operator == "*":
            for many, times in ((left, right), (right, left)):
                if isinstance(many, _SIZED) and isinstance(times, int):
                    limit(len(many) * times * _weight(many))
        return made(super().call_binop(context, operator, left, right))


def _weight(value: Any) -> int:
    return 1 if isinstance(value, str | bytes) else ELEMENT


def _methods(kind: type) -> Mapping[str, Guard]:
    """Return the methods of a type of values that a definition may call, with their guards."""
    found = _KNOWN.get(kind)
    if found is None:
        found = next((METHODS[one] for one in kind.__mro__ if one in METHODS), {})
        _KNOWN[kind] = found
    return found


class _Null(Undefined):
    """Where stock Jinja2 makes an Undefined, there is null."""

    def __new__(cls, *_: Any, **__: Any) -> None:  # type: ignore[misc]
        return None


class NullEnvironment(_Environment):
    """A missing key of the data is null, and a key of null is null."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return `obj.attribute`."""
        if type(obj) is dict and attribute not in DICT_METHODS:
            return obj.get(attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return `obj[argument]`."""
        if type(obj) is dict and isinstance(argument, str):
            found = obj.get(argument, obj)
            if found is not obj:
                return found
        return super().getitem(obj, argument)


def _shown(value: Any) -> Any:
    """Return what a template shows of a value: null is empty, as a null attribute is none."""
    if isinstance(value, list | dict | tuple | bytes):
        limit(weigh(value)[0])
    return "" if value is None else value


def _environment(kind: type[_Environment], undefined: type[Undefined]) -> _Environment:
    environment = kind(finalize=_shown, autoescape=False, undefined=undefined, optimized=False)
    restrict(environment)
    environment.globals |= PYTHON_NAMES | PYTHON_TYPES
    return environment


_ENVIRONMENTS: dict[Missing, _Environment] = {
    Missing.NULL: _environment(NullEnvironment, _Null),
    Missing.UNDEFINED: _environment(_Environment, Undefined),
}


def environment_of(missing: Missing) -> Any:
    """Return the environment of a reading of missing keys."""
    return _ENVIRONMENTS[missing]
