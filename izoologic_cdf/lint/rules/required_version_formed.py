"""CDF202: the required version of ThreatQ is well-formed."""

import re
from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.outline import word
from izoologic_cdf.lint.rule import Rule, Subject

_BOUND = r"(>=|<=|==|~=|>|<)\s*\d+\.\d+(\.\d+)*"
_FORM = re.compile(rf"{_BOUND}(\s*,\s*{_BOUND})*")


def check(subject: Subject) -> Iterator[Finding]:
    """Find a required version that is not a comparison with a version."""
    entry = subject.keys.get("required_threatq_version")
    text = word(entry.value) if entry else None
    if entry and text is not None and not _FORM.fullmatch(text.strip()):
        yield subject.document.finding(
            entry.value,
            f"the required version {text!r} is not of the form >=5.29.0",
            "write a comparison and a version, several with commas between them",
        )


RULE = Rule(
    code="CDF202",
    name="required-version-formed",
    what="required_threatq_version is a comparison with a version of ThreatQ.",
    why="The platform refuses, or worse accepts, a file whose requirement it can't read.",
    bad="""
    required_threatq_version: "5.29.0"
    """,
    good="""
    required_threatq_version: ">=5.29.0"
    """,
    check=check,
)
