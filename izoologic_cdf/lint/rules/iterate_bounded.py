"""CDF113: what an `iterate` goes through has an end."""

from collections.abc import Iterator

from izoologic_cdf.language.model import PAGINATION_NAMES
from izoologic_cdf.language.nodes import TAGS, ScalarNode
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.outline import FeedOutline, names_read, walk, word
from izoologic_cdf.lint.rule import Rule, Subject

# what bounds the list that a called feed asks for: one item of its caller, or a range
_BOUNDS = {"run_params", "run_meta"}


def check(subject: Subject) -> Iterator[Finding]:
    """Find paginations without an end, and called feeds that list everything at each call."""
    for feed in subject.feeds.values():
        yield from _pages(subject, feed)
        if "source" not in feed.keys or "filters" not in feed.keys or feed.primary:
            continue
        if _BOUNDS & names_read(subject.part(feed, "source"), subject.template_values):
            continue
        iterates = [one for one in walk(feed.keys["filters"].value) if word(one) == "iterate"]
        for node in iterates[:1]:
            yield subject.document.finding(
                node,
                f"nothing bounds this: every call of {feed.name!r} asks for the same whole list",
                "let the source use run_params (one item) or run_meta (a range)",
            )


def _pages(subject: Subject, feed: FeedOutline) -> Iterator[Finding]:
    paging = subject.under(subject.http(feed), "pagination")
    if "condition" not in paging:
        return
    node = paging["condition"].value
    if node.tag not in TAGS and isinstance(node, ScalarNode) and not subject.document.scalar(node):
        return  # never true: there is one page
    if not names_read(subject.sites(node), subject.values(paging)) & set(PAGINATION_NAMES):
        yield subject.document.finding(
            node,
            "this condition reads nothing that changes from page to page, so the pages never end",
            f"let it look at one of {', '.join(PAGINATION_NAMES)}",
        )


RULE = Rule(
    code="CDF113",
    name="iterate-bounded",
    what="The list that an `iterate` goes through has an end that can be seen: the condition of a "
    "pagination reads what changes from page to page, and the source of a called feed that "
    "iterates asks for something of its caller (`run_params`) or for a range (`run_meta`).",
    why="A condition that is always true asks for pages until the platform ends the run. A called "
    "feed that lists everything does so once for each item of its caller: a thousand items of a "
    "thousand rows each are a million. A primary feed without a range is CDF109; an `iterate` "
    "over a list inside of an item is bounded by that list.",
    bad="""
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
        pagination:
          condition: true
          params: {page: !expr page_count}
    filters:
      - parse-json
      - iterate
    """,
    good="""
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
        pagination:
          condition: !expr prev_response_data and prev_response_data | length == 100
          params: {page: !expr page_count}
    filters:
      - parse-json
      - iterate
    """,
    check=check,
)
