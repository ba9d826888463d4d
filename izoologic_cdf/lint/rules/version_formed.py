"""CDF201: the version of the integration is well-formed."""

import re
from collections.abc import Iterator

from izoologic_cdf.language.nodes import ScalarNode
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.outline import word
from izoologic_cdf.lint.rule import Rule, Subject

_FORM = re.compile(r"\d+\.\d+\.\d+")


def check(subject: Subject) -> Iterator[Finding]:
    """Find a version that is not three numbers, or that YAML reads as a number."""
    entry = subject.keys.get("version")
    text = word(entry.value) if entry else None
    if entry is None or text is None or not isinstance(entry.value, ScalarNode):
        return
    if not _FORM.fullmatch(text):
        yield subject.document.finding(
            entry.value, f"the version {text!r} is not of the form 1.2.3", "write three numbers"
        )


RULE = Rule(
    code="CDF201",
    name="version-formed",
    what="The version of the integration is three numbers with dots between them.",
    why="The platform tells an update from a repetition by it; a shorter one, such as 1.10, is a "
    "number for YAML and becomes 1.1.",
    bad="""
    version: 1.10
    """,
    good="""
    version: "1.10.0"
    """,
    check=check,
)
