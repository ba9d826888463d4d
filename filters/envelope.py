"""The envelope that the API puts around every answer (I-14, I-15).

`{"result": ..., "success": true, "message": null, "errorCode": null}`. Every function returns
{"value": ..., "error": None or one sentence}. The sentence holds no data but the error code and the
message of the envelope, each cut to 200 characters.
"""

from typing import Any

from ._shared import (
    IS_LIST,
    MISSING,
    TEXT,
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
    text,
)

__all__ = ["file_error", "record", "rows", "token"]

EXAMPLES: Examples = {}
NATIVE: Native = {}

NO_DATA = "izoo2011"
"""The error code of an answer without data, in lower case (I-15)."""

_NO_ENVELOPE = "the answer is no iZoologic envelope: it has neither success nor result"
_ODD_SUCCESS = "the answer is no iZoologic envelope: its success is neither true nor false"
_REFUSED = "the API refused the request"
_NO_LIST = "the result of the API is no list"
_NO_OBJECT = "the result of the API is no single object"
_NO_TOKEN = "the API answered without a token"  # noqa: S105 a sentence
_LONGEST = 200
_ENVELOPE = Fields("result", "success", "errorCode", "message")
_TOKENS = Fields("accessToken", "token")


def _phrase(value: Any) -> str:
    """Return a code or message on one line, cut, empty when missing."""
    return "" if missing(value) else " ".join(text(value).split())[:_LONGEST]


def _result(value: Any) -> tuple[Any, str | None]:
    """Open an envelope: its result (None when empty) and what is wrong with it."""
    if not is_object(value):
        return None, _NO_ENVELOPE
    result, flag, *reasons = _ENVELOPE.of(value).values()
    success = "" if missing(flag) else text(flag).strip().lower() or "odd"
    code, message = map(_phrase, reasons)
    empty = result is None or result in ([], {})
    if not success and "result" not in {key.lower() for key in value if isinstance(key, str)}:
        return None, _NO_ENVELOPE
    if success not in {"", "true", "false"}:
        return None, _ODD_SUCCESS
    # without a success an error code speaks, unless there is a result to be had
    if success == "false" or (not success and empty and code):
        if code.lower() == NO_DATA:
            return None, None
        reason = ": ".join(part for part in (code, message) if part)
        return None, f"{_REFUSED} ({reason or 'no reason given'})"
    return (None if empty else result), None


_RESULT = (
    IS_LIST
    + MISSING
    + TEXT
    + """\
{% macro phrase(v) -%}
{{ '' if missing(v) else (text(v).split() | join(' '))[:200] }}
{%- endmacro %}
"""
    + constants(
        no_data=NO_DATA, no_envelope=_NO_ENVELOPE, odd_success=_ODD_SUCCESS, refused=_REFUSED
    )
    + """\
{# the result of the envelope, none when empty, and what is wrong with it #}
{% set answer = namespace(result=none, error=none) %}
{% if value is not mapping %}
  {% set answer.error = no_envelope %}
{% else %}
"""
    + fold("value", "folded")
    + f"""\
  {{% set result = {find("value", "folded", "'result'")} %}}
  {{% set flag = {find("value", "folded", "'success'")} %}}
  {{% set code = phrase({find("value", "folded", "'errorCode'")}) %}}
  {{% set message = phrase({find("value", "folded", "'message'")}) %}}
"""
    + """\
  {% set success = '' if missing(flag) else (text(flag).strip().lower() or 'odd') %}
  {% set empty = result is none or result == [] or result == {} %}
  {% if not success and 'result' not in (value | map('lower') | list) %}
    {% set answer.error = no_envelope %}
  {% elif success not in ['', 'true', 'false'] %}
    {% set answer.error = odd_success %}
  {% elif success == 'false' or (not success and empty and code) %}
    {% if code.lower() != no_data %}
      {% set reason = code ~ (': ' if code and message else '') ~ message %}
      {% set answer.error = refused ~ ' (' ~ (reason or 'no reason given') ~ ')' %}
    {% endif %}
  {% elif not empty %}
    {% set answer.result = result %}
  {% endif %}
{% endif %}
"""
)


