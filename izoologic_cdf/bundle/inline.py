"""Writes out names of expressions.

Works on the tokens of Jinja2, so that keys, attributes and texts of the same spelling stay.
"""

import re
from collections.abc import Iterator, Mapping

from izoologic_cdf.language.expressions import Missing, environment_of

# a name with attributes: nothing around it can take it apart
_PATH = re.compile(r"[\w.]+")


def inline(source: str, meanings: Mapping[str, str]) -> str:
    """Return an expression with each name replaced by its meaning, in brackets.

    `meanings` are expressions that hold no name of `meanings` themselves.
    """
    return "".join(
        _in_brackets(meanings[text]) if is_name and text in meanings else text
        for text, is_name in _tokens(source, "variable")
    )


def _in_brackets(meaning: str) -> str:
    return meaning if _PATH.fullmatch(meaning) else f"({meaning})"


def settled(expressions: Mapping[str, str]) -> dict[str, str]:
    """Return expressions that may use the names before them as ones that use none of them."""
    meanings: dict[str, str] = {}
    for name, source in expressions.items():
        meanings[name] = inline(source, meanings)
    return meanings


def inline_template(source: str, meanings: Mapping[str, str]) -> str:
    """Return a template with each name replaced by its meaning, bare where it stands alone."""
    tokens = [*_tokens(source, None)]
    parts = [text for text, _ in tokens]
    bare = [i for i, text in enumerate(parts) if text.strip()]
    for before, at, after in zip(bare, bare[1:], bare[2:], strict=False):
        text, is_name = tokens[at]
        if is_name and text in meanings:
            alone = parts[before].startswith("{{") and parts[after].endswith("}}")
            parts[at] = meanings[text] if alone else _in_brackets(meanings[text])
    return "".join(parts)


def _tokens(source: str, state: str | None) -> Iterator[tuple[str, bool]]:
    """Yield the tokens of a source, and whether each is a name of its own (not after a dot)."""
    after_dot = False
    for _, kind, text in environment_of(Missing.NULL).lexer.tokeniter(source, None, None, state):
        yield text, kind == "name" and not after_dot
        if kind != "whitespace":
            after_dot = kind == "operator" and text == "."
