"""What is wrong with an expression or template whatever the data, and where."""

from collections.abc import Iterator
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from izoologic_cdf.language.allowed import METHOD_NAMES, REFUSED
from izoologic_cdf.language.positions import Code, did_you_mean
from izoologic_cdf.language.sandbox import PYTHON_TYPES

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
_NO_METHOD = "those of texts, numbers, lists and mappings can be called, where they change nothing"
# where in a source, what is wrong, what helps, the code of the finding
Mistake = tuple[int, str, str | None, str]


class Checks:
    """Looks at the tree of one source; `state` is that of Jinja2's lexer at its start."""

    def __init__(self, environment: Any, source: str, state: str | None, tree: nodes.Node) -> None:
        self._environment = environment
        self._source = source
        self._state = state
        self._tree = tree
        # every node of the tree, walked through once for all that look at it
        self.parts: list[nodes.Node] = [tree, *tree.find_all(nodes.Node)]

    def mistakes(self, takes: frozenset[str], names: frozenset[str]) -> Iterator[Mistake]:
        """Yield what is wrong whatever the data."""
        yield from self._unknown_words()
        for word in takes - names - self._known_globals():
            hint = PYTHON_NOT_JINJA.get(word) or did_you_mean(word, names)
            yield self._offset_of(word), f"unknown name {word!r}", hint, Code.UNKNOWN_NAME
        yield from self._traps()
        lazy = _lazy(self._tree) if isinstance(self._tree, nodes.Expr) else None
        if lazy is not None:
            at = self._offset_of(lazy, after=("|",))
            message = f"the filter {lazy!r} gives no list, but something that can be read once"
            yield at, message, "end the expression with `| list`", Code.READ_ONCE

    def _known_globals(self) -> set[str]:
        """Return the names that Jinja2 has, and the types that only `isinstance` is asked about."""
        asked = {
            id(name)
            for call in self.parts
            if isinstance(call, nodes.Call) and call.args[1:]
            if isinstance(call.node, nodes.Name) and call.node.name == "isinstance"
            for name in [call.args[1], *call.args[1].find_all(nodes.Name)]
        }
        loose = {
            name.name
            for name in self.parts
            if isinstance(name, nodes.Name) and id(name) not in asked
        }
        return set(self._environment.globals) - (PYTHON_TYPES.keys() & loose)

    def _unknown_words(self) -> Iterator[Mistake]:
        """Yield unknown filters, tests and methods, those too that a condition may never reach."""
        for kind, known, before, words in (
            ("filter", self._environment.filters, ("|",), _words(self.parts, nodes.Filter)),
            ("test", self._environment.tests, ("is", "not"), _words(self.parts, nodes.Test)),
        ):
            for word in words:
                if word not in known:
                    at = self._offset_of(word, after=before)
                    hint = REFUSED.get(word) or did_you_mean(word, known)
                    yield at, f"No {kind} named {word!r}.", hint, Code.UNKNOWN_JINJA_FILTER
        for call in self.parts:
            called = call.node if isinstance(call, nodes.Call) else None
            if isinstance(called, nodes.Getattr) and called.attr not in METHOD_NAMES:
                at = self._offset_of(called.attr, after=(".",))
                message = f"No value has a method {called.attr!r} that a definition may call."
                hint = did_you_mean(called.attr, METHOD_NAMES, otherwise=_NO_METHOD)
                yield at, message, hint, Code.UNKNOWN_JINJA_FILTER

    def _traps(self) -> Iterator[Mistake]:
        """Yield `value.items`: it is the method of the mapping, not its key."""
        called = {id(call.node) for call in self.parts if isinstance(call, nodes.Call)}
        for found in [one for one in self.parts if isinstance(one, nodes.Getattr)]:
            if id(found) not in called and found.attr in _TRAPS:
                yield (
                    self._offset_of(found.attr, after=(".",)),
                    f"`.{found.attr}` is a method of every mapping, not its key",
                    f"write .get({found.attr!r}) for the key, .{found.attr}() for the method",
                    Code.METHOD_AS_KEY,
                )

    def _offset_of(self, word: str, after: tuple[str, ...] = ()) -> int:
        """Return where a word stands as a name: after one of these tokens, else as a variable."""
        tokens = _tokens(self._environment, self._source, self._state)
        return next(_offsets(tokens, word, after), max(self._source.find(word), 0))


def offsets_of_name(environment: Any, source: str, state: str | None, name: str) -> Iterator[int]:
    """Yield where a name stands as a variable, in a source that was parsed."""
    return _offsets(_tokens(environment, source, state), name, ())


def _offsets(
    tokens: Iterator[tuple[int, str, str]], word: str, after: tuple[str, ...]
) -> Iterator[int]:
    """Yield where a word stands: after one of these tokens, else as a variable."""
    blanks = ("whitespace", "comment")
    found = [(offset, token, text) for offset, token, text in tokens if token not in blanks]
    texts = ["", *(text for _, _, text in found), ""]
    for (offset, token, text), before, behind in zip(found, texts, texts[2:], strict=False):
        argument = behind == "=" and before in ("(", ",")
        free = before not in (".", "|", "is") and not argument
        if token == "name" and text == word and (before in after or (free and not after)):  # noqa: S105 - a kind of token
            yield offset


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


def offset_of_failure(environment: Any, source: str, state: str | None) -> int:
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


def python_hint(source: str) -> str:
    """Return what to write instead of Python that is no Jinja2."""
    if "lambda" in source or " for " in source:
        return "Jinja2 has no lambdas and no comprehensions; use filters such as map, select, sort"
    if 'f"' in source or "f'" in source:
        return "Jinja2 has no f-strings; join with ~"
    return "an !expr is one Jinja2 expression, without {{ }}" if "{{" in source else "check it"