def rows(value: Any) -> dict[str, Any]:
    """Take the rows of a list answer: parsed JSON in, {"value": list, "error"} out.

    No data is an empty list; a single object counts as a list of one. Source: I-14, I-15, I-18.
    """
    result, error = _result(value)
    if error is not None or result is None:
        return {"value": [], "error": error}
    if is_object(result):
        return {"value": [result], "error": None}
    if is_list(result):
        return {"value": list(result), "error": None}
    return {"value": [], "error": _NO_LIST}


EXAMPLES["rows"] = [
    ({"result": [{"caseId": "a"}], "success": True}, {"value": [{"caseId": "a"}], "error": None}),
    ({"result": {"caseId": "a"}, "success": True}, {"value": [{"caseId": "a"}], "error": None}),
    ({"Result": [1], "SUCCESS": " True "}, {"value": [1], "error": None}),
    ({"result": [1]}, {"value": [1], "error": None}),
    ({"result": None, "success": True}, {"value": [], "error": None}),
    ({"result": {}, "success": True, "errorCode": ""}, {"value": [], "error": None}),
    ({"success": True}, {"value": [], "error": None}),
    ({"success": False, "errorCode": "IZOO2011"}, {"value": [], "error": None}),
    (
        {"success": False, "errorCode": "iZOO4001", "message": "Invalid\r\nbrand code"},
        {"value": [], "error": f"{_REFUSED} (iZOO4001: Invalid brand code)"},
    ),
    (
        {"success": "false", "errorCode": 7, "message": "Null"},
        {"value": [], "error": f"{_REFUSED} (7)"},
    ),
    (
        {"result": None, "errorCode": "iZOO5000", "message": "x" * 300},
        {"value": [], "error": f"{_REFUSED} (iZOO5000: {'x' * 200})"},
    ),
    ({"success": False}, {"value": [], "error": f"{_REFUSED} (no reason given)"}),
    ({"result": "text", "success": True}, {"value": [], "error": _NO_LIST}),
    ({"result": False, "success": True}, {"value": [], "error": _NO_LIST}),
    ({"result": [], "success": 1}, {"value": [], "error": _ODD_SUCCESS}),
    ({"success": None, "rows": []}, {"value": [], "error": _NO_ENVELOPE}),
    ([{"caseId": "a"}], {"value": [], "error": _NO_ENVELOPE}),
    (None, {"value": [], "error": _NO_ENVELOPE}),
]
NATIVE["rows"] = template(
    _RESULT,
    constants(no_list=_NO_LIST),
    """\
{% set rows = namespace(value=[]) %}
{% if answer.result is mapping %}
  {% set rows.value = [answer.result] %}
{% elif is_list(answer.result) %}
  {% set rows.value = answer.result %}
{% elif answer.result is not none %}
  {% set answer.error = no_list %}
{% endif %}
{{ {'value': rows.value, 'error': answer.error} | tojson }}
""",
)


def record(value: Any) -> dict[str, Any]:
    """Take the object of a detail answer: parsed JSON in, {"value": object, "error"} out.

    The value is None when there is no data; a list of one object counts as that object. Source:
    I-14, I-15, I-18.
    """
    result, error = _result(value)
    single = is_list(result) and len(result) == 1
    item = result[0] if single else result
    if is_object(item):
        return {"value": item or None, "error": None}
    return {"value": None, "error": _NO_OBJECT if single or item is not None else error}


