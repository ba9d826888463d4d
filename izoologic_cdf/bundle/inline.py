"""Writes out names of expressions: in an expression in brackets, in a template as statements.

Works on the tokens of Jinja2, so that keys, attributes and texts of the same spelling stay.
"""

from collections.abc import Iterator, Mapping

from izoologic_cdf.language.expressions import Missing, environment_of

# a statement goes on in the next line after this many characters
_WIDTH = 70


def inline(source: str, meanings: Mapping[str, str]) -> str:
    """Return an expression with each name replaced by its meaning, in brackets.

    `meanings` are expressions that hold no name of `meanings` themselves.
    """
    return "".join(
        f"({meanings[text]})" if is_name and text in meanings else text
        for text, is_name in _tokens(source, "variable")
    )


def settled(expressions: Mapping[str, str]) -> dict[str, str]:
    """Return expressions that may use the names before them as ones that use none of them."""
    meanings: dict[str, str] = {}
    for name, source in expressions.items():
        meanings[name] = inline(source, meanings)
    return meanings


def with_statements(source: str, expressions: Mapping[str, str]) -> str:
    """Return a template that first sets the names it uses, one statement a line.

    `expressions` may use the names before them. A template that begins with a blank would lose
    it to the statement before, so that one is written without the dash.
    """
    needed = _used(source, None, expressions)
    for name, expression in reversed(list(expressions.items())):
        if name in needed:
            needed |= _used(expression, "variable", expressions)
    lines = [
        _wrapped(f"{{%- set {name} = {expression} -%}}")
        for name, expression in expressions.items()
        if name in needed
    ]
    if lines and source[:1].isspace():
        lines[-1] = lines[-1].removesuffix("-%}") + "%}" + source
        return "\n".join(lines)
    return "\n".join([*lines, source])


def _wrapped(statement: str) -> str:
    """Break a long statement between its tokens; blanks inside of texts are no such place."""
    lines = [""]
    for _, kind, text in environment_of(Missing.NULL).lexer.tokeniter(statement, None):
        if kind == "whitespace" and len(lines[-1]) > _WIDTH:
            lines.append("    ")
        else:
            lines[-1] += text
    return "\n".join(lines)


def _used(source: str, state: str | None, names: Mapping[str, str]) -> set[str]:
    return {text for text, is_name in _tokens(source, state) if is_name and text in names}


def _tokens(source: str, state: str | None) -> Iterator[tuple[str, bool]]:
    """Yield the tokens of a source, and whether each is a name of its own (not after a dot)."""
    after_dot = False
    for _, kind, text in environment_of(Missing.NULL).lexer.tokeniter(source, None, None, state):
        yield text, kind == "name" and not after_dot
        if kind != "whitespace":
            after_dot = kind == "operator" and text == "."
