"""Comments that silence a finding: `# lint: ignore CDF104 because <reason>`.

The comment stands on the line of the finding, or on a line of its own above it. A finding inside
a text of several lines, where no comment can stand, is silenced at the line where the text begins.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from izoologic_cdf.errors import Position
from izoologic_cdf.language.nodes import Document, ScalarNode
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.outline import walk

NO_REASON, SILENCES_NOTHING = "CDF901", "CDF902"
_COMMENT = re.compile(r"(?:^|(?<=\s))#\s*lint:\s*ignore\b(?P<rest>.*)")
_REST = re.compile(r"(?P<codes>[\w\s,]*?)(?:\bbecause\b(?P<reason>.*))?$")


@dataclass(slots=True)
class _Ignore:
    position: Position
    codes: list[str]
    reason: str
    # the line, from 1, whose findings it silences
    line: int


def silence(document: Document, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings that no comment silences, and those about the comments themselves."""
    ignores = list(_ignores(document))
    if not ignores:
        yield from findings
        return
    begins = _beginnings(document)
    idle = {(at, code) for at, ignore in enumerate(ignores) for code in ignore.codes}
    for finding in findings:
        lines = {finding.position.line, _line_of_text(begins, finding.position)}
        silencing = [
            (at, code)
            for at, ignore in enumerate(ignores)
            for code in ignore.codes
            if code == finding.code and ignore.line in lines
        ]
        idle -= set(silencing)
        if not silencing:
            yield finding
    for at, ignore in enumerate(ignores):
        yield from _about(document, ignore, [code for code in ignore.codes if (at, code) in idle])


def _about(document: Document, ignore: _Ignore, idle: list[str]) -> Iterator[Finding]:
    form = "write `# lint: ignore CDF104 because ...`, with the code that is meant"
    if not ignore.codes:
        yield document.finding(
            ignore.position, "this comment names no code to ignore", form, SILENCES_NOTHING
        )
    for code in idle:
        yield document.finding(
            ignore.position,
            f"there is no {code} here that could be ignored",
            "remove the comment, or put it on the line of the finding or above it",
            SILENCES_NOTHING,
        )
    if not ignore.reason:
        yield document.finding(
            ignore.position, "this comment does not say why a finding is ignored", form, NO_REASON
        )


def _ignores(document: Document) -> Iterator[_Ignore]:
    found = [(at, match) for at, text in enumerate(document.lines) if (match := _in_line(text))]
    if not found:
        return
    spans = [_span(node) for node in walk(document.root) if isinstance(node, ScalarNode)]
    for at, match in found:
        column = match.start()
        if any(begin <= (at, column) < end for begin, end in spans):
            continue  # part of a text, no comment
        rest = _REST.match(match["rest"].strip())
        codes = re.findall(r"\w+", rest["codes"]) if rest else []
        reason = ((rest["reason"] if rest else None) or "").strip()
        position = Position(document.name, at + 1, column + 1)
        yield _Ignore(position, codes, reason, _target(document, at, column))


def _span(node: ScalarNode) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where the text of a scalar begins and ends, as (line, column) from 0."""
    begin, end = node.start_mark, node.end_mark
    # a block text begins below its `>-`, and a comment may stand beside that
    first = (begin.line + 1, 0) if node.style in ("|", ">") else (begin.line, begin.column)
    return first, (end.line, end.column)


def _in_line(text: str) -> "re.Match[str] | None":
    return _COMMENT.search(text) if "lint:" in text else None


def _target(document: Document, at: int, column: int) -> int:
    """Return the line that a comment is about: its own, or the next that is no comment."""
    if document.lines[at][:column].strip():
        return at + 1
    for below in range(at + 1, len(document.lines)):
        text = document.lines[below].strip()
        if text and not text.startswith("#"):
            return below + 1
    return at + 1


def _beginnings(document: Document) -> list[tuple[int, int]]:
    """Return (first, last) line, from 1, of every text of several lines, sorted."""
    return sorted(
        (node.start_mark.line + 1, node.end_mark.line + 1)
        for node in walk(document.root)
        if isinstance(node, ScalarNode) and node.end_mark.line > node.start_mark.line
    )


def _line_of_text(begins: list[tuple[int, int]], position: Position) -> int:
    at = bisect_right(begins, (position.line, 10**9)) - 1
    if at >= 0 and begins[at][0] <= position.line <= begins[at][1]:
        return begins[at][0]
    return position.line
