"""IP addresses in the text that the API calls `ipAddress` (I-31)."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

from ._shared import (
    IS_LIST,
    MISSING,
    TEXT,
    Examples,
    Native,
    elements,
    is_list,
    is_object,
    missing,
    template,
    text,
)

__all__ = ["for_case", "split"]

EXAMPLES: Examples = {}
NATIVE: Native = {}


def _kind(part: str) -> str:
    # every IPv6 address has a colon, and no IPv4 address has one
    parse, kind = (IPv6Address, "ipv6") if ":" in part else (IPv4Address, "ipv4")
    try:
        if "%" not in part:  # a zone means something on its own machine only
            parse(part)
            return kind
    except ValueError:
        pass
    return "other"


def split(value: Any) -> dict[str, list[str]]:
    """Sort addresses by kind: text, or a list of texts, in; {"ipv4", "ipv6", "other"} out.

    Text is split on commas, semicolons and blanks; the parts stay as they came, each once, in
    their order. A missing value or an object has none. Source: I-31; the contract, "IP text".
    """
    parts: list[str] = []
    for element in value if is_list(value) else [value]:
        parts += text(element).replace(",", " ").replace(";", " ").split()
    sorted_parts: dict[str, list[str]] = {"ipv4": [], "ipv6": [], "other": []}
    for part in dict.fromkeys(part for part in parts if not missing(part)):
        sorted_parts[_kind(part)].append(part)
    return sorted_parts


EXAMPLES["split"] = [
    ("192.0.2.1", {"ipv4": ["192.0.2.1"], "ipv6": [], "other": []}),
    (
        "192.0.2.1, 2001:DB8::1;192.0.2.1 example.com",
        {"ipv4": ["192.0.2.1"], "ipv6": ["2001:DB8::1"], "other": ["example.com"]},
    ),
    (
        ["192.0.2.1", "192.0.2.2,192.0.2.3", None, {}],
        {"ipv4": ["192.0.2.1", "192.0.2.2", "192.0.2.3"], "ipv6": [], "other": []},
    ),
    (
        "192.0.2.01 192.0.2.256 192.0.2 192.0.2.1/32",
        {
            "ipv4": [],
            "ipv6": [],
            "other": ["192.0.2.01", "192.0.2.256", "192.0.2", "192.0.2.1/32"],
        },
    ),
    (
        ":: ::ffff:192.0.2.1 2001:db8:0:0:0:0:0:1 2001:db8::1:2:3:4:5",
        {
            "ipv4": [],
            "ipv6": [
                "::",
                "::ffff:192.0.2.1",
                "2001:db8:0:0:0:0:0:1",
                "2001:db8::1:2:3:4:5",
            ],
            "other": [],
        },
    ),
    (
        "::: 1::2::3 2001:db8::12345 fe80::1%eth0 192.0.2.1:: ::1:2:3:4:5:6:7:8 :1:2:3:4:5:6:7",
        {
            "ipv4": [],
            "ipv6": [],
            "other": [
                ":::",
                "1::2::3",
                "2001:db8::12345",
                "fe80::1%eth0",
                "192.0.2.1::",
                "::1:2:3:4:5:6:7:8",
                ":1:2:3:4:5:6:7",
            ],
        },
    ),
    (3221225985, {"ipv4": [], "ipv6": [], "other": ["3221225985"]}),
    ("N/A", {"ipv4": [], "ipv6": [], "other": ["N/A"]}),
    ("null", {"ipv4": [], "ipv6": [], "other": []}),
    (None, {"ipv4": [], "ipv6": [], "other": []}),
    ({"ip": "192.0.2.1"}, {"ipv4": [], "ipv6": [], "other": []}),
]
NATIVE["split"] = template(
    IS_LIST,
    MISSING,
    TEXT,
    """\
{# four numbers up to 255, without leading zeros #}
{% macro ipv4(t) -%}
{%- set parts, bad = t.split('.'), namespace(found=false) -%}
{%- for part in parts -%}
  {%- if not part or part.strip('0123456789') or part | length > 3 or part | int > 255
      or (part | length > 1 and part[0] == '0') -%}
    {%- set bad.found = true -%}
  {%- endif -%}
{%- endfor -%}
{{ 'yes' if parts | length == 4 and not bad.found else '' }}
{%- endmacro %}
{# eight groups of up to four hex digits, fewer with one '::'; the last two may be an IPv4 #}
{% macro ipv6(t) -%}
{%- set last = t.split(':')[-1] -%}
{%- set plain = t[:t | length - last | length] ~ '0:0' if ipv4(last) else t -%}
{%- set halves, groups = plain.split('::'), namespace(count=0, bad=false) -%}
{%- for half in halves if half -%}
  {%- for group in half.split(':') -%}
    {%- set groups.count = groups.count + 1 -%}
    {%- if not group or group | length > 4 or group.strip('0123456789abcdefABCDEF') -%}
      {%- set groups.bad = true -%}
    {%- endif -%}
  {%- endfor -%}
{%- endfor -%}
{%- set whole = groups.count == 8 if halves | length == 1
    else (halves | length == 2 and groups.count <= 7) -%}
{{ 'yes' if whole and not groups.bad else '' }}
{%- endmacro %}
{% set found = namespace(parts=[], ipv4=[], ipv6=[], other=[]) %}
{% for element in (value if is_list(value) else [value]) %}
  {% set found.parts = found.parts
     + text(element).replace(',', ' ').replace(';', ' ').split() %}
{% endfor %}
{% for part in found.parts | unique(case_sensitive=true) %}
  {% if missing(part) %}
  {% elif ipv4(part) %}{% set found.ipv4 = found.ipv4 + [part] %}
  {% elif ipv6(part) %}{% set found.ipv6 = found.ipv6 + [part] %}
  {% else %}{% set found.other = found.other + [part] %}
  {% endif %}
{% endfor %}
{{ {'ipv4': found.ipv4, 'ipv6': found.ipv6, 'other': found.other} | tojson }}
""",
)


def for_case(value: Any) -> list[dict[str, Any]]:
    """List the addresses of a case that become objects of their own, each with the case's date.

    In: {"addresses": [text], "published_at": what the case has}. Out: {"address", "published_at"}
    for each text of the list, in its order; anything else has none. Source: I-31.
    """
    if not is_object(value):
        return []
    published_at = value.get("published_at")
    return [
        {"address": address, "published_at": published_at}
        for address in elements(value.get("addresses"))
        if isinstance(address, str)
    ]


EXAMPLES["for_case"] = [
    (
        {"addresses": ["192.0.2.1", "2001:db8::1"], "published_at": "2025-08-06 14:28:43"},
        [
            {"address": "192.0.2.1", "published_at": "2025-08-06 14:28:43"},
            {"address": "2001:db8::1", "published_at": "2025-08-06 14:28:43"},
        ],
    ),
    ({"addresses": ["192.0.2.1", None, 7]}, [{"address": "192.0.2.1", "published_at": None}]),
    ({"addresses": "192.0.2.1", "published_at": "2025-08-06 14:28:43"}, []),
    (None, []),
]
NATIVE["for_case"] = template(
    IS_LIST,
    """\
{% set known = value if value is mapping else {} %}
{% set found = namespace(rows=[]) %}
{% for address in (known.get('addresses') if is_list(known.get('addresses')) else []) %}
  {% if address is string %}
    {% set row = {'address': address, 'published_at': known.get('published_at')} %}
    {% set found.rows = found.rows + [row] %}
  {% endif %}
{% endfor %}
{{ found.rows | tojson }}
""",
)
