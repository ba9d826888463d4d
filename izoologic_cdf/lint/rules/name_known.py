"""CDF008: every name in an expression is available at its place (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.UNKNOWN_NAME,
    name="name-known",
    what="A name of an expression is one of those that exist at its place: `value` in filters, "
    "`data` in a report, `run_params` in a called feed, `user_fields`, `run_meta` and the "
    "template values everywhere.",
    why="A missing key of the data is null, but a name that nobody defines is a mistake, and "
    "often the name of the other section.",
    bad="""
    report:
      incident-sets:
        cases:
          items: [{value: !expr value.id}]
    """,
    good="""
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.id}]
    """,
)
