"""Markdown from data."""

import re
from collections.abc import Iterable, Sequence

_RUNS = re.compile("`+")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown, a `|` in them is escaped, line breaks become blanks."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def code(text: str) -> str:
    """Return text as inline code, white space collapsed; empty text stays empty."""
    text = " ".join(text.split())
    if not text:
        return ""
    fence = "`" * (1 + max(map(len, _RUNS.findall(text)), default=0))
    blank = " " if "`" in text else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def prose(text: str) -> str:
    """Return words written for a terminal as Markdown on one line: `<` begins no tag."""
    return " ".join(text.split()).replace("<", "\\<")


def fenced(text: str, language: str) -> str:
    """Return text as a block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
