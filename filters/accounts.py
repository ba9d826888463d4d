"""The leaked accounts of a DLR case (I-36)."""

from typing import Any

from ._shared import IS_LIST, Examples, Native, constants, elements, identity, is_object, template

__all__ = ["per_row"]

EXAMPLES: Examples = {}
NATIVE: Native = {}

_PRIMARY = "dataLossRecoveryPrimaryDetail"
_DETAIL = "dataLossRecoveryDetail"


def per_row(value: Any) -> list[dict[str, Any]]:
    """Repeat a DLR record for each of its accounts: `names.dlr`'s record in, copies of it out.

    In each copy `dataLossRecoveryDetail` is one row, and `dataLossRecoveryPrimaryDetail` is gone.
    Primary rows come first; equal rows count once. Source: I-36, F22.
    """
    if not is_object(value):
        return []
    rows = [*elements(value.get(_PRIMARY)), *elements(value.get(_DETAIL))]
    distinct = {identity(row): row for row in rows if is_object(row)}
    case = {key: value[key] for key in value if key != _PRIMARY}
    return [{**case, _DETAIL: row} for row in distinct.values()]


EXAMPLES["per_row"] = [
    (
        {
            "caseId": "DLR#a",
            _PRIMARY: [{"email": "b@example.com"}],
            _DETAIL: [{"email": "a@example.com"}, {"email": "b@example.com"}],
        },
        [
            {"caseId": "DLR#a", _DETAIL: {"email": "b@example.com"}},
            {"caseId": "DLR#a", _DETAIL: {"email": "a@example.com"}},
        ],
    ),
    (
        {_DETAIL: [{"email": "A@example.com"}, {"email": "a@example.com"}]},
        [{_DETAIL: {"email": "A@example.com"}}, {_DETAIL: {"email": "a@example.com"}}],
    ),
    (
        {_DETAIL: [{"isExecutiveAccount": True}, {"isExecutiveAccount": 1}, None]},
        [{_DETAIL: {"isExecutiveAccount": True}}, {_DETAIL: {"isExecutiveAccount": 1}}],
    ),
    ({"caseId": "DLR#a", _PRIMARY: None, _DETAIL: []}, []),
    ([], []),
    (None, []),
]
NATIVE["per_row"] = template(
    IS_LIST,
    constants(primary=_PRIMARY, detail=_DETAIL),
    """\
{% set copies = namespace(rows=[], seen=[], case=[], found=[]) %}
{% if value is mapping %}
  {% for name in [primary, detail] %}
    {% set copies.rows = copies.rows + (value.get(name) if is_list(value.get(name)) else []) %}
  {% endfor %}
  {% for k, v in value | dictsort(case_sensitive=true) %}
    {% if k != primary %}{% set copies.case = copies.case + [[k, v]] %}{% endif %}
  {% endfor %}
{% endif %}
{% for row in copies.rows %}
  {% if row is mapping and row | tojson not in copies.seen %}
    {% set copies.seen = copies.seen + [row | tojson] %}
    {% set copies.found = copies.found + [dict(copies.case + [[detail, row]])] %}
  {% endif %}
{% endfor %}
{{ copies.found | tojson }}
""",
)
