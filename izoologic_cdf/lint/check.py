"""Linting one definition: the loader's findings and those of every rule, silenced ones removed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from izoologic_cdf.language import codes
from izoologic_cdf.language.load import filters_of, load_document
from izoologic_cdf.language.nodes import Document, read
from izoologic_cdf.language.positions import DefinitionError, Finding
from izoologic_cdf.language.pyfilters import PythonFilter, PythonFilters, UnknownFilterError
from izoologic_cdf.language.spellings import NO_SPELLINGS, Spellings
from izoologic_cdf.lint.rule import Subject
from izoologic_cdf.lint.rules import RULES
from izoologic_cdf.lint.silence import silence


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
        silence(document, found), key=lambda finding: (finding.position, finding.code or "")
    )


def _loader(document: Document, path: Path, python: PythonFilters) -> Iterator[Finding]:
    try:
        load_document(document, path, python)
    except DefinitionError as error:
        yield from (_coded(finding) for finding in error.findings)
    except RecursionError:
        yield document.finding(
            document.root, "the definition is nested too deeply", code=codes.UNREADABLE
        )


def _rules(document: Document) -> Iterator[Finding]:
    subject = Subject(document)
    for rule in RULES:
        if rule.check:
            yield from (replace(finding, code=rule.code) for finding in rule.check(subject))


def _coded(finding: Finding) -> Finding:
    return finding if finding.code else replace(finding, code=codes.SHAPE)


class _DeclaredFilters(PythonFilters):
    """The names of Python filters: linting a file must not run its code."""

    def find(self, name: str) -> PythonFilter:
        module, _, function = name.partition(".")
        if module not in self.modules() or function not in self.named(module):
            raise UnknownFilterError(self.known())
        return _never_run


def _never_run(value: Any) -> Any:
    return value
