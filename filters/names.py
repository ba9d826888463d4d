"""Records under the names of the mapping, whatever case the API writes them in (I-18)."""

from collections.abc import Mapping
from typing import Any

from ._shared import (
    IS_LIST,
    MISSING,
    Examples,
    Fields,
    Native,
    constants,
    find,
    fold,
    is_list,
    is_object,
    missing,
    template,
)

__all__ = ["case", "dlr", "message"]

EXAMPLES: Examples = {}
NATIVE: Native = {}

_NO_OBJECT = "the record is no object"

_CASE = (
    *("url", "caseType", "caseDescription", "statusDescription", "brand", "incidentType"),
    *("subIncidentType", "threatType", "description", "impact", "recommendation", "addedDate"),
    *("detectionDate", "clientRef", "ipAddress", "webhost", "webhostCountry", "registrarName"),
    *("nameServer", "mxRecord", "detectedBy", "upTime", "progressStage", "executiveName"),
    *("mobileAppName", "mobileAppVersion", "mobileAppStatus", "mobileAppSignature"),
)
_CASE_LISTS = (
    ("incidentStatusLogs", ("incidentStatusDescription", "updatedOn")),
    ("caseFiles", ("dateUploaded", "originalFilename", "fileToken")),
)
_MESSAGE = ("brand", "createdOn", "subject", "message", "postedBy")
_DLR = (
    *("caseId", "trackingID", "brand", "fileOrBreachName", "severity", "threatActorName"),
    *("threatActorType", "threatActorActivities", "threatActorDetail", "dataType", "subType"),
    *("addedDate", "affectedProperty", "description", "detectedOn"),
)
_ACCOUNT = (
    *("websiteOrServer", "corporateOrPublicAccount", "isExecutiveAccount", "password", "phone"),
    *("address", "userAgent", "recoveredProperty", "postedDate", "ipAddress", "email"),
    "userName",
)
_DLR_LISTS = (("dataLossRecoveryPrimaryDetail", _ACCOUNT), ("dataLossRecoveryDetail", _ACCOUNT))

_Lists = tuple[tuple[str, tuple[str, ...]], ...]


class _Shape:
    """The fields of a record, and those of the rows of each list in it."""

    def __init__(self, names: tuple[str, ...], lists: _Lists) -> None:
        self.fields = Fields(*names, *(name for name, _ in lists))
        self.lists = [(name, Fields(*row_names)) for name, row_names in lists]


def _flat(record: Mapping[Any, Any], fields: Fields) -> dict[str, Any]:
    flat = fields.of(record)
    for name, value in flat.items():
        if value is not None and missing(value):
            flat[name] = None
    return flat


def _nested(value: Any, name: str, fields: Fields) -> tuple[list[Any], str | None]:
    if value is None or value == {}:
        return [], None
    if is_object(value):
        value = [value]
    if not is_list(value):
        return [], f"{name} is neither a list nor an object"
    rows: list[Any] = []
    for position, row in enumerate(value):
        if row is None:
            continue
        if not is_object(row):
            return [], f"{name}[{position}] is no object"
        rows.append(_flat(row, fields))
    return rows, None


def _named(value: Any, shape: _Shape) -> dict[str, Any]:
    if not is_object(value):
        return {"value": None, "error": _NO_OBJECT}
    record = _flat(value, shape.fields)
    for name, fields in shape.lists:
        record[name], error = _nested(record[name], name, fields)
        if error is not None:
            return {"value": None, "error": error}
    return {"value": record, "error": None}


_CASE_SHAPE = _Shape(_CASE, _CASE_LISTS)
_MESSAGE_SHAPE = _Shape(_MESSAGE, ())
_DLR_SHAPE = _Shape(_DLR, _DLR_LISTS)


def _native(names: tuple[str, ...], lists: _Lists) -> str:
    return template(
        IS_LIST,
        MISSING,
        constants(no_object=_NO_OBJECT, names=names, lists=lists),
        """\
{% set record = namespace(pairs=[], error=none) %}
{% if value is not mapping %}
  {% set record.error = no_object %}
{% else %}
""",
        fold("value", "folded"),
        f"""\
  {{% for name in names %}}
    {{% set v = {find("value", "folded", "name")} %}}
    {{% set record.pairs = record.pairs + [[name, none if missing(v) else v]] %}}
  {{% endfor %}}
""",
        f"""\
  {{% for list_name, row_names in lists %}}
    {{% set raw = {find("value", "folded", "list_name")} %}}
"""
        """\
    {% set source = [raw] if raw is mapping and raw != {} else raw %}
    {% set rows = namespace(found=[]) %}
    {% if is_list(source) %}
      {% for row in source %}
        {% if row is mapping %}
          {% set columns = namespace(pairs=[]) %}
""" + fold("row", "folded_row") + f"""\
          {{% for name in row_names %}}
            {{% set v = {find("row", "folded_row", "name")} %}}
            {{% set columns.pairs = columns.pairs + [[name, none if missing(v) else v]] %}}
          {{% endfor %}}
"""
        """\
          {% set rows.found = rows.found + [dict(columns.pairs)] %}
        {% elif row is not none and record.error is none %}
          {% set record.error = list_name ~ '[' ~ loop.index0 ~ '] is no object' %}
        {% endif %}
      {% endfor %}
    {% elif not missing(source) and source != {} and record.error is none %}
      {% set record.error = list_name ~ ' is neither a list nor an object' %}
    {% endif %}
    {% set record.pairs = record.pairs + [[list_name, rows.found]] %}
  {% endfor %}
"""
        if lists
        else "",
        """\
{% endif %}
{% set found = dict(record.pairs) if record.error is none else none %}
{{ {'value': found, 'error': record.error} | tojson }}
""",
    )


