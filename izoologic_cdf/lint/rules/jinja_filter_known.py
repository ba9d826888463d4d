"""CDF007: every filter and test in an expression exists (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.UNKNOWN_JINJA_FILTER,
    name="jinja-filter-known",
    what="The filters and the tests that an expression applies are those of Jinja2.",
    why="Filters of Ansible or of Home Assistant are often copied along; no CDF has them.",
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
