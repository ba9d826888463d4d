"""CDF103: every key that is set is read by somebody."""

from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find keys that neither a later step, nor the report, nor a calling feed reads."""
    for made in subject.flow.unread:
        yield subject.document.finding(
            made.node,
            f"{made.key!r} is made here and never read",
            "remove it, or read it in the report",
        )


RULE = Rule(
    code="CDF103",
    name="set-is-read",
    what="A key that `set` makes, or that a supplemental call fills, is read by a later step, by "
    "the report, or by the feed that called this one.",
    why="A key that nobody reads is a remnant, or the other half of a mistyped name.",
    bad="""
    filters:
      - parse-json
      - set: {severity_name: !expr value.severity.name}
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.id, description: !expr data.severity}]
    """,
    good="""
    filters:
      - parse-json
      - set: {severity_name: !expr value.severity.name}
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.id, description: !expr data.severity_name}]
    """,
    check=check,
)
