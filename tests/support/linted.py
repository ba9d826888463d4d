"""Linting a text, and definitions that leave out what every one has, for tests."""

import re
from pathlib import Path
from textwrap import dedent, indent

from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import DefinitionError, Finding
from izoologic_cdf.lint.check import lint_document
from izoologic_cdf.lint.rules import FEED

_TOP = {
    "version": 'version: "1.0.0"\n',
    "required_threatq_version": 'required_threatq_version: ">=5.29.0"\n',
}
_FEEDS = "feeds:\n  Example Cases:\n"
_KEY = re.compile(r"^([\w.-]+):", re.MULTILINE)


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


def complete(example: str) -> str:
    """Return a whole definition: an example with the keys that it leaves out.

    An example that starts with keys of the top level is a file, any other one is a feed. A file
    with `feeds` writes its feeds out in full.
    """
    example = dedent(example).strip("\n") + "\n"
    keys = set(_KEY.findall(example))
    if not keys & {*_TOP, "template_values", "_anchors", "feeds"}:
        return _missing(_TOP, set()) + _FEEDS + indent(_missing(FEED, keys) + example, " " * 4)
    rest = "" if "feeds" in keys else _FEEDS + indent(_missing(FEED, set()), " " * 4)
    return _missing(_TOP, keys) + example + rest


def _missing(known: dict[str, str], keys: set[str]) -> str:
    return "".join(text for key, text in known.items() if key not in keys)
