"""Jinja2 in a sandbox: expressions with native results, templates, and where they go wrong.

Compiled once when a definition is loaded. Two readings of a missing key exist: null (the CDF,
and our default) and Jinja2's own Undefined (`Missing.UNDEFINED`), under which a built definition
is run as well, because nobody here knows which of them the platform has.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from jinja2 import TemplateSyntaxError, Undefined, nodes
from jinja2.exceptions import SecurityError, TemplateAssertionError, UndefinedError
from jinja2.lexer import TokenStream
from jinja2.meta import find_undeclared_variables
from jinja2.parser import Parser
from jinja2.runtime import new_context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from izoologic_cdf.language.nodes import Document, Node, ScalarNode
from izoologic_cdf.language.positions import DefinitionError, Position, did_you_mean

# the longest text, and the largest power, that an operator may make
LARGEST_PRODUCT = 10_000_000
LARGEST_EXPONENT = 64
# words that are Python and no Jinja2, with what to write instead
PYTHON_NOT_JINJA = {
    "str": "write `| string`",
    "len": "write `| length`",
    "int": "write `| int`",
    "float": "write `| float`",
    "isinstance": "write a test such as `is mapping` or `is string`",
    "None": "write `none`",
    "list": "write `| list`",
    "sorted": "write `| sort`",
}
_DICT_METHODS = frozenset(dir(dict))


class Missing(Enum):
    """What a missing key of the data is."""

    NULL = "null"
    UNDEFINED = "undefined"


class EvaluationError(Exception):
    """An expression failed on the data of this run.

    `message` never holds a value of the data, except the message of a purposeful failure.
    """

    def __init__(self, message: str, position: Position, *, purposeful: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.purposeful = purposeful


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with limits on what an operator may make."""

    intercepted_binops = frozenset(["*", "**", "%"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and (abs(right) > LARGEST_EXPONENT or abs(left) > LARGEST_PRODUCT):
            msg = f"the power is larger than {LARGEST_PRODUCT} ** {LARGEST_EXPONENT}"
            raise SecurityError(msg)
        if operator == "*":
            for text, times in ((left, right), (right, left)):
                if isinstance(text, str | bytes | list | tuple) and isinstance(times, int):
                    _limit(len(text) * times)
        if operator == "%" and isinstance(left, str | bytes):
            msg = "the operator % on text is not available"
            raise SecurityError(msg)
        return super().call_binop(context, operator, left, right)


class _NullEnvironment(_Environment):
    """A missing key of the data is null, and a key of null is null."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute not in _DICT_METHODS:
            return obj.get(attribute)
        return _null(super().getattr(obj, attribute))

    def getitem(self, obj: Any, argument: Any) -> Any:
        if type(obj) is dict and isinstance(argument, str):
            found = obj.get(argument, obj)
            if found is not obj:
                return found
        return _null(super().getitem(obj, argument))


def _null(value: Any) -> Any:
    # an unsafe attribute is an Undefined too: that one has to stay an error
    if isinstance(value, Undefined) and value._undefined_exception is UndefinedError:  # noqa: SLF001
        return None
    return value


def _limit(size: int) -> None:
    if size > LARGEST_PRODUCT:
        msg = f"the result is larger than {LARGEST_PRODUCT} elements"
        raise SecurityError(msg)


def _environment(kind: type[_Environment]) -> _Environment:
    # null is empty in a template, as a null attribute is none
    environment = kind(finalize=lambda value: "" if value is None else value, autoescape=False)
    del environment.globals["lipsum"]
    return environment


_ENVIRONMENTS: dict[Missing, _Environment] = {
    Missing.NULL: _environment(_NullEnvironment),
    Missing.UNDEFINED: _environment(_Environment),
}


class Compiled:
    """An expression or a template of one scalar; evaluates over a mapping of names."""

    def __init__(
        self, document: Document, node: ScalarNode, names: frozenset[str], missing: Missing
    ) -> None:
        """Parse and check the names; compilation to Python waits for the first use.

        Raises:
            DefinitionError: a syntax error, an unknown filter or test, an unknown name.
        """
        self.position = document.position(node)
        self.source = str(node.value)
        self._environment = _ENVIRONMENTS[missing]
        self.tree = self._parse(document, node)
        self._check_names(document, node, names)
        self._run: Any = None

    def _parse(self, document: Document, node: ScalarNode) -> Any:
        raise NotImplementedError

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Return the value; raises EvaluationError."""
        raise NotImplementedError

    def _fail(self, document: Document, node: ScalarNode, error: TemplateSyntaxError) -> Any:
        offset = _offset_of_failure(self._environment, self.source, self._state)
        position = document.position_in(node, offset)
        message = (error.message or "syntax error").replace("'end of template'", "the end")
        raise document.error_at(
            position,
            f"this is no Jinja2 {self._kind}: {message}",
            _python_hint(self.source),
        )

    _state: str | None = None
    _kind = "template"

    def _check_names(self, document: Document, node: ScalarNode, names: frozenset[str]) -> None:
        tree = self.tree if isinstance(self.tree, nodes.Template) else _wrap(self.tree)
        try:
            unknown = find_undeclared_variables(tree) - names - set(self._environment.globals)
            # the code is generated only to find unknown filters and tests at load
            self._environment.compile(tree, raw=True)
        except TemplateAssertionError as error:
            message = error.message or ""
            word = message.split("'")[1] if "'" in message else ""
            known = self._environment.tests if "test" in message else self._environment.filters
            position = document.position_in(node, _word_offset(self.source, word))
            raise document.error_at(position, message, did_you_mean(word, known)) from None
        if unknown:
            word = min(unknown, key=lambda name: _word_offset(self.source, name))
            hint = PYTHON_NOT_JINJA.get(word) or did_you_mean(word, names)
            position = document.position_in(node, _word_offset(self.source, word))
            raise document.error_at(position, f"unknown name {word!r}", hint)

    def _explain(self, error: Exception) -> EvaluationError:
        message, purposeful = explain(error)
        return EvaluationError(message, self.position, purposeful=purposeful)


class Expression(Compiled):
    """An `!expr`: one Jinja2 expression, to a native value."""

    _state = "variable"
    _kind = "expression"

    def _parse(self, document: Document, node: ScalarNode) -> nodes.Expr:
        try:
            return parse_expression(self._environment, self.source)
        except TemplateSyntaxError as error:
            return self._fail(document, node, error)  # type: ignore[no-any-return]

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Return the native value of the expression over these names."""
        if self._run is None:
            self._run = compile_tree(self._environment, self.tree)
        try:
            return self._run(names)
        except Exception as error:  # noqa: BLE001 - whatever an expression raises is about the data
            raise self._explain(error) from None


class Template(Compiled):
    """A `!tmpl`: a Jinja2 template, to text."""

    def _parse(self, document: Document, node: ScalarNode) -> nodes.Template:
        try:
            return self._environment.parse(self.source)
        except TemplateSyntaxError as error:
            return self._fail(document, node, error)  # type: ignore[no-any-return]

    def evaluate(self, names: Mapping[str, Any]) -> str:
        """Return the rendered text over these names."""
        if self._run is None:
            code = self._environment.compile(self.tree)
            template = self._environment.template_class.from_code(
                self._environment, code, self._environment.globals.copy()
            )
            self._run = template
        context = new_context(
            self._environment, None, {}, dict(names), globals=self._environment.globals
        )
        try:
            return "".join(self._run.root_render_func(context))
        except Exception as error:  # noqa: BLE001 - whatever a template raises is about the data
            raise self._explain(error) from None


def parse_expression(environment: Any, source: str) -> nodes.Expr:
    """Parse one expression to a tree; raises TemplateSyntaxError."""
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


def environment_of(missing: Missing) -> Any:
    """Return the environment of a reading of missing keys."""
    return _ENVIRONMENTS[missing]


def compile_tree(environment: Any, tree: nodes.Expr) -> Any:
    """Compile an expression's tree to a function from names to its native value."""
    code = environment.compile(_wrap(tree))
    template = environment.template_class.from_code(environment, code, {})
    render = template.root_render_func
    stock = not isinstance(environment, _NullEnvironment)
    globals_ = environment.globals

    def run(names: Mapping[str, Any]) -> Any:
        context = new_context(environment, None, {}, {**globals_, **names}, shared=True)
        for _ in render(context):
            pass
        result = context.vars["result"]
        return _settled(result) if stock else result

    return run


def explain(error: Exception) -> tuple[str, bool]:
    """Return what to say of an expression's failure, and whether it was on purpose.

    `[].index('message')` is the one way of any Jinja2 to fail with a message; messages of other
    errors of value can hold data, so only their kind is told.
    """
    text = str(error)
    if isinstance(error, ValueError) and text.endswith(" is not in list"):
        return text.removesuffix(" is not in list").strip("'\""), True
    if isinstance(error, SecurityError):
        return f"not allowed: {text}", False
    if isinstance(error, UndefinedError | TypeError | ZeroDivisionError | OverflowError):
        return f"the expression failed: {text}", False
    return f"the expression failed: {type(error).__name__}", False


def _wrap(expression: nodes.Expr) -> nodes.Template:
    body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)]
    template = nodes.Template(body, lineno=1)
    if expression.environment is not None:
        template.set_environment(expression.environment)
    return template


