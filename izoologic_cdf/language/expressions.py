"""Jinja2 in a sandbox: expressions with native results, templates, and where they go wrong.

Compiled once when a definition is loaded. Two readings of a missing key exist: null (the CDF,
and our default) and Jinja2's own Undefined (`Missing.UNDEFINED`), under which a built definition
is run as well, because nobody here knows which of them the platform has.
"""

import ast
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.lexer import TokenStream
from jinja2.meta import find_undeclared_variables
from jinja2.parser import Parser

from izoologic_cdf.language import codes
from izoologic_cdf.language.allowed import METHOD_NAMES, REFUSED
from izoologic_cdf.language.functions import Function, compile_template, compile_tree
from izoologic_cdf.language.nodes import Document, ScalarNode
from izoologic_cdf.language.positions import DefinitionError, Findings, Position, did_you_mean
from izoologic_cdf.language.sandbox import PYTHON_TYPES, TEXT_OF, Missing, environment_of

# words that are Python and no Jinja2, with what to write instead; some of them can be used (the
# sandbox's PYTHON_NAMES), so that only a linter speaks of these
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
# methods of every mapping that can be taken for its keys
_TRAPS = frozenset(name for name in dir(dict) if not name.startswith("_"))
# filters that give no list but something that is computed when it is read, once
_LAZY = frozenset(
    {"batch", "items", "map", "reject", "rejectattr", "reverse", "select", "selectattr", "slice"}
    | {"unique"}
)
# filters that hand on what they are given, or their argument
_HANDING_ON = frozenset({"d", "default"})
# filters that take the name of a filter or of a test, and at which place
_TAKE_FILTER = {"map": 0}
_TAKE_TEST = {"reject": 0, "rejectattr": 1, "select": 0, "selectattr": 1}
_TOO_LONG = "a number has too many digits"


_NO_METHOD = "those of texts, numbers, lists and mappings can be called, where they change nothing"
# where in a source, what is wrong, what helps, the code of the finding
_Mistake = tuple[int, str, str | None, str]


