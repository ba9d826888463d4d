"""CDF110: every supplemental or fulfillment feed is called."""

from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find feeds that no primary feed reaches."""
    reached = {feed.name for primary in subject.primary_feeds for feed in subject.reached(primary)}
    for feed in subject.feeds.values():
        if feed.name not in reached:
            yield subject.document.finding(
                feed.key_node,
                f"no primary feed calls {feed.name!r}",
                "call it from a pipeline or a report, or remove it",
            )


RULE = Rule(
    code="CDF110",
    name="feed-is-called",
    what="A supplemental or fulfillment feed is called by a primary feed, or by one that is.",
    why="Such a feed is never offered for installation, so nothing else runs it.",
    bad="""
    feeds:
      Example Cases:
        category: Commercial
        namespace: threatq.feeds.example.example_cases
        default_indicator_status: Active
        source:
          http:
            url: https://api.example.com/cases
            params: {since: !expr run_meta.since}
      Get Case:
        feed_type: supplemental
        source: {http: {url: !tmpl "https://api.example.com/cases/{{ run_params.id }}"}}
    """,
    good="""
    feeds:
      Example Cases:
        category: Commercial
        namespace: threatq.feeds.example.example_cases
        default_indicator_status: Active
        source:
          http:
            url: https://api.example.com/cases
            params: {since: !expr run_meta.since}
        filters:
          - parse-json
          - supplemental: {feed: Get Case, params: {id: !expr value.id}, into: details}
        report:
          incident-sets:
            cases:
              items: [{value: !expr data.details.name}]
      Get Case:
        feed_type: supplemental
        source: {http: {url: !tmpl "https://api.example.com/cases/{{ run_params.id }}"}}
        filters: [parse-json]
    """,
    check=check,
)
