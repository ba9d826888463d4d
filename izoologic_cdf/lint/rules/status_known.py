"""CDF205: every primary feed says the status of its indicators."""

from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding, did_you_mean
from izoologic_cdf.lint.outline import word
from izoologic_cdf.lint.rule import Rule, Subject

# the statuses of an indicator that a platform comes with
STATUSES = ("Active", "Expired", "Indirect", "Review", "Whitelisted")


def check(subject: Subject) -> Iterator[Finding]:
    """Find primary feeds without default_indicator_status, or with an unknown status."""
    for feed in subject.primary_feeds:
        entry = feed.keys.get("default_indicator_status")
        if entry is None:
            yield subject.document.finding(
                feed.key_node,
                f"the feed {feed.name!r} has no default_indicator_status",
                f"add one of {', '.join(STATUSES)}",
            )
        elif (status := word(entry.value)) is not None and status not in STATUSES:
            yield subject.document.finding(
                entry.value, f"unknown indicator status {status!r}", did_you_mean(status, STATUSES)
            )


RULE = Rule(
    code="CDF205",
    name="status-known",
    what=f"default_indicator_status of every primary feed is one of {', '.join(STATUSES)}.",
    why="An indicator needs a status; one that the platform does not have fails the ingestion.",
    bad="""
    default_indicator_status: Activ
    """,
    good="""
    default_indicator_status: Active
    """,
    check=check,
)
