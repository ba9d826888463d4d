"""Linting one definition: the findings of the loader and of every rule, silenced ones removed.

A finding is silenced by a comment on its line, or on a line of its own above it:
`# lint: ignore CDF104 because <reason>`. A finding inside a text of several lines, where no comment
can stand, is silenced at the line where the text begins.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from izoologic_cdf.errors import Position
from izoologic_cdf.language.load import filters_of, load_document
from izoologic_cdf.language.nodes import Document, Keep, ScalarNode, read
from izoologic_cdf.language.positions import Code, DefinitionError, Finding
from izoologic_cdf.language.pyfilters import PythonFilter, PythonFilters, UnknownFilterError
from izoologic_cdf.language.spellings import NO_SPELLINGS, Spellings
from izoologic_cdf.lint import approval_rules, call_rules, key_rules, shape_rules
from izoologic_cdf.lint.outline import walk
from izoologic_cdf.lint.rules import NO_REASON, OTHERS, SILENCES_NOTHING, Rule, Subject

_MODULES = (key_rules, call_rules, shape_rules, approval_rules)
_CHECKED = [one for module in _MODULES for one in vars(module).values() if isinstance(one, Rule)]
# in the order of their codes
RULES = tuple(
    sorted([*(Rule(*one) for one in OTHERS.items()), *_CHECKED], key=lambda rule: rule.code)
)
# what such a finding is about does not depend on anything else in the file
_OF_ITSELF = frozenset(
    {Code.KEY_TWICE, Code.UNKNOWN_TAG, Code.UNKNOWN_FILTER, Code.NO_JINJA}
    | {Code.UNKNOWN_JINJA_FILTER, Code.UNKNOWN_NAME, Code.METHOD_AS_KEY, Code.READ_ONCE}
)
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
    found = dict.fromkeys(_findings(document, path, python))
    if any(finding.code == Code.KEY_TWICE for finding in found):
        # what else is wrong with one of the two alone follows from that
        with document.keeping(Keep.FIRST):
            first = set(_findings(document, path, python))
        with document.keeping(Keep.LAST):
            last = [one for one in _findings(document, path, python) if one in first]
        found = dict.fromkeys([*(one for one in found if one.code in _OF_ITSELF), *last])
    return sorted(_not_silenced(document, found), key=lambda one: (one.position, one.code or ""))


def _findings(document: Document, path: Path, python: PythonFilters) -> list[Finding]:
    return [*_loader(document, path, python), *_rules(Subject(document, python))]


def _loader(document: Document, path: Path, python: PythonFilters) -> Iterator[Finding]:
    try:
        load_document(document, path, python)
    except DefinitionError as error:
        yield from (_coded(finding) for finding in error.findings)
    except RecursionError:
        deep = "the definition is nested too deeply"
        yield document.finding(document.root, deep, code=Code.UNREADABLE)


def _rules(subject: Subject) -> Iterator[Finding]:
    for rule in RULES:
        for place, message, help_ in rule.check(subject) if rule.check else ():
            yield subject.document.finding(place, message, help_, rule.code)


def _coded(finding: Finding) -> Finding:
    return finding if finding.code else finding._replace(code=Code.SHAPE)


class _DeclaredFilters(PythonFilters):
    """The names of Python filters: linting a file must not run its code."""

    def find(self, name: str) -> PythonFilter:
        module, _, function = name.partition(".")
        if module not in self.modules() or function not in self.named(module):
            raise UnknownFilterError(self.known())
        # never run
        return lambda value: value


@dataclass(slots=True)
class _Ignore:
    position: Position
    codes: list[str]
    reason: str
    # the line, from 1, whose findings it silences
    line: int
    used: set[str] = field(default_factory=set)

    def about(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong with the comment itself: message, help, code."""
        form = "write `# lint: ignore CDF104 because ...`, with the code that is meant"
        if not self.codes:
            yield "this comment names no code to ignore", form, SILENCES_NOTHING
        for code in self.codes:
            if code not in self.used:
                message = f"there is no {code} here to ignore"
                help_ = "remove the comment, or put it on the line of the finding or above it"
                yield message, help_, SILENCES_NOTHING
        if not self.reason:
            yield "this comment does not say why a finding is ignored", form, NO_REASON


def _not_silenced(document: Document, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings that no comment silences, and those about the comments themselves."""
    found = [
        (at, match) for at, text in enumerate(document.lines) if (match := _COMMENT.search(text))
    ]
    scalars = [one for one in walk(document.root) if isinstance(one, ScalarNode)] if found else []
    spans = [_span(node) for node in scalars]
    ignores = [
        _ignore(document, at, match)
        for at, match in found
        # inside of a text it is no comment
        if not any(begin <= (at, match.start()) < end for begin, end in spans)
    ]
    # the line at which the text of a line begins, both from 1
    begins = {
        line: node.start_mark.line + 1
        for node, (_, end) in zip(scalars, spans, strict=True)
        for line in range(node.start_mark.line + 2, end[0] + (end[1] > 0) + 1)
    }
    for finding in findings:
        line = finding.position.line
        lines = (line, begins.get(line))
        silencing = [one for one in ignores if one.line in lines and finding.code in one.codes]
        for ignore in silencing:
            ignore.used.add(str(finding.code))
        if not silencing:
            yield finding
    for ignore in ignores:
        for message, help_, code in ignore.about():
            yield document.finding(ignore.position, message, help_, code)


def _span(node: ScalarNode) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where the text of a scalar begins and ends, as (line, column) from 0."""
    begin, end = node.start_mark, node.end_mark
    # a block text begins below its `>-`, and a comment may stand beside that
    first = (begin.line + 1, 0) if node.style in ("|", ">") else (begin.line, begin.column)
    return first, (end.line, end.column)


def _ignore(document: Document, at: int, comment: "re.Match[str]") -> _Ignore:
    rest = _REST.match(comment["rest"].strip())
    codes = re.findall(r"\w+", rest["codes"]) if rest else []
    reason = ((rest["reason"] if rest else None) or "").strip()
    line = at
    if not document.lines[at][: comment.start()].strip():
        # on a line of its own it is about the next line that is no comment
        below = (text.strip() for text in document.lines[at + 1 :])
        code = (number for number, text in enumerate(below, at + 1) if text and text[0] != "#")
        line = next(code, at)
    position = Position(document.name, at + 1, comment.start() + 1)
    return _Ignore(position, codes, reason, line + 1)
