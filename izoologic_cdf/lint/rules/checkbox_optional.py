"""CDF209: a check box is not required."""

from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find boolean fields that must be filled in."""
    for feed in subject.feeds.values():
        for field in feed.fields:
            if field.on("boolean") and field.on("required"):
                yield subject.document.finding(
                    field.keys["required"].key_node,
                    f"the check box {field.name!r} is required",
                    "remove required",
                )


RULE = Rule(
    code="CDF209",
    name="checkbox-optional",
    what="A boolean user field is not required.",
    why="A check box that is required counts as missing while it is not ticked, so everybody "
    "would always have to tick it.",
    bad="""
    user_fields:
      - {name: verify_ssl, label: Verify SSL, boolean: true, required: true}
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
        verify_host_ssl: !expr user_fields.verify_ssl
    """,
    good="""
    user_fields:
      - {name: verify_ssl, label: Verify SSL, boolean: true, default: true}
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
        verify_host_ssl: !expr user_fields.verify_ssl
    """,
    check=check,
)