def _settled(value: Any) -> Any:
    """Turn Undefined into null, at any depth."""
    if isinstance(value, Undefined):
        return None
    if type(value) is dict:
        return {key: _settled(element) for key, element in value.items()}
    if type(value) is list:
        return [_settled(element) for element in value]
    return value


def _offset_of_failure(environment: Any, source: str, state: str | None) -> int:
    """Return the offset of the token at which the parser gave up."""
    seen = {"start": 0, "end": 0}

    def counted() -> Iterator[tuple[int, str, str]]:
        for lineno, token, text in environment.lexer.tokeniter(source, None, None, state):
            seen["start"], seen["end"] = seen["end"], seen["end"] + len(text)
            yield lineno, token, text

    parser = Parser(environment, "", state=state)
    try:
        parser.stream = TokenStream(environment.lexer.wrap(counted()), None, None)
        if state is None:
            parser.subparse()
        else:
            parser.parse_expression()
    except TemplateSyntaxError:
        pass
    return seen["start"]


def _word_offset(source: str, word: str) -> int:
    """Return where a word stands as a word of its own, not as a key after a dot."""
    at = source.find(word)
    while at >= 0:
        before, after = source[:at].rstrip()[-1:], source[at + len(word) : at + len(word) + 1]
        glued = source[at - 1 : at].isidentifier() if at else False
        if not glued and not (after.isalnum() or after == "_") and before not in (".", "'", '"'):
            return at
        at = source.find(word, at + 1)
    return max(source.find(word), 0)


def _python_hint(source: str) -> str:
    if "lambda" in source or " for " in source:
        return "Jinja2 has no lambdas and no comprehensions; use filters such as map, select, sort"
    if 'f"' in source or "f'" in source:
        return "Jinja2 has no f-strings; join with ~"
    return "an !expr is one Jinja2 expression, without {{ }}" if "{{" in source else "check it"


def is_tagged(node: Node, tag: str) -> bool:
    """Tell whether a node carries a tag of the language."""
    return bool(node.tag == tag)


__all__ = [
    "Compiled",
    "DefinitionError",
    "EvaluationError",
    "Expression",
    "Missing",
    "Template",
    "compile_tree",
    "environment_of",
    "explain",
    "is_tagged",
    "parse_expression",
]
