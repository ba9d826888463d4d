"""`lint`: check definitions."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from izoologic_cdf.cli import streams
from izoologic_cdf.cli.form import definition_files
from izoologic_cdf.errors import UsageError
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.check import lint as lint_file


def lint(options: argparse.Namespace) -> int:
    """Print what is wrong with the files; 0 when nothing is, 1 when something is."""
    paths = [Path(name) for name in options.files] or definition_files()
    for path in paths:
        if not path.is_file():
            raise UsageError(f"there is no file {str(path)!r} to lint")
    filters = Path(options.filters) if options.filters else None
    findings = [finding for path in paths for finding in lint_file(path, filters)]
    if options.format == "json":
        streams.tell_text(json.dumps([as_object(finding) for finding in findings], indent=2))
    for number, finding in enumerate(findings if options.format == "text" else ()):
        streams.tell(*[""][: number > 0], *as_lines(finding))
    return 1 if findings else 0


def as_lines(finding: Finding) -> list[str]:
    """Return file:line:col, code and sentence; the source line with a caret; what to do."""
    return replace(finding, message=f"{finding.code} {finding.message}").lines


def as_object(finding: Finding) -> dict[str, str | int | None]:
    """Return a finding for a program; line and column count from 1, absent is null."""
    return {
        "file": finding.position.file,
        "line": finding.position.line,
        "column": finding.position.column,
        "code": finding.code,
        "message": finding.message,
        "help": finding.help,
        "source_line": finding.source_line,
    }
