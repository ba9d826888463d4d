"""CDF301: no expression uses a name of Python that Jinja2 lacks."""

from collections.abc import Iterator

from izoologic_cdf.language.checks import PYTHON_NOT_JINJA
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.language.sandbox import PYTHON_NAMES
from izoologic_cdf.lint.rule import Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find reads of the names that the language has beside those of Jinja2."""
    sites = [site for feed in subject.feeds.values() for site in subject.part(feed)]
    sites += [site for found in subject.template_values.values() for site in found]
    for site in sites:
        for read in site.code.reads:
            if read.root in PYTHON_NAMES.keys() - subject.template_values.keys():
                yield subject.document.finding(
                    subject.position(site, read),
                    f"{read.root!r} is a name of Python, and plain Jinja2 does not have it",
                    PYTHON_NOT_JINJA[read.root],
                )


RULE = Rule(
    code="CDF301",
    name="names-of-jinja",
    what=f"An expression uses none of the names {', '.join(sorted(PYTHON_NAMES))}.",
    why="They stand in public definitions, so that the platform may add them, and they work here. "
    "Plain Jinja2 has none of them; what it has instead works everywhere.",
    bad="""
    filters:
      - parse-json
      - drop: !expr len(value.rows) == 0
    """,
    good="""
    filters:
      - parse-json
      - drop: !expr value.rows | length == 0
    """,
    check=check,
)