def case(value: Any) -> dict[str, Any]:
    """Name the fields of a CaseDetail result: object in, {"value": record, "error"} out.

    The record has every mapped name, null where the field is missing, and no other; values keep
    type and text. The lists `incidentStatusLogs` and `caseFiles` hold records, and are empty for
    null, missing and {}; an object counts as a list of one. Source: I-18, I-22, I-42, F23, F34.
    """
    return _named(value, _CASE_SHAPE)


def _blank(names: tuple[str, ...], lists: _Lists, **values: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {**dict.fromkeys(names), **{name: [] for name, _ in lists}}
    return {"value": empty | values, "error": None}


EXAMPLES["case"] = [
    ({}, _blank(_CASE, _CASE_LISTS)),
    (
        {"URL": "https://example.com", "brand": " ", "statusDescription": "NULL", "upTime": "N/A"},
        _blank(_CASE, _CASE_LISTS, url="https://example.com", upTime="N/A"),
    ),
    (
        {"nameServer": None, "nameserver": "ns2.example.com", "NameServer": "ns1.example.com"},
        _blank(_CASE, _CASE_LISTS, nameServer="ns1.example.com"),
    ),
    (
        {"detectedBy": 1, "impact": False, "clientRef": 0, "statusCode": 1},
        _blank(_CASE, _CASE_LISTS, detectedBy=1, impact=False, clientRef=0),
    ),
    (
        {"incidentStatusLogs": {"UpdatedOn": "1", "remark": "x"}, "caseFiles": {}},
        _blank(
            _CASE,
            _CASE_LISTS,
            incidentStatusLogs=[{"incidentStatusDescription": None, "updatedOn": "1"}],
        ),
    ),
    (
        {"casefiles": [None, {"originalFileName": "a.pdf"}]},
        _blank(
            _CASE,
            _CASE_LISTS,
            caseFiles=[{"dateUploaded": None, "originalFilename": "a.pdf", "fileToken": None}],
        ),
    ),
    (
        {"caseFiles": "evidence.pdf"},
        {"value": None, "error": "caseFiles is neither a list nor an object"},
    ),
    (
        {"caseFiles": [{}, None, 7]},
        {"value": None, "error": "caseFiles[2] is no object"},
    ),
    ([], {"value": None, "error": _NO_OBJECT}),
]
NATIVE["case"] = _native(_CASE, _CASE_LISTS)


def message(value: Any) -> dict[str, Any]:
    """Name the fields of a FetchCaseCommunications row: object in, {"value": record, "error"} out.

    The record has `brand`, `createdOn`, `subject`, `message` and `postedBy`, null where missing;
    values keep type and text. Source: I-18, F23.
    """
    return _named(value, _MESSAGE_SHAPE)


EXAMPLES["message"] = [
    (
        {"caseID": "a", "Brand": "ThreatQ", "createdon": "1754490523", "subject": ""},
        _blank(_MESSAGE, (), brand="ThreatQ", createdOn="1754490523"),
    ),
    ({"message": "text\r\n"}, _blank(_MESSAGE, (), message="text\r\n")),
    (None, {"value": None, "error": _NO_OBJECT}),
    ("text", {"value": None, "error": _NO_OBJECT}),
]
NATIVE["message"] = _native(_MESSAGE, ())


def dlr(value: Any) -> dict[str, Any]:
    """Name the fields of a DLRDetail result: object in, {"value": record, "error"} out.

    As `case`, with the lists `dataLossRecoveryPrimaryDetail` and `dataLossRecoveryDetail`. Card
    data and everything else that is not mapped is gone. Source: I-18, I-36, I-38, I-39.
    """
    return _named(value, _DLR_SHAPE)


EXAMPLES["dlr"] = [
    ({"SubType": "Combo", "Seller": "x"}, _blank(_DLR, _DLR_LISTS, subType="Combo")),
    (
        {"dataLossRecoveryDetail": [{"Email": "user@example.com", "cvv": "123", "phone": "null"}]},
        _blank(
            _DLR,
            _DLR_LISTS,
            dataLossRecoveryDetail=[{**dict.fromkeys(_ACCOUNT), "email": "user@example.com"}],
        ),
    ),
    (
        {"dataLossRecoveryPrimaryDetail": {"isExecutiveAccount": False}},
        _blank(
            _DLR,
            _DLR_LISTS,
            dataLossRecoveryPrimaryDetail=[
                {**dict.fromkeys(_ACCOUNT), "isExecutiveAccount": False}
            ],
        ),
    ),
    (
        {"dataLossRecoveryDetail": True},
        {"value": None, "error": "dataLossRecoveryDetail is neither a list nor an object"},
    ),
]
NATIVE["dlr"] = _native(_DLR, _DLR_LISTS)
