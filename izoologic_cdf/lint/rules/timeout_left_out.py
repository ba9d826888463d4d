"""CDF302: no source has a `timeout`."""

from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find sources with a `timeout`."""
    for feed in subject.feeds.values():
        entry = subject.http(feed).get("timeout")
        if entry:
            yield subject.document.finding(
                entry.key_node,
                "not every version of ThreatQ knows timeout",
                "leave it out: the platform has a time-out of its own",
            )


RULE = Rule(
    code="CDF302",
    name="timeout-left-out",
    what="A source has no `timeout`.",
    why="A public definition had it, and took it out again as not supported in all versions of "
    "ThreatQ. Here it is honoured.",
    bad="""
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
        timeout: 120
    """,
    good="""
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
    """,
    check=check,
)
