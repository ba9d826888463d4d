"""CDF901: a comment that silences a finding says why (found where comments are read)."""

from izoologic_cdf.lint.rule import Rule
from izoologic_cdf.lint.silence import NO_REASON

RULE = Rule(
    code=NO_REASON,
    name="ignore-has-reason",
    what="A comment that silences a finding has a reason after `because`.",
    why="The next maintainer can't tell a decision from a convenience without it.",
    bad="""
    category: Regional  # lint: ignore CDF204
    """,
    good="""
    category: Regional  # lint: ignore CDF204 because our platform has this category
    """,
)