EXAMPLES["record"] = [
    ({"result": {"url": "x"}, "success": True}, {"value": {"url": "x"}, "error": None}),
    ({"result": [{"url": "x"}], "success": True}, {"value": {"url": "x"}, "error": None}),
    ({"result": [{}], "success": True}, {"value": None, "error": None}),
    ({"result": [], "success": True}, {"value": None, "error": None}),
    ({"success": False, "errorCode": "iZOO2011"}, {"value": None, "error": None}),
    ({"result": [{"a": 1}, {"a": 2}], "success": True}, {"value": None, "error": _NO_OBJECT}),
    ({"result": [None], "success": True}, {"value": None, "error": _NO_OBJECT}),
    ({"result": 0, "success": True}, {"value": None, "error": _NO_OBJECT}),
    (
        {"success": False, "message": "gone"},
        {"value": None, "error": f"{_REFUSED} (gone)"},
    ),
    ("<html>", {"value": None, "error": _NO_ENVELOPE}),
]
NATIVE["record"] = template(
    _RESULT,
    constants(no_object=_NO_OBJECT),
    """\
{% set result = answer.result %}
{% set single = is_list(result) and result | length == 1 %}
{% set item = result[0] if single else result %}
{% if item is not mapping and (single or item is not none) %}
  {% set answer.error = no_object %}
{% endif %}
{% set found = item if item is mapping and item else none %}
{{ {'value': found, 'error': answer.error} | tojson }}
""",
)


def token(value: Any) -> dict[str, Any]:
    """Take the access token of a login: parsed JSON in, {"value": text or None, "error"} out.

    The result is an object with `accessToken` or `token`, or the bare token (I-01); a list of one
    counts as its element. Whatever holds no token is an error; an error never quotes one.
    """
    result, error = _result(value)
    if error is not None:
        return {"value": None, "error": error}
    if is_list(result) and len(result) == 1:
        result = result[0]
    for candidate in _TOKENS.of(result).values() if is_object(result) else [result]:
        if isinstance(candidate, str) and not missing(candidate):
            return {"value": candidate.strip(), "error": None}
    return {"value": None, "error": _NO_TOKEN}


EXAMPLES["token"] = [
    (
        {"result": {"accessToken": "opaque"}, "success": True, "message": "", "errorCode": ""},
        {"value": "opaque", "error": None},
    ),
    ({"result": {"accesstoken": " opaque\n"}}, {"value": "opaque", "error": None}),
    ({"result": {"accessToken": "", "Token": "opaque"}}, {"value": "opaque", "error": None}),
    ({"result": "opaque", "success": True}, {"value": "opaque", "error": None}),
    ({"result": [{"token": "opaque"}]}, {"value": "opaque", "error": None}),
    ({"result": {"accessToken": None}, "success": True}, {"value": None, "error": _NO_TOKEN}),
    ({"result": 7, "success": True}, {"value": None, "error": _NO_TOKEN}),
    ({"success": True}, {"value": None, "error": _NO_TOKEN}),
    (
        {"success": False, "errorCode": "AUTH_FAILED", "message": "Invalid credentials"},
        {"value": None, "error": f"{_REFUSED} (AUTH_FAILED: Invalid credentials)"},
    ),
    ("opaque", {"value": None, "error": _NO_ENVELOPE}),
]
NATIVE["token"] = template(
    _RESULT,
    constants(no_token=_NO_TOKEN),
    """\
{% set result = answer.result %}
{% set item = result[0] if is_list(result) and result | length == 1 else result %}
{% set token = namespace(value=none, candidates=[item]) %}
{% if item is mapping %}
""",
    fold("item", "names"),
    f"""\
  {{% set token.candidates = [
    {find("item", "names", "'accessToken'")},
    {find("item", "names", "'token'")}] %}}
""",
    """\
{% endif %}
{% for candidate in token.candidates %}
  {% if token.value is none and candidate is string and not missing(candidate) %}
    {% set token.value = candidate.strip() %}
  {% endif %}
{% endfor %}
{% if token.value is none and answer.error is none %}{% set answer.error = no_token %}{% endif %}
{{ {'value': token.value, 'error': answer.error} | tojson }}
""",
)

_FILE_ERROR = "the API answered with an error envelope instead of the file"
_LARGEST_ENVELOPE = 65_536
_FAILURES = ('"success":false', '"success":"false"')


