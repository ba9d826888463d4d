"""CDF009: a feed or set that is named exists and is of the right kind (found by the loader)."""

from izoologic_cdf.language import codes
from izoologic_cdf.lint.rule import Rule

RULE = Rule(
    code=codes.NO_SUCH_TARGET,
    name="target-exists",
    what="A feed that is called, and a set that a report names, stand in the same file and are of "
    "the kind that is due.",
    why="A name is only text: nothing else notices that what it names was renamed.",
    bad="""
    report:
      attribute-sets:
        case: {items: [{name: Status, value: !expr data.status}]}
      incident-sets:
        cases:
          items: [{value: !expr data.id}]
          attribute-sets: [cases]
    """,
    good="""
    report:
      attribute-sets:
        case: {items: [{name: Status, value: !expr data.status}]}
      incident-sets:
        cases:
          items: [{value: !expr data.id}]
          attribute-sets: [case]
    """,
)
