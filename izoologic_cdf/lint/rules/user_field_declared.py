"""CDF104: every user field that is read is declared."""

from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding, did_you_mean
from izoologic_cdf.lint.outline import FeedOutline, Site
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find reads of fields that no form has from which this feed can be run."""
    everything = {field.name for feed in subject.feeds.values() for field in feed.fields}
    for sites in subject.template_values.values():
        yield from _undeclared(subject, sites, everything)
    for feed in subject.feeds.values():
        declared = _declared(subject, feed)
        yield from _undeclared(
            subject, subject.part(feed), everything if declared is None else declared
        )


def _declared(subject: Subject, feed: FeedOutline) -> set[str] | None:
    """Return the fields of a feed and of those that reach it; null where nobody does."""
    callers = [caller for caller in subject.primary_feeds if feed in subject.reached(caller)]
    if not callers:
        return None
    return {field.name for caller in (feed, *callers) for field in caller.fields}


def _undeclared(subject: Subject, sites: list[Site], declared: set[str]) -> Iterator[Finding]:
    for site in sites:
        for read in site.code.reads:
            if read.root == "user_fields" and read.path and read.path[0] not in declared:
                yield subject.document.finding(
                    subject.position(site, read, 1),
                    f"there is no user field {read.path[0]!r}",
                    did_you_mean(read.path[0], declared) or "declare it under user_fields",
                )


RULE = Rule(
    code="CDF104",
    name="user-field-declared",
    what="A user field that an expression reads is declared: by the feed itself, or, for a "
    "supplemental or fulfillment feed, by a primary feed that reaches it.",
    why="A field that the form does not have is always null, whatever the administrator enters.",
    bad="""
    user_fields:
      - {name: page_size, label: Page Size, default: "100"}
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since, limit: !expr user_fields.pagesize | int}
    filters:
      - drop: !expr user_fields.page_size | int == 0
    """,
    good="""
    user_fields:
      - {name: page_size, label: Page Size, default: "100"}
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since, limit: !expr user_fields.page_size | int}
    """,
    check=check,
)
