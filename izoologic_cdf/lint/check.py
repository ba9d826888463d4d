"""Linting one definition: the findings of the loader and of every rule, silenced ones removed.

A finding is silenced by a comment on its line, or on a line of its own above it:
`# lint: ignore CDF104 because <reason>`. A finding inside a text of several lines, where no comment
can stand, is silenced at the line where the text begins.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from izoologic_cdf.errors import Position
from izoologic_cdf.language.load import filters_of, load_document
from izoologic_cdf.language.nodes import Document, ScalarNode, read
from izoologic_cdf.language.positions import Code, DefinitionError, Finding
from izoologic_cdf.language.pyfilters import PythonFilter, PythonFilters, UnknownFilterError
from izoologic_cdf.language.spellings import NO_SPELLINGS, Spellings
from izoologic_cdf.lint import approval_rules, call_rules, key_rules
from izoologic_cdf.lint.outline import walk
from izoologic_cdf.lint.rules import LANGUAGE_RULES, NO_REASON, SILENCES_NOTHING, Rule, Subject

_MODULES = (key_rules, call_rules, approval_rules)
_DECLARED = [one for module in _MODULES for one in vars(module).values() if isinstance(one, Rule)]
# in the order of their codes
RULES = tuple(sorted([*LANGUAGE_RULES, *_DECLARED], key=lambda rule: rule.code))
_COMMENT = re.compile(r"(?:^|(?<=\s))#\s*lint:\s*ignore\b(?P<rest>.*)")
_REST = re.compile(r"(?P<codes>[\w\s,]*?)(?:\bbecause\b(?P<reason>.*))?$")


def lint(
    path: Path, filters: Path | None = None, spellings: Spellings = NO_SPELLINGS
) -> list[Finding]:
    """Return the findings about a file, each with its code, in file order; empty when silent.

    `filters` is the folder of the Python filters: `filters` beside the folder of the file when it
    is not given, as for the loader. They are read and never run.
    """
    try:
        document = spellings.applied(read(path))
    except DefinitionError as error:
        return [_coded(finding) for finding in error.findings]
    return lint_document(document, path, filters)


def lint_document(document: Document, path: Path, filters: Path | None = None) -> list[Finding]:
    """Return the findings about a definition that was read already."""
    python = _DeclaredFilters(filters or filters_of(path))
    found = {**dict.fromkeys(_loader(document, path, python)), **dict.fromkeys(_rules(document))}
    return sorted(
        _not_silenced(document, found), key=lambda finding: (finding.position, finding.code or "")
    )


def _loader(document: Document, path: Path, python: PythonFilters) -> Iterator[Finding]:
    try:
        load_document(document, path, python)
    except DefinitionError as error:
        yield from (_coded(finding) for finding in error.findings)
    except RecursionError:
        yield document.finding(
            document.root, "the definition is nested too deeply", code=Code.UNREADABLE
        )


def _rules(document: Document) -> Iterator[Finding]:
    subject = Subject(document)
    for rule in RULES:
        for place, message, help_ in rule.check(subject) if rule.check else ():
            yield document.finding(place, message, help_, rule.code)


def _coded(finding: Finding) -> Finding:
    return finding if finding.code else replace(finding, code=Code.SHAPE)


class _DeclaredFilters(PythonFilters):
    """The names of Python filters: linting a file must not run its code."""

    def find(self, name: str) -> PythonFilter:
        module, _, function = name.partition(".")
        if module not in self.modules() or function not in self.named(module):
            raise UnknownFilterError(self.known())
        return _never_run


def _never_run(value: Any) -> Any:
    return value


@dataclass(slots=True)
class _Ignore:
    position: Position
    codes: list[str]
    reason: str
    # the line, from 1, whose findings it silences
    line: int


def _not_silenced(document: Document, findings: Iterable[Finding]) -> Iterator[Finding]:
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
