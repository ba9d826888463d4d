"""Dates of the API in any form that it writes, and one form that leaves (I-17)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ._shared import MISSING, Examples, Native, missing, template

__all__ = ["epoch", "remarks", "runs_instead", "stamp", "stamp_utc"]

EXAMPLES: Examples = {}
NATIVE: Native = {}

_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO_UNZONED = _ZERO.replace(tzinfo=None)
_SECOND = timedelta(seconds=1)
# the day 0001-01-01 is how an unset .NET date arrives, and no date
_FIRST = (datetime(1, 1, 2, tzinfo=UTC) - _ZERO) // _SECOND
_LAST = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - _ZERO) // _SECOND
_LONGEST_SECONDS = 11
_LARGEST = 10**14
_UNREADABLE = "is no date that can be read; it is left out"
_DAY = 86_400
_SECONDS_END = 10**_LONGEST_SECONDS
# more runs than these are not named one by one
_MOST_RUNS = 24
_NUMBER = re.compile(r"-?([0-9]{1,14})")
_CALENDAR = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(?:\.[0-9]+)?"
    r"(Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?"
)


def _written(value: Any) -> str:
    """Return the text that the grammar of I-17 is asked about."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return str(value) if abs(value) < _LARGEST else "out of range"
    return "of another type"


def epoch(value: Any) -> int | None:
    """Read a date: any value in, seconds since 1970-01-01T00:00:00Z out, None for no date.

    The grammar is I-17's: epoch seconds (milliseconds when more than 11 digits, floored) as
    integer or text, or an ISO 8601 date or date and time, UTC where it names no zone.
    """
    written = _written(value)
    if not written:
        return None
    if number := _NUMBER.fullmatch(written):
        count = int(written)
        if count == 0:
            return None
        seconds = count // 1000 if len(number[1]) > _LONGEST_SECONDS else count
    elif calendar := _CALENDAR.fullmatch(written):
        day, time, zone = calendar.groups()
        if day == "0001-01-01":
            return None
        try:
            moment = datetime.fromisoformat(f"{day}T{time or '00:00:00'}{zone or 'Z'}")
        except ValueError:  # a day that the calendar does not have
            return None
        seconds = (moment - _ZERO) // _SECOND
    else:
        return None
    return seconds if _FIRST <= seconds <= _LAST else None


EXAMPLES["epoch"] = [
    ("1672531200", 1672531200),
    (1672531200, 1672531200),
    ("1672531200999", 1672531200),
    ("-1", -1),
    ("-000000000001", -1),
    ("000000000001", 0),
    ("2024-01-15T10:30:00Z", 1705314600),
    ("2024-01-15 10:30:00.999999999", 1705314600),
    ("2024-01-15T10:30:00+05:30", 1705294800),
    ("2024-01-15", 1705276800),
    ("2024-02-29", 1709164800),
    ("2023-02-29", None),
    ("1970-01-01", 0),
    ("0001-01-02", -62135510400),
    ("0001-01-01T12:00:00-23:00", None),
    ("0001-01-02T00:30:00+01:00", None),
    ("0000-01-01", None),
    ("9999-12-31T23:59:59Z", 253402300799),
    ("9999-12-31T23:59:59-00:01", None),
    ("2024-01-15T24:00:00", None),
    ("2024-01-15T10:30:60", None),
    ("2024-01-15T10:30:00+24:00", None),
    ("2024-01-15T10:30:00z", None),
    ("2024-01-15T10:30", None),
    ("2024-01-15T", None),
    (" 1672531200", None),
    ("+1672531200", None),
    ("\u0661\u0662", None),
    ("123456789012345", None),
    (10**5000, None),
    (1672531200.0, None),
    ("0", None),
    (0, None),
    (True, None),
    ("NULL", None),
    (None, None),
    ([], None),
]

