"""CDF006: every expression and template is Jinja2 (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.NO_JINJA,
    name="expression-parses",
    what="An !expr is one Jinja2 expression, a !tmpl is one Jinja2 template.",
    why="Expressions look like Python, and are not: comprehensions, lambdas and f-strings do not "
    "parse, and the feed fails when it gets there.",
    bad="""
    filters:
      - parse-json
      - new: !expr "[row.id for row in value.rows]"
    """,
    good="""
    filters:
      - parse-json
      - new: !expr value.rows | map(attribute='id') | list
    """,
)