def _outermost(written: str) -> str:
    """Return what stands directly in the one object that the text is, blanks left out.

    Empty when the text is not one object from end to end.
    """
    kept: list[str] = []
    depth, quoted, escaped, ends = 0, False, False, 0
    for character in written:
        if quoted:
            if depth == 1:
                kept.append(character)
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
            continue
        if character == '"':
            quoted = True
        depth += (character in "{[") - (character in "}]")
        ends += depth <= 0
        if depth == 1 and not character.isspace():
            kept.append(character)
    return "".join(kept) if depth == 0 and ends == 1 and not quoted else ""


def file_error(value: Any) -> str | None:
    """Tell an error envelope from a file: bytes of a download in, None or one sentence out.

    An envelope is a JSON object of at most 65,536 bytes whose own `success` is false, as boolean
    or text. Anything else is a file: other bytes, and a value that is no bytes (a large file).
    Source: F19.
    """
    if not isinstance(value, bytes | bytearray) or len(value) > _LARGEST_ENVELOPE:
        return None
    written = value.decode("utf-8", "replace").lstrip("\ufeff").strip()
    if not (written.startswith("{") and written.endswith("}")):
        return None
    own = _outermost(written).lower()
    return _FILE_ERROR if any(failure in own for failure in _FAILURES) else None


EXAMPLES["file_error"] = [
    (b'{"result":null,"success":false,"message":"Invalid token"}', _FILE_ERROR),
    (b'\xef\xbb\xbf \r\n{"Success" :\tFALSE}\n', _FILE_ERROR),
    (b'{"SUCCESS":"False"}', _FILE_ERROR),
    (b'{"success":false}'.ljust(_LARGEST_ENVELOPE), _FILE_ERROR),
    (b'{"success":false,"broken \xff":1}', _FILE_ERROR),
    (b'{"result":[{"a":"}"}],"success":false}', _FILE_ERROR),
    (b'{"success":true,"result":[]}', None),
    (b'{"evidence":{"success":false}}', None),
    (b'[{"success":false}]', None),
    (b'{"note":"\\"success\\":false"}', None),
    (b'{"success":false}\n{"success":true}', None),
    (b'{"success":false', None),
    (b'{"success":false,"result":"}', None),
    (b'{"success":false}'.ljust(_LARGEST_ENVELOPE + 1), None),
    (b"{\\rtf1 test}", None),
    (b"test file", None),
    (b"", None),
    ('{"success":false}', None),
    (None, None),
]
NATIVE["file_error"] = template(
    constants(file_error=_FILE_ERROR, failures=list(_FAILURES)),
    """\
{# only bytes can be decoded; a key `decode` of an object does not count #}
{% set small = value is not mapping and value is not string and value is not none
   and value.decode is defined and value.decode is not none and value | length <= 65536 %}
{% set written = value.decode('utf-8', 'replace').lstrip('\\ufeff').strip() if small else '' %}
{% set at = namespace(depth=0, quoted=false, escaped=false, ends=0) %}
{# what stands directly in the outermost object, without blanks #}
{% set own %}
  {%- if written[:1] == '{' and written[-1:] == '}' -%}
    {%- for c in written -%}
      {%- if at.quoted -%}
        {%- if at.depth == 1 -%}{{ c }}{%- endif -%}
        {%- set at.quoted = at.escaped or c != '"' -%}
        {%- set at.escaped = c == '\\\\' and not at.escaped -%}
      {%- else -%}
        {%- if c == '"' -%}{%- set at.quoted = true -%}{%- endif -%}
        {%- if c in '{[' -%}{%- set at.depth = at.depth + 1 -%}{%- endif -%}
        {%- if c in '}]' -%}{%- set at.depth = at.depth - 1 -%}{%- endif -%}
        {%- if at.depth <= 0 -%}{%- set at.ends = at.ends + 1 -%}{%- endif -%}
        {%- if at.depth == 1 and c.strip() -%}{{ c }}{%- endif -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{% endset %}
{% set whole = at.depth == 0 and at.ends == 1 and not at.quoted %}
{% set found = failures[0] in own | lower or failures[1] in own | lower %}
{{ (file_error if whole and found else none) | tojson }}
""",
)