# only what Jinja2 2.11 and 3.1 share; calendar arithmetic after the proleptic Gregorian calendar,
# counted from the first of March so that the leap day is a year's last
EPOCH = (
    MISSING
    + """\
{# seconds since 1970 of a date in any form of the API, as text; '' for no date #}
{% macro epoch(v) -%}
{%- set t = v | string if (v is string or v is integer) and not missing(v) else '' -%}
{%- set shape = namespace(text=t) -%}
{%- for digit in '123456789' -%}
  {%- set shape.text = shape.text.replace(digit, '0') -%}
{%- endfor -%}
{%- set digits = shape.text[1:] if shape.text[:1] == '-' else shape.text -%}
{%- set seconds = namespace(value=none) -%}
{%- if digits and not digits.strip('0') -%}
  {%- if digits | length <= 14 and t | int != 0 -%}
    {%- set seconds.value = t | int // 1000 if digits | length > 11 else t | int -%}
  {%- endif -%}
{%- elif shape.text[:10] == '0000-00-00' and t[:10] != '0001-01-01'
    and shape.text[10:19] in ['', 'T00:00:00', ' 00:00:00'] -%}
  {%- set rest = shape.text[19:] -%}
  {%- set zone = rest[1:].lstrip('0') if rest[:2] == '.0' else rest -%}
  {%- set year, month, day = t[:4] | int, t[5:7] | int, t[8:10] | int -%}
  {%- set hour, minute, second = t[11:13] | int, t[14:16] | int, t[17:19] | int -%}
  {%- set signed = zone in ['+00:00', '-00:00'] -%}
  {%- set hours, minutes = (t[-5:-3] | int, t[-2:] | int) if signed else (0, 0) -%}
  {%- set leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) -%}
  {%- set february = 29 if leap else 28 -%}
  {%- set lengths = [0, 31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] -%}
  {%- if (signed or zone in ['', 'Z']) and year >= 1 and 1 <= month <= 12
      and 1 <= day <= lengths[month] and hour <= 23 and minute <= 59 and second <= 59
      and hours <= 23 and minutes <= 59 -%}
    {%- set y = year - 1 if month <= 2 else year -%}
    {%- set days = 365 * y + y // 4 - y // 100 + y // 400
        + (153 * ((month + 9) % 12) + 2) // 5 + day - 719469 -%}
    {%- set offset = hours * 3600 + minutes * 60 -%}
    {%- set seconds.value = days * 86400 + hour * 3600 + minute * 60 + second
        + (offset if t[-6] == '-' else 0 - offset) -%}
  {%- endif -%}
{%- endif -%}
{%- if seconds.value is not none and -62135510400 <= seconds.value <= 253402300799 -%}
  {{ seconds.value }}
{%- endif -%}
{%- endmacro %}
"""
)
NATIVE["epoch"] = template(
    EPOCH,
    """\
{% set seconds = epoch(value) %}
{{ (seconds | int if seconds else none) | tojson }}
""",
)


def stamp(value: Any) -> str | None:
    """Write a date as the platform does: any value in, `YYYY-MM-DD HH:MM:SS` (UTC) or None out.

    What counts as a date is I-17's grammar.
    """
    seconds = epoch(value)
    if seconds is None:
        return None
    return (_ZERO_UNZONED + seconds * _SECOND).isoformat(" ")


EXAMPLES["stamp"] = [
    ("1754490523", "2025-08-06 14:28:43"),
    ("2024-01-15T10:30:00Z", "2024-01-15 10:30:00"),
    ("-1", "1969-12-31 23:59:59"),
    ("0001-01-02", "0001-01-02 00:00:00"),
    ("9999-12-31T23:59:59", "9999-12-31 23:59:59"),
    ("1970-01-01", "1970-01-01 00:00:00"),
    ("", None),
    ("yesterday", None),
    (None, None),
]
STAMP = (
    EPOCH
    + """\
{# a date in any form of the API as YYYY-MM-DD HH:MM:SS in UTC; '' for no date #}
{% macro stamp(v) -%}
{%- set seconds = epoch(v) -%}
{%- if seconds -%}
  {%- set days, rest = seconds | int // 86400 + 719468, seconds | int % 86400 -%}
  {%- set era, d = days // 146097, days % 146097 -%}
  {%- set y = (d - d // 1460 + d // 36524 - d // 146096) // 365 -%}
  {%- set d = d - 365 * y - y // 4 + y // 100 -%}
  {%- set m = (5 * d + 2) // 153 -%}
  {%- set month = m + 3 if m < 10 else m - 9 -%}
  {%- set year = y + era * 400 + (1 if month <= 2 else 0) -%}
  {{ '%04d-%02d-%02d %02d:%02d:%02d' | format(year, month, d - (153 * m + 2) // 5 + 1,
     rest // 3600, rest // 60 % 60, rest % 60) }}
{%- endif -%}
{%- endmacro %}
"""
)
NATIVE["stamp"] = template(STAMP, "{{ (stamp(value) or none) | tojson }}\n")


def stamp_utc(value: Any) -> str | None:
    """Write a date with its zone: any value in, `YYYY-MM-DD HH:MM:SS+00:00` or None out.

    The form of the attributes Added Date and Posted Date (I-17).
    """
    written = stamp(value)
    return None if written is None else f"{written}+00:00"


EXAMPLES["stamp_utc"] = [
    ("1754490523", "2025-08-06 14:28:43+00:00"),
    ("2024-01-15T10:30:00+01:00", "2024-01-15 09:30:00+00:00"),
    ("null", None),
    ({}, None),
]
NATIVE["stamp_utc"] = template(
    STAMP,
    """\
{% set written = stamp(value) %}
{{ (written ~ '+00:00' if written else none) | tojson }}
""",
)


def remarks(value: Any) -> list[str]:
    """Say which dates of a record can't be read (I-17).

    In: {field name: value as it came}. Out: a sentence for each that ought to be a date and is
    none, by field name; nothing for dates, and for what quietly means no date: null, booleans,
    blank, `null`, 0.
    """
    if not isinstance(value, dict):
        return []
    fields = sorted(field for field in value if isinstance(field, str))
    return [f"{field} {_UNREADABLE}" for field in fields if _unreadable(value[field])]


