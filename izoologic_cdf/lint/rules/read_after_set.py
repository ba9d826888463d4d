"""CDF102: no key is read before any path has set it."""

from collections.abc import Iterator

from izoologic_cdf.language.nodes import ScalarNode
from izoologic_cdf.language.positions import Finding, did_you_mean
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find reads that come too early, and reads of what a value of known keys does not have."""
    for misread in subject.flow.too_early:
        line = misread.made.node.start_mark.line + 1 if misread.made else 0
        yield subject.document.finding(
            subject.position(misread.site, misread.read, 1),
            f"{misread.read.path[0]!r} is read here, and set only afterwards, at line {line}",
            "set it before it is read",
        )
    for misread in subject.flow.absent:
        key = misread.read.path[0]
        yield subject.document.finding(
            subject.position(misread.site, misread.read, 1),
            f"{key!r} is read here, and no step before has set it",
            did_you_mean(key, misread.known),
        )
    for node, known in subject.flow.absent_gets:
        key = str(node.value) if isinstance(node, ScalarNode) else ""
        yield subject.document.finding(
            node, f"{key!r} is read here, and no step before has set it", did_you_mean(key, known)
        )


RULE = Rule(
    code="CDF102",
    name="read-after-set",
    what="A key that the pipeline makes is read after the step that makes it. After `new` with a "
    "mapping all keys are known: there, only keys that were made are read. Keys of the data, "
    "also those that a step makes out of themselves, are never spoken of.",
    why="A missing key is null, so the mistake is silent: a condition never holds, an attribute "
    "never appears.",
    bad="""
    filters:
      - parse-json
      - drop: !expr value.severity_name == 'Info'
      - set: {severity_name: !expr value.severity.name}
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.id, description: !expr data.severity_name}]
    """,
    good="""
    filters:
      - parse-json
      - set: {severity_name: !expr value.severity.name}
      - drop: !expr value.severity_name == 'Info'
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.id, description: !expr data.severity_name}]
    """,
    check=check,
)
