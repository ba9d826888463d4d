"""CDF004: a key stands once in its mapping (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.KEY_TWICE,
    name="key-once",
    what="No key is written twice in one mapping.",
    why="YAML readers keep the last one and say nothing: what the first one says never happens.",
    bad="""
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since}
        params: {limit: 100}
    """,
    good="""
    source:
      http:
        url: https://api.example.com/cases
        params: {since: !expr run_meta.since, limit: 100}
    """,
)
