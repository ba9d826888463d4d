"""The status of a case that does not state one (I-22)."""

from typing import Any

from ._shared import IS_LIST, TEXT, Examples, Native, elements, is_object, missing, template, text
from .dates import EPOCH, epoch

__all__ = ["newest"]

EXAMPLES: Examples = {}
NATIVE: Native = {}


def newest(value: Any) -> str | None:
    """Return the newest status: `incidentStatusLogs` as `names.case` writes it in, text out.

    It is the description of the newest entry that has one, undated entries being the oldest; of
    equally new ones the later in the list. None when no entry has a description. Source: I-22;
    the contract, "Status".
    """
    found: str | None = None
    age: tuple[int, int] = (0, 0)
    for entry in elements(value):
        if is_object(entry):
            description = text(entry.get("incidentStatusDescription"))
            date = epoch(entry.get("updatedOn"))
            entry_age = (0, 0) if date is None else (1, date)
            if not missing(description) and entry_age >= age:
                found, age = description, entry_age
    return found


EXAMPLES["newest"] = [
    (
        [
            {"incidentStatusDescription": "Closed", "updatedOn": "20"},
            {"incidentStatusDescription": "Open", "updatedOn": "10"},
            {"incidentStatusDescription": None, "updatedOn": "30"},
            {"incidentStatusDescription": "Lost", "updatedOn": None},
        ],
        "Closed",
    ),
    (
        [
            {"incidentStatusDescription": "Open", "updatedOn": "10"},
            {"incidentStatusDescription": "Closed", "updatedOn": "1970-01-01T00:00:10Z"},
        ],
        "Closed",
    ),
    (
        [{"incidentStatusDescription": "A"}, {"incidentStatusDescription": "B", "updatedOn": "-5"}],
        "B",
    ),
    ([{"incidentStatusDescription": "A"}, {"incidentStatusDescription": " B "}], " B "),
    ([{"incidentStatusDescription": "null", "updatedOn": "1"}], None),
    ([{"incidentStatusDescription": {}}, None, 5], None),
    ([], None),
    (None, None),
]
NATIVE["newest"] = template(
    IS_LIST,
    TEXT,
    EPOCH,
    """\
{% set newest = namespace(description=none, age=[0, 0]) %}
{% for entry in (value if is_list(value) else []) %}
  {% if entry is mapping %}
    {% set description = text(entry.get('incidentStatusDescription')) %}
    {% set seconds = epoch(entry.get('updatedOn')) %}
    {% set age = [1, seconds | int] if seconds else [0, 0] %}
    {% if not missing(description) and age >= newest.age %}
      {% set newest.description = description %}
      {% set newest.age = age %}
    {% endif %}
  {% endif %}
{% endfor %}
{{ newest.description | tojson }}
""",
)
