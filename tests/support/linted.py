"""Linting a text, for tests."""

from pathlib import Path

from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import DefinitionError, Finding
from izoologic_cdf.lint.check import lint_document
from izoologic_cdf.lint.rules import complete


def lint_text(text: str) -> list[Finding]:
    """Return the findings about a text that is a whole definition."""
    try:
        document = Document("definition.yaml", text)
    except DefinitionError as error:
        return error.findings
    return lint_document(document, Path(__file__))


def codes_of(example: str) -> list[str | None]:
    """Return the codes that a shortened definition gives."""
    return [finding.code for finding in lint_text(complete(example))]
