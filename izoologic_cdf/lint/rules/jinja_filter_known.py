"""CDF007: every filter, test and method in an expression is known (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.UNKNOWN_JINJA_FILTER,
    name="jinja-filter-known",
    what="The filters and tests that an expression applies are those of Jinja2, and the methods "
    "that it calls are those of values that change nothing.",
    why="Filters of Ansible or of Home Assistant are often copied along; no CDF has them. The list "
    "of what is known is closed: nothing on it can take for ever, or make something huge.",
    bad="""
    filters:
      - parse-json
      - drop: !expr value.name | lowercase == 'test'
    """,
    good="""
    filters:
      - parse-json
      - drop: !expr value.name | lower == 'test'
    """,
)
