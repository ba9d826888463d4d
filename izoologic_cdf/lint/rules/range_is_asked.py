"""CDF109: the source of a primary feed uses the range of the run."""

from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.outline import names_read
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find primary feeds whose source reads `run_meta` neither itself nor by a template value."""
    for feed in subject.primary_feeds:
        if "source" not in feed.keys:
            continue
        if "run_meta" not in names_read(subject.part(feed, "source"), subject.template_values):
            yield subject.document.finding(
                feed.key_node,
                f"the source of {feed.name!r} does not use run_meta, so no manual run is offered",
                "ask for run_meta.since (and run_meta.until where the API takes it)",
            )


RULE = Rule(
    code="CDF109",
    name="range-is-asked",
    what="The source of a primary feed reads `run_meta`, itself or by a template value.",
    why="The platform offers a manual run only for such a feed; and a feed that asks for "
    "everything every time gets slower with every day.",
    bad="""
    source:
      http:
        url: https://api.example.com/cases
    """,
    good="""
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
    """,
    check=check,
)
