"""CDF111: every template value is used."""

from collections.abc import Iterator

from izoologic_cdf.language.nodes import Entry
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.outline import Site, names_read
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find template values, of the file and of paginations, that nothing reads in the end."""
    everywhere = [site for feed in subject.feeds.values() for site in subject.part(feed)]
    yield from _unused(subject, subject.keys, everywhere)
    for feed in subject.feeds.values():
        paging = subject.under(subject.http(feed), "pagination")
        readers = [paging[key].value for key in ("condition", "params") if key in paging]
        yield from _unused(subject, paging, subject.sites(*readers))


def _unused(subject: Subject, keys: dict[str, Entry], sites: list[Site]) -> Iterator[Finding]:
    used = names_read(sites, subject.values(keys))
    for name, entry in subject.under(keys, "template_values").items():
        if name not in used:
            yield subject.document.finding(
                entry.key_node,
                f"the template value {name!r} is used nowhere",
                "remove it, or name it in an expression",
            )


RULE = Rule(
    code="CDF111",
    name="template-value-used",
    what="A template value of the file is named by an expression of a feed, one of a pagination by "
    "its condition or its params; by way of other template values that are used, too.",
    why="A value that nothing reads is a remnant, or the other half of a mistyped name; whoever "
    "corrects it on the platform changes nothing.",
    bad="""
    template_values:
      page_size: 100
    """,
    good="""
    template_values:
      page_size: 100
    feeds:
      Example Cases:
        category: Commercial
        namespace: threatq.feeds.example.example_cases
        default_indicator_status: Active
        source:
          http:
            url: https://api.example.com/cases
            params: {since: !expr run_meta.since, limit: !expr page_size}
    """,
    check=check,
)