def _unreadable(value: Any) -> bool:
    if epoch(value) is not None:
        return False
    written = _written(value)
    # of all numbers only zero quietly means no date
    return not missing(written) and not (_NUMBER.fullmatch(written) and int(written) == 0)


EXAMPLES["remarks"] = [
    ({"addedDate": "1754490523"}, []),
    ({"a": None, "b": False, "c": "  ", "d": "Null", "e": "-0", "f": "000", "g": 0}, []),
    ({"a": "0001-01-01"}, ["a is no date that can be read; it is left out"]),
    ({"a": "2023-02-29"}, ["a is no date that can be read; it is left out"]),
    ({"a": " 2023-02-28"}, ["a is no date that can be read; it is left out"]),
    ({"a": 0.0}, ["a is no date that can be read; it is left out"]),
    (
        {"b": {}, "a": []},
        [
            "a is no date that can be read; it is left out",
            "b is no date that can be read; it is left out",
        ],
    ),
    (None, []),
]
NATIVE["remarks"] = template(
    EPOCH,
    f"""\
{{% set said = namespace(texts=[]) %}}
{{% for field, v in (value if value is mapping else {{}}) | dictsort(case_sensitive=true) %}}
  {{% set t = v | string if v is string or v is integer else '' %}}
  {{% set digits = t[1:] if t[:1] == '-' else t %}}
  {{% set zero = digits and digits | length <= 14 and not digits.strip('0') %}}
  {{% if not (missing(v) or v is boolean or zero or epoch(v)) %}}
    {{% set said.texts = said.texts + [field ~ ' {_UNREADABLE}'] %}}
  {{% endif %}}
{{% endfor %}}
{{{{ said.texts | tojson }}}}
""",
)


def runs_instead(value: Any) -> str:
    """Name the runs that cover a range which is too long for one.

    In: {"since": epoch seconds, "until": epoch seconds, "days": the longest run}. Out: text,
    `YYYY-MM-DD HH:MM:SS to YYYY-MM-DD HH:MM:SS` (UTC, both inclusive) for each run, oldest first,
    joined by `; `, at most 24 of them. Runs count from the midnight before their begin, so that
    requests in whole days fit as well (I-08). Anything else gives the empty text.
    """
    record = value if isinstance(value, dict) else {}
    begin, until, days = (_whole(record.get(key)) for key in ("since", "until", "days"))
    if begin is None or until is None or days is None or days < 1:
        return ""
    runs: list[str] = []
    while begin <= until and len(runs) < _MOST_RUNS:
        end = min(begin - begin % _DAY + days * _DAY - 1, until)
        runs.append(f"{stamp(begin) or begin} to {stamp(end) or end}")
        begin = end + 1
    if begin <= until:
        runs.append(f"and so on until {stamp(until) or until}")
    return "; ".join(runs)


def _whole(value: Any) -> int | None:
    """Return a whole number of at most eleven digits: what epoch seconds can be."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and abs(value) < _SECONDS_END else None


EXAMPLES["runs_instead"] = [
    (
        {"since": 1754490523, "until": 1757082523, "days": 30},
        "2025-08-06 14:28:43 to 2025-09-04 23:59:59; 2025-09-05 00:00:00 to 2025-09-05 14:28:43",
    ),
    ({"since": 86400, "until": 86400, "days": 30}, "1970-01-02 00:00:00 to 1970-01-02 00:00:00"),
    ({"since": 2, "until": 1, "days": 30}, ""),
    ({"since": "2", "until": 10, "days": 30}, ""),
    ({"since": 2, "until": 10, "days": 0}, ""),
    (None, ""),
]
NATIVE["runs_instead"] = template(
    STAMP,
    f"""\
{{% macro whole(v) -%}}
{{{{ 'yes' if v is integer and v is not boolean and v | abs < {_SECONDS_END} else '' }}}}
{{%- endmacro %}}
{{% set record = value if value is mapping else {{}} %}}
{{% set since, until = record.get('since'), record.get('until') %}}
{{% set days = record.get('days') %}}
{{% set runs = namespace(begin=since, texts=[]) %}}
{{% if whole(since) and whole(until) and whole(days) and days >= 1 %}}
  {{% for number in range({_MOST_RUNS}) %}}
    {{% if runs.begin <= until %}}
      {{% set last = [runs.begin - runs.begin % 86400 + days * 86400 - 1, until] | min %}}
      {{% set text = (stamp(runs.begin) or runs.begin) ~ ' to ' ~ (stamp(last) or last) %}}
      {{% set runs.texts = runs.texts + [text] %}}
      {{% set runs.begin = last + 1 %}}
    {{% endif %}}
  {{% endfor %}}
  {{% if runs.begin <= until %}}
    {{% set runs.texts = runs.texts + ['and so on until ' ~ (stamp(until) or until)] %}}
  {{% endif %}}
{{% endif %}}
{{{{ runs.texts | join('; ') | tojson }}}}
""",
)
