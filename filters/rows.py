"""The rows of the two case lists (CaseSync and DLRSyncedCases)."""

from typing import Any

from ._shared import (
    IS_LIST,
    TEXT,
    Examples,
    Fields,
    Native,
    constants,
    elements,
    find,
    fold,
    is_object,
    missing,
    template,
    text,
)
from .dates import EPOCH, epoch

__all__ = ["cases"]

EXAMPLES: Examples = {}
NATIVE: Native = {}

_DATES = ("updatedAt", "modifiedDate", "updatedOn")
_ROW = Fields("caseId", "trackingId", *_DATES)
_NO_OBJECT = "a row of the list is no object"
_NO_ID = "a row of the list has no case id"


def _id(value: Any) -> str | None:
    """Return an id as text; only text and integers are ids."""
    known = isinstance(value, str | int) and not isinstance(value, bool) and not missing(value)
    return (text(value) or None) if known else None


def _case(row: Any) -> dict[str, Any]:
    case: dict[str, Any] = {"caseId": None, "trackingId": None, "updated": None, "error": None}
    if not is_object(row):
        return case | {"error": _NO_OBJECT}
    case_id, tracking_id, *dates = _ROW.of(row).values()
    case["updated"] = next((date for date in map(epoch, dates) if date is not None), None)
    case["caseId"], case["trackingId"] = _id(case_id), _id(tracking_id)
    case["error"] = None if case["caseId"] else _NO_ID
    return case


def _age(case: dict[str, Any]) -> tuple[int, int]:
    """Order by date, undated as the oldest."""
    return (0, 0) if case["updated"] is None else (1, case["updated"])


def cases(value: Any) -> list[dict[str, Any]]:
    """List each case once, in the order in which cases are committed.

    In: the rows as they came. Out: {"caseId": text as it came, "trackingId": text or None,
    "updated": epoch seconds or None, "error": None or one sentence}, ascending by (updated,
    case id), undated cases first, rows in error last. Of several rows of a case (ids compared
    trimmed) the newest counts, of equally new ones the first. Source: I-07, I-11, I-16, I-18; the
    contract, "What is ingested".
    """
    found = [_case(row) for row in elements(value)]
    newest: dict[str, dict[str, Any]] = {}
    for case in found:
        if case["error"] is None:
            known = newest.setdefault(case["caseId"].strip(), case)
            if known is not case and _age(case) > _age(known):
                newest[case["caseId"].strip()] = case
    ordered = sorted(newest.items(), key=lambda item: (_age(item[1]), item[0]))
    return [case for _, case in ordered] + [case for case in found if case["error"] is not None]


def _row(
    case_id: str | None,
    updated: int | None = None,
    *,
    tracking_id: str | None = None,
    error: str | None = None,
) -> dict[str, Any]:
    return {"caseId": case_id, "trackingId": tracking_id, "updated": updated, "error": error}


EXAMPLES["cases"] = [
    (
        [{"caseId": "b", "updatedAt": "20"}, {"caseId": "a", "updatedAt": "20"}],
        [_row("a", 20), _row("b", 20)],
    ),
    (
        [{"caseId": "DLR#n9Ra7KbR3", "modifiedDate": "2024-01-15T10:30:00Z", "TrackingID": 7}],
        [_row("DLR#n9Ra7KbR3", 1705314600, tracking_id="7")],
    ),
    (
        [
            {"caseID": "a", "updatedAt": "10"},
            {"caseId": "a ", "updatedAt": "30"},
            {"caseId": "A", "updatedAt": "20"},
            {"caseId": "a", "updatedAt": None},
        ],
        [_row("A", 20), _row("a ", 30)],
    ),
    ([{"caseId": "a", "updatedAt": "soon", "updatedOn": 5}], [_row("a", 5)]),
    ([{"caseId": "b", "updatedAt": "1"}, {"caseId": 12}], [_row("12"), _row("b", 1)]),
    (
        ["text", {"caseId": " ", "updatedAt": "5"}, {"caseId": "a"}, {"caseId": True}],
        [
            _row("a"),
            _row(None, error=_NO_OBJECT),
            _row(None, 5, error=_NO_ID),
            _row(None, error=_NO_ID),
        ],
    ),
    ([], []),
    (None, []),
]
NATIVE["cases"] = template(
    IS_LIST,
    TEXT,
    EPOCH,
    constants(dates=_DATES, no_object=_NO_OBJECT, no_id=_NO_ID),
    """\
{# an id is text or an integer #}
{% macro case_id(v) -%}
{{ text(v) if (v is string or v is integer) and not missing(v) else '' }}
{%- endmacro %}
{% set cases = namespace(known=[], failed=[], kept=[], last=none) %}
{% for row in (value if is_list(value) else []) %}
  {% if row is not mapping %}
    {% set cases.failed = cases.failed
       + [{'caseId': none, 'trackingId': none, 'updated': none, 'error': no_object}] %}
  {% else %}
""",
    fold("row", "folded"),
    f"""\
    {{% set seconds = namespace(value='') %}}
    {{% for name in dates %}}
      {{% if not seconds.value %}}
        {{% set seconds.value = epoch({find("row", "folded", "name")}) %}}
      {{% endif %}}
    {{% endfor %}}
    {{% set id = case_id({find("row", "folded", "'caseId'")}) %}}
    {{% set tracking = case_id({find("row", "folded", "'trackingId'")}) %}}
""",
    """\
    {% set updated = seconds.value | int if seconds.value else none %}
    {% set case = {'caseId': id or none, 'trackingId': tracking or none,
       'updated': updated, 'error': none if id else no_id} %}
    {% if not id %}
      {% set cases.failed = cases.failed + [case] %}
    {% else %}
      {# age: undated is the oldest; newest: the same the other way round #}
      {% set age = [0, 0] if updated is none else [1, updated] %}
      {% set newest = [id.strip(), 0 - age[0], 0 - age[1]] %}
      {% set cases.known = cases.known
         + [{'case': case, 'newest': newest, 'order': [age, id.strip()]}] %}
    {% endif %}
  {% endif %}
{% endfor %}
{# equal keys keep their order, so the first row of an id is its newest, then first, one #}
{% for row in cases.known | sort(attribute='newest', case_sensitive=true) %}
  {% if row.newest[0] != cases.last %}
    {% set cases.last = row.newest[0] %}
    {% set cases.kept = cases.kept + [row] %}
  {% endif %}
{% endfor %}
{% set ordered = cases.kept | sort(attribute='order', case_sensitive=true) %}
{{ (ordered | map(attribute='case') | list + cases.failed) | tojson }}
""",
)
