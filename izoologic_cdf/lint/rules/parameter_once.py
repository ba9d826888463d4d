"""CDF112: a query parameter stands in the address or in `params`, not in both."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from izoologic_cdf.language.nodes import Node, ScalarNode
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.lint.outline import names_read
from izoologic_cdf.lint.rule import Rule, Subject

# what follows a ? or & and ends in an =
_PARAMETER = re.compile(r"[?&]([^\s?&=#/'\"{}]+)=")


def check(subject: Subject) -> Iterator[Finding]:
    """Find keys of `params`, those of a pagination too, that the address has already."""
    for feed in subject.feeds.values():
        http = subject.http(feed)
        given = {
            unquote(name)
            for key in ("url", "fallback_url")
            if key in http
            for text in _texts(subject, http[key].value)
            for name in _PARAMETER.findall(text)
        }
        for keys in (http, subject.under(http, "pagination")):
            for name, entry in subject.under(keys, "params").items():
                if name in given:
                    yield subject.document.finding(
                        entry.key_node,
                        f"the parameter {name!r} stands in the address of {feed.name!r} as well",
                        "keep it in params, and take it out of the address",
                    )


def _texts(subject: Subject, node: Node) -> Iterator[str]:
    """Yield the text of an address, and of the template values that it is put together from."""
    values = subject.under(subject.keys, "template_values")
    names = names_read(subject.sites(node), subject.template_values)
    for part in [node, *(values[name].value for name in names & values.keys())]:
        if isinstance(part, ScalarNode):
            yield str(part.value)


RULE = Rule(
    code="CDF112",
    name="parameter-once",
    what="A parameter that is written into the address of a source does not stand in its `params`, "
    "or in those of its pagination, as well.",
    why="Both are sent. Some servers take the first, some the last, some a list: a page number "
    "that is in both gives the same page for ever.",
    bad="""
    source:
      http:
        url: https://api.example.com/cases?limit=100
        params: {since: !expr run_meta.since, limit: 50}
    """,
    good="""
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since, limit: 50}
    """,
    check=check,
)
