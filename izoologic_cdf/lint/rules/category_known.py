"""CDF204: every primary feed has a category of the platform."""

from collections.abc import Iterator

from izoologic_cdf.language.positions import Finding, did_you_mean
from izoologic_cdf.lint.outline import word
from izoologic_cdf.lint.rule import Rule, Subject

# only Commercial is attested; nobody here could confirm the names of the other sections
CATEGORIES = ("Commercial", "Labs", "OSINT", "STIX/TAXII")


def check(subject: Subject) -> Iterator[Finding]:
    """Find primary feeds without a category, or with one that the platform does not have."""
    for feed in subject.primary_feeds:
        entry = feed.keys.get("category")
        if entry is None:
            yield subject.document.finding(
                feed.key_node,
                f"the feed {feed.name!r} has no category",
                f"add one of {', '.join(CATEGORIES)}",
            )
        elif (category := word(entry.value)) is not None and category not in CATEGORIES:
            yield subject.document.finding(
                entry.value, f"unknown category {category!r}", did_you_mean(category, CATEGORIES)
            )


RULE = Rule(
    code="CDF204",
    name="category-known",
    what=f"Every primary feed has one of the categories {', '.join(CATEGORIES)}.",
    why="The integrations page sorts by category; a feed with another one is hard to find there.",
    bad="""
    category: Comercial
    """,
    good="""
    category: Commercial
    """,
    check=check,
)
