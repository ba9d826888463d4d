"""CDF002: every construct has the keys and the shape of the language (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.SHAPE,
    name="keys-known",
    what="Every construct has only the keys that the language knows, all that it needs, and values "
    "of the right shape.",
    why="A mistyped key that is accepted in silence does nothing, and the feed runs as if it were "
    "not there.",
    bad="""
    source:
      http:
        url: https://api.example.com/cases
        metod: POST
        params: {since: !expr run_meta.since}
    """,
    good="""
    source:
      http:
        url: https://api.example.com/cases
        method: POST
        params: {since: !expr run_meta.since}
    """,
)
