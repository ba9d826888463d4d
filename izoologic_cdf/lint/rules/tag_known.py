"""CDF003: every YAML tag is one of the language (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.UNKNOWN_TAG,
    name="tag-known",
    what="The tags of a definition are !expr, !tmpl and !json.",
    why="The platform refuses a file with a tag that it does not know.",
    bad="""
    report:
      incident-sets:
        cases:
          items: [{value: !exp data.id}]
    """,
    good="""
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.id}]
    """,
)