class EvaluationError(Exception):
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
        self.source = str(node.value)
        self.takes: frozenset[str] = frozenset()
        self._environment = environment_of(missing)
        # the native value of an expression or the text of a template over names; raises
        # EvaluationError
        self.evaluate: Function = self._first
        try:
            self.tree = self._parse(document, node)
            # every node of the tree, walked through once for all that look at it
            self._parts: list[nodes.Node] = [self.tree, *self.tree.find_all(nodes.Node)]
            self.takes = frozenset(self._free_names())
            found = Findings()
            for at, message, hint, code in self._mistakes(names):
                position = document.position_in(node, at)
                found.add(document.finding(position, message, hint, code))
            found.check()
            self._parts.clear()
        except RecursionError:
            raise document.error(node, f"this {self._kind} is nested too deeply") from None

    def _parse(self, document: Document, node: ScalarNode) -> Any:
        raise NotImplementedError

    def _first(self, names: Mapping[str, Any]) -> Any:
        """Compile at the first evaluation: most expressions of a definition are never reached."""
        try:
            self.evaluate = self._compile()
        except Exception as error:  # noqa: BLE001 - whatever Jinja2 finds only now
            raise self._failed(error, names) from None
        return self.evaluate(names)

    def _compile(self) -> Function:
        raise NotImplementedError

    def _fail(self, document: Document, node: ScalarNode, error: Exception) -> Any:
        offset = _offset_of_failure(self._environment, self.source, self._state)
        position = document.position_in(node, offset)
        # the only value that the lexer of Jinja2 makes is a number
        told = error.message if isinstance(error, TemplateSyntaxError) else _TOO_LONG
        message = (told or "syntax error").replace("'end of template'", "the end")
        raise document.error_at(
            position,
            f"this is no Jinja2 {self._kind}: {message}",
            _python_hint(self.source),
            codes.NO_JINJA,
        )

    _state: str | None = None
    _kind = "template"

    def _mistakes(self, names: frozenset[str]) -> Iterator[_Mistake]:
        """Yield what can be told to be wrong without any data."""
        yield from self._unknown_words()
        for word in self.takes - names - self._known_globals():
            hint = PYTHON_NOT_JINJA.get(word) or did_you_mean(word, names)
            yield self._offset_of(word), f"unknown name {word!r}", hint, codes.UNKNOWN_NAME
        yield from self._traps()

    def _known_globals(self) -> set[str]:
        """Return the names that Jinja2 has, and the types that only `isinstance` is asked about."""
        asked = {
            id(name)
            for call in self._parts
            if isinstance(call, nodes.Call) and call.args[1:]
            if isinstance(call.node, nodes.Name) and call.node.name == "isinstance"
            for name in [call.args[1], *call.args[1].find_all(nodes.Name)]
        }
        loose = {
            name.name
            for name in self._parts
            if isinstance(name, nodes.Name) and id(name) not in asked
        }
        return set(self._environment.globals) - (PYTHON_TYPES.keys() & loose)

    def _free_names(self) -> set[str]:
        """Return the names that the source takes from outside."""
        # an expression has no scopes, so that every name in it comes from outside
        return {one.name for one in self._parts if isinstance(one, nodes.Name)}

    def _unknown_words(self) -> Iterator[_Mistake]:
        """Yield unknown filters, tests and methods, those too that a condition may never reach."""
        for kind, known, before, words in (
            ("filter", self._environment.filters, ("|",), _words(self._parts, nodes.Filter)),
            ("test", self._environment.tests, ("is", "not"), _words(self._parts, nodes.Test)),
        ):
            for word in words:
                if word not in known:
                    at = self._offset_of(word, after=before)
                    hint = REFUSED.get(word) or did_you_mean(word, known)
                    yield at, f"No {kind} named {word!r}.", hint, codes.UNKNOWN_JINJA_FILTER
        for call in self._parts:
            called = call.node if isinstance(call, nodes.Call) else None
            if isinstance(called, nodes.Getattr) and called.attr not in METHOD_NAMES:
                at = self._offset_of(called.attr, after=(".",))
                message = f"No value has a method {called.attr!r} that a definition may call."
                hint = did_you_mean(called.attr, METHOD_NAMES, otherwise=_NO_METHOD)
                yield at, message, hint, codes.UNKNOWN_JINJA_FILTER

    def _traps(self) -> Iterator[_Mistake]:
        """Yield `value.items`: it is the method of the mapping, not its key."""
        called = {id(call.node) for call in self._parts if isinstance(call, nodes.Call)}
        for found in [one for one in self._parts if isinstance(one, nodes.Getattr)]:
            if id(found) not in called and found.attr in _TRAPS:
                yield (
                    self._offset_of(found.attr, after=(".",)),
                    f"`.{found.attr}` is a method of every mapping, not its key",
                    f"write .get({found.attr!r}) for the key, .{found.attr}() for the method",
                    codes.METHOD_AS_KEY,
                )

    def _offset_of(self, word: str, after: tuple[str, ...] = ()) -> int:
        """Return where a word stands as a name: after one of these tokens, else as a variable."""
        before = ""
        for offset, token, text in _tokens(self._environment, self.source, self._state):
            if token == "name" and text == word:  # noqa: S105 - a kind of token
                free = before not in (".", "|", "is")
                if before in after or (free and not after):
                    return offset
            if token not in ("whitespace", "comment"):
                before = text
        return max(self.source.find(word), 0)

    def _failed(self, error: Exception, _names: Mapping[str, Any]) -> EvaluationError:
        message, purposeful = explain(error)
        return EvaluationError(message, self.position, purposeful=purposeful)


class Expression(Compiled):
    """An `!expr`: one Jinja2 expression, to a native value."""

    _state = "variable"
    _kind = "expression"

    def _parse(self, document: Document, node: ScalarNode) -> nodes.Expr:
        try:
            return parse_expression(self._environment, self.source)
        except (TemplateSyntaxError, ValueError) as error:
            return self._fail(document, node, error)  # type: ignore[no-any-return]

    def _traps(self) -> Iterator[_Mistake]:
        yield from super()._traps()
        lazy = _lazy(self.tree)
        if lazy is not None:
            at = self._offset_of(lazy, after=("|",))
            message = f"the filter {lazy!r} gives no list, but something that can be read once"
            yield at, message, "end the expression with `| list`", codes.READ_ONCE

    def _compile(self) -> Function:
        return compile_tree(self._environment, self.tree, self._failed)


