"""Linting one definition: the loader's findings and those of every rule, silenced ones removed."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from izoologic_cdf.language import codes
from izoologic_cdf.language.load import load_document
from izoologic_cdf.language.nodes import Document, read
from izoologic_cdf.language.positions import DefinitionError, Finding
from izoologic_cdf.language.pyfilters import PythonFilter, PythonFilters, UnknownFilterError
from izoologic_cdf.lint.rule import Subject
from izoologic_cdf.lint.rules import RULES
from izoologic_cdf.lint.silence import silence


def lint(path: Path) -> list[Finding]:
    """Return the findings about a file, each with its code, in file order; empty when silent.

    Python filters are looked for in `filters` beside the folder of the file, as the loader does;
    they are read and never run.
    """
    try:
        document = read(path)
    except DefinitionError as error:
        return [_coded(finding) for finding in error.findings]
    return lint_document(document, path)


def lint_document(document: Document, path: Path) -> list[Finding]:
    """Return the findings about a definition that was read already."""
    found = {**dict.fromkeys(_loader(document, path)), **dict.fromkeys(_rules(document))}
    return sorted(
        silence(document, found), key=lambda finding: (finding.position, finding.code or "")
    )


def _loader(document: Document, path: Path) -> Iterator[Finding]:
    python = _DeclaredFilters(path.resolve().parent.parent / "filters")
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
    """The names of Python filters, read from `__all__`: linting a file must not run its code."""

    def known(self) -> list[str]:
        return [
            f"{module}.{function}"
            for module in self.modules()
            for function in _declared(self.folder / f"{module}.py")
        ]

    def find(self, name: str) -> PythonFilter:
        known = self.known()
        if name not in known:
            raise UnknownFilterError(known)
        return _never_run


def _never_run(value: Any) -> Any:
    return value


def _declared(path: Path) -> list[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in statement.targets
        ):
            try:
                return [str(name) for name in ast.literal_eval(statement.value)]
            except (ValueError, TypeError):
                return []
    return []
