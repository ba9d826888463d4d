"""CDF011: no expression ends in a filter that is read once (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.READ_ONCE,
    name="list-is-settled",
    what="An !expr that ends in a filter such as map, select or unique has `list` after it.",
    why="These filters give a generator: it has no length, is always true, and is empty for the "
    "second who reads it.",
    bad="""
    filters:
      - parse-json
      - new: !expr value.rows | map(attribute='id')
    """,
    good="""
    filters:
      - parse-json
      - new: !expr value.rows | map(attribute='id') | list
    """,
)
