"""CDF001: the file is YAML that can be read (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.UNREADABLE,
    name="yaml-readable",
    what="The file can be opened, is UTF-8 and is YAML; no alias stands inside its own anchor.",
    why="Nothing of the file can be checked or run before that.",
    bad="""
    filters:
      - parse-json
      - set: {title: !expr value.name
    """,
    good="""
    filters:
      - parse-json
      - set: {title: !expr value.name}
    report:
      incident-sets:
        cases:
          items: [{value: !expr data.title}]
    """,
)