class Template(Compiled):
    """A `!tmpl`: a Jinja2 template, to text."""

    def _parse(self, document: Document, node: ScalarNode) -> nodes.Template:
        try:
            parsed: nodes.Template = self._environment.parse(self.source)
        except (TemplateSyntaxError, ValueError) as error:
            return self._fail(document, node, error)  # type: ignore[no-any-return]
        return parsed

    def _free_names(self) -> set[str]:
        named = [one for one in self._parts if isinstance(one, nodes.Name)]
        # Jinja2 counts a name that only one branch sets as one that may be missing
        own = {name.name for name in named if name.ctx != "load"}
        # and hands out the template itself, which no definition needs
        itself = {name.name for name in named if name.name == "self"}
        return (set(find_undeclared_variables(self.tree)) | itself) - own

    @functools.cached_property
    def as_expression(self) -> nodes.Expr | None:
        """The same as an expression, which costs less; null where the template has statements."""
        body = self.tree.body
        if len(body) != 1 or not isinstance(body[0], nodes.Output):
            return None
        parts: list[nodes.Expr] = [
            nodes.Const(part.data)
            if isinstance(part, nodes.TemplateData)
            else nodes.Filter(part, TEXT_OF, [], [], None, None)
            for part in body[0].nodes
        ]
        expression = parts[0] if len(parts) == 1 else nodes.Concat(parts)
        expression.set_environment(self._environment)
        return expression

    def _compile(self) -> Function:
        if self.as_expression is not None:
            return compile_tree(self._environment, self.as_expression, self._failed)
        return compile_template(self._environment, self.tree, self._failed)


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


def explain(error: Exception) -> tuple[str, bool]:
    """Return what to say of an expression's failure, and whether it was on purpose.

    `[].index('message')` is the one way of any Jinja2 to fail with a message; messages of other
    errors of value can hold data, so only their kind is told.
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


def _words(parts: list[nodes.Node], kind: type[nodes.Filter] | type[nodes.Test]) -> list[str]:
    """Return the names of the filters or tests of a tree, and those that `map` and others take."""
    words = [found.name for found in parts if isinstance(found, kind)]
    takes = _TAKE_FILTER if kind is nodes.Filter else _TAKE_TEST
    for call in parts:
        if isinstance(call, nodes.Filter):
            place = takes.get(call.name, len(call.args))
            words += [
                arg.value
                for arg in call.args[place : place + 1]
                if isinstance(arg, nodes.Const) and isinstance(arg.value, str)
            ]
    return words


def _lazy(expression: nodes.Node | None) -> str | None:
    """Return the name of a lazy filter whose outcome is that of an expression, or a part of it."""
    inner: list[nodes.Node | None] = []
    match expression:
        case nodes.Filter(name=name) if name in _LAZY:
            return str(name)
        case nodes.Filter(name=name) if name in _HANDING_ON:
            inner = [expression.node, *expression.args]
        case nodes.CondExpr():
            inner = [expression.expr1, expression.expr2]
        case nodes.And() | nodes.Or():
            inner = [expression.left, expression.right]
        case nodes.List() | nodes.Tuple():
            inner = [*expression.items]
        case nodes.Dict():
            inner = [pair.value for pair in expression.items]
    return next(filter(None, map(_lazy, inner)), None)


def _tokens(environment: Any, source: str, state: str | None) -> Iterator[tuple[int, str, str]]:
    """Yield the tokens of an expression or template, with their offsets."""
    end = 0
    for _, token, text in environment.lexer.tokeniter(source, None, None, state):
        # white space around blocks is cut out of the texts, so each token is looked for
        offset = max(source.find(text, end), end)
        end = offset + len(text)
        yield offset, token, text


def _offset_of_failure(environment: Any, source: str, state: str | None) -> int:
    """Return the offset of the token at which the parser gave up."""
    last = end = 0

    def counted() -> Iterator[tuple[int, str, str]]:
        nonlocal last, end
        try:
            for offset, token, text in _tokens(environment, source, state):
                last, end = offset, offset + len(text)
                yield 1, token, text
        except TemplateSyntaxError:
            # a character that begins no token stands behind the last one
            last = end
            raise

    parser = Parser(environment, "", state=state)
    try:
        parser.stream = TokenStream(environment.lexer.wrap(counted()), None, None)
        if state is None:
            parser.subparse()
        else:
            parser.parse_expression()
    except (TemplateSyntaxError, ValueError):
        pass
    return last


def _python_hint(source: str) -> str:
    if "lambda" in source or " for " in source:
        return "Jinja2 has no lambdas and no comprehensions; use filters such as map, select, sort"
    if 'f"' in source or "f'" in source:
        return "Jinja2 has no f-strings; join with ~"
    return "an !expr is one Jinja2 expression, without {{ }}" if "{{" in source else "check it"


__all__ = [
    "Compiled",
    "DefinitionError",
    "EvaluationError",
    "Expression",
    "Missing",
    "Template",
    "environment_of",
    "explain",
    "parse_expression",
]
