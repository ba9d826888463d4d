"""CDF005: every step of a pipeline is a known filter (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.UNKNOWN_FILTER,
    name="filter-known",
    what="Every step of a pipeline is a filter of the language, and every Python filter that is "
    "named exists beside the definition.",
    why="A feed with a filter that does not exist fails in its first run, on the platform.",
    bad="""
    filters:
      - parse_json
    """,
    good="""
    filters:
      - parse-json
    """,
)
