"""CDF010: no key is read by the name of a dict's method (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.METHOD_AS_KEY,
    name="key-is-no-method",
    what="The names of a mapping's methods (items, keys, values, copy, update, get, pop, ...) are "
    "not read as keys with a dot.",
    why="`value.items` is the method whatever the data holds, so it is true and never the list.",
    bad="""
    filters:
      - parse-json
      - new: !expr value.items
    """,
    good="""
    filters:
      - parse-json
      - new: !expr value.get('items')
    """,
)
