"""CDF902: a comment that silences a finding has one to silence (found where comments are read)."""

from izoologic_cdf.lint.rule import Rule
from izoologic_cdf.lint.silence import SILENCES_NOTHING

RULE = Rule(
    code=SILENCES_NOTHING,
    name="ignore-silences",
    what="A comment that silences a finding names its code and stands where that finding is.",
    why="A comment that is left over hides the next mistake on its line.",
    bad="""
    category: Commercial  # lint: ignore CDF204 because our platform has this category
    """,
    good="""
    category: Commercial
    """,
)
