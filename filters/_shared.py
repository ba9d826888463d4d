"""What several filters share: reading data of uncertain shape, once in Python and once natively.

Each Python helper stands beside the Jinja2 text that says the same for the native forms.
"""

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

Examples = dict[str, list[tuple[Any, Any]]]
"""Function name -> rows of (value in, value out)."""

Native = dict[str, str]
"""Function name -> YAML text: a list of platform filters."""


_LISTS = (list, tuple)
# a dict is found at once, while the abstract class must be asked about every value
_OBJECTS = (dict, Mapping)


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Tell whether a value is a JSON list (text and bytes are none)."""
    return isinstance(value, _LISTS)


def is_object(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Tell whether a value is a JSON object."""
    return isinstance(value, _OBJECTS)


def elements(value: Any) -> Sequence[Any]:
    """Return the elements of a list, nothing for any other value."""
    return value if is_list(value) else []


# a mapping has a length and subscripts too, so it must be named
IS_LIST = """\
{% macro is_list(v) -%}
{{ 'yes' if v is sequence and v is not string and v is not mapping else '' }}
{%- endmacro %}
"""


def missing(value: Any) -> bool:
    """Tell whether a value means nothing: null, blank text, or the text `null` in any case.

    Source: the contract, "What is ingested". False and 0 are values.
    """
    if value is None:
        return True
    if not isinstance(value, str):
        return False
    word = value.strip()
    # by its length alone most text is another word
    return not word or (len(word) == 4 and word.lower() == "null")


MISSING = """\
{% macro missing(v) -%}
{{ 'yes' if v is none or (v is string and v.strip().lower() in ['', 'null']) else '' }}
{%- endmacro %}
"""


def text(value: Any) -> str:
    """Return a scalar as text: text untouched, booleans true/false, numbers in decimal.

    Anything else (null, lists, objects) is empty text.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        try:
            return str(value)
        except ValueError:  # Python refuses to write an integer of thousands of digits
            return ""
    return ""


# one line, because a macro returns every blank that stands in it
TEXT = """\
{% macro text(v) -%}
{{ (v | lower) if v is boolean else (v if v is string or v is number else '') }}
{%- endmacro %}
"""


class Fields:
    """Fields that an object may have, their names matched without regard to case (I-18).

    The names differ in more than case.
    """

    def __init__(self, *names: str) -> None:
        self.names = names
        self._by_folded = {name.lower(): name for name in names}

    def of(self, record: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the value of every name, in the order of the names.

        It is the exact field if that is not null, else the first not null by code point, else None.
        """
        found: dict[str, Any] = dict.fromkeys(self.names)
        others = []
        for key, value in record.items():
            if key in found:
                found[key] = value
            # only these can be a name in another case, and they are few
            elif value is not None and isinstance(key, str):
                others.append(key)
        for key in sorted(others):
            name = self._by_folded.get(key.lower())
            if name is not None and found[name] is None:
                found[name] = record[key]
        return found


def fold(record: str, folded: str) -> str:
    """Return what precedes `find` in a native form: it sets the namespace `folded`."""
    return f"""\
  {{% set {folded} = namespace(pairs=[]) %}}
  {{% for k, v in {record} | dictsort(case_sensitive=true, reverse=true) %}}
    {{% if v is not none %}}
      {{% set {folded}.pairs = {folded}.pairs + [[k | lower, v]] %}}
    {{% endif %}}
  {{% endfor %}}
  {{% set {folded}.fields = dict({folded}.pairs) %}}
"""


def find(record: str, folded: str, name: str) -> str:
    """Return the native form of a value of `Fields`; all three are expressions."""
    exact = f"{record}.get({name})"
    return f"({exact} if {exact} is not none else {folded}.fields.get({name} | lower))"


# made once, because `json.dumps` makes one for each call with options
_CANONICAL = json.JSONEncoder(sort_keys=True, default=repr)
_ESCAPES = tuple((character, f"\\u{ord(character):04x}") for character in "<>&'")


def identity(value: Any) -> str:
    """Return a text that is equal for equal JSON values only (1, 1.0 and true differ).

    It is what the platform's `tojson` writes, so that both forms also sort alike.
    """
    try:
        written = _CANONICAL.encode(value)
    except (TypeError, ValueError, RecursionError):  # odd keys, cycles, endless nesting: no JSON
        return object.__repr__(value)
    for character, escape in _ESCAPES:
        written = written.replace(character, escape)
    return written


def constants(**values: Any) -> str:
    """Return template text that sets each name to a constant (text, numbers, lists of them)."""
    lines = []
    for name, value in values.items():
        literal = json.dumps(value)
        if not isinstance(value, str):  # a line break inside a text would become part of it
            literal = textwrap.fill(literal, 90, subsequent_indent="  ")
        lines.append(f"{{% set {name} = {literal} %}}\n")
    return "".join(lines)


def template(*parts: str) -> str:
    """Return the YAML of a pipeline that renders the parts as one template and parses its JSON."""
    return "- new: !tmpl |\n" + textwrap.indent("".join(parts), "    ") + "- parse-json\n"
