"""CDF101: no key is read in the `set` block that makes it."""

from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find reads of a key that the same block makes; a key made out of itself was there before."""
    for misread in subject.flow.same_block:
        key = misread.read.path[0]
        line = misread.made.node.start_mark.line + 1 if misread.made else 0
        yield subject.document.finding(
            subject.position(misread.site, misread.read, 1),
            f"{key!r} is made in this very set block, at line {line}, and can't be read in it",
            "make it in a set block of its own before this one",
        )


RULE = Rule(
    code="CDF101",
    name="set-reads-before-block",
    what="An expression of a `set` block does not read a key that the same block makes. A key "
    "that is made out of itself, or was set before, may be read.",
    why="All right-hand sides of a `set` see the value as it was before the block, whatever their "
    "order: the key that is made beside it is still missing, and missing is null.",
    bad="""
    filters:
      - parse-json
      - set:
          host: !expr value.url.split('/')[2]
          title: !expr value.host ~ ' is phishing'
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.title, description: !expr data.host}]
    """,
    good="""
    filters:
      - parse-json
      - set:
          host: !expr value.url.split('/')[2]
      - set:
          title: !expr value.host ~ ' is phishing'
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.title, description: !expr data.host}]
    """,
    check=check,
)
