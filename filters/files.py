"""Attachments out of the files of a case (I-42)."""

from typing import Any

from ._shared import (
    IS_LIST,
    TEXT,
    Examples,
    Native,
    constants,
    elements,
    is_object,
    missing,
    template,
    text,
)
from .dates import STAMP, stamp

__all__ = ["for_case"]

EXAMPLES: Examples = {}
NATIVE: Native = {}

LONGEST = 255
"""The platform's limit of a name, in characters."""

_LONGEST_EXTENSION = 20
_UNNAMED = "unnamed"
_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
# they make a name read otherwise than it is written
_DIRECTIONS = frozenset(map(chr, (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_REMOVED = dict.fromkeys(map(ord, _CONTROLS | _DIRECTIONS))


def _safe(written: str) -> str:
    """Return the name after the last separator, without what a file name must not hold."""
    last = written.replace("\\", "/").split("/")[-1]
    name = last.translate(_REMOVED).strip()
    if not name.strip("."):
        return _UNNAMED
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > _LONGEST_EXTENSION:
        stem, dot, extension = name, "", ""
    room = LONGEST - len(dot + extension)
    return (stem[:room] + dot + extension).rstrip()


def for_case(value: Any) -> list[dict[str, Any]]:
    """Make the attachments of a case: {"caseId", "files": rows of `names.case`} in, list out.

    An attachment is {"name": safe text of at most 255 characters, "key": what it is told apart
    by, namely case id, original name and upload date, each on its own line, "published_at":
    `YYYY-MM-DD HH:MM:SS` or None, "fileToken": as it came, or None}. Of equal keys the first
    counts. Source: I-42, F20, F22; the contract, "Attachment".
    """
    if not is_object(value):
        return []
    case_id = text(value.get("caseId")).strip()
    found: dict[str, dict[str, Any]] = {}
    for file in elements(value.get("files")):
        if is_object(file):
            raw = file.get("originalFilename")
            original = "" if missing(raw) else text(raw)
            published_at, token = stamp(file.get("dateUploaded")), file.get("fileToken")
            key = f"{case_id}\n{original}\n{published_at or ''}"
            attachment = {
                "name": _safe(original),
                "key": key,
                "published_at": published_at,
                "fileToken": None if missing(token) else token,
            }
            found.setdefault(key, attachment)
    return list(found.values())


def _one(
    name: str, original: str, date: str | None = None, token: str | None = None
) -> dict[str, Any]:
    key = f"a\n{original}\n{date or ''}"
    return {"name": name, "key": key, "published_at": date, "fileToken": token}


def _files(*originals: Any) -> dict[str, Any]:
    return {"caseId": "a", "files": [{"originalFilename": original} for original in originals]}


EXAMPLES["for_case"] = [
    (
        {
            "caseId": " a",
            "files": [
                {"originalFilename": "e.pdf", "dateUploaded": "1672531200", "fileToken": "t1"},
                {"originalFilename": "e.pdf", "dateUploaded": 1672531200, "fileToken": "t2"},
                {"originalFilename": "e.pdf", "dateUploaded": None, "fileToken": " "},
            ],
        },
        [_one("e.pdf", "e.pdf", "2023-01-01 00:00:00", "t1"), _one("e.pdf", "e.pdf")],
    ),
    (_files("../../etc/passwd"), [_one("passwd", "../../etc/passwd")]),
    (_files("C:\\x\\y.txt"), [_one("y.txt", "C:\\x\\y.txt")]),
    (_files("a\x00b\x7fc\x85.txt"), [_one("abc.txt", "a\x00b\x7fc\x85.txt")]),
    (_files("fdp\u202e.exe "), [_one("fdp.exe", "fdp\u202e.exe ")]),
    (_files("\u00e9\U0001f4c4.pdf"), [_one("\u00e9\U0001f4c4.pdf", "\u00e9\U0001f4c4.pdf")]),
    (_files("x" * 300 + ".pdf"), [_one("x" * 251 + ".pdf", "x" * 300 + ".pdf")]),
    (_files("x." + "y" * 300), [_one("x." + "y" * 253, "x." + "y" * 300)]),
    (_files("x" * 254 + " y"), [_one("x" * 254, "x" * 254 + " y")]),
    (_files("x." + "y" * 20), [_one("x." + "y" * 20, "x." + "y" * 20)]),
    (
        _files("a/", "..", None, 7, []),
        [_one("unnamed", "a/"), _one("unnamed", ".."), _one("unnamed", ""), _one("7", "7")],
    ),
    ({"caseId": "a", "files": "e.pdf"}, []),
    (None, []),
]
NATIVE["for_case"] = template(
    IS_LIST,
    TEXT,
    STAMP,
    constants(
        longest=LONGEST,
        longest_extension=_LONGEST_EXTENSION,
        unnamed=_UNNAMED,
        controls="".join(sorted(_CONTROLS)),
        directions="".join(sorted(_DIRECTIONS)),
    ),
    """\
{# the name after the last separator, without what a file name must not hold #}
{% macro safe(written) -%}
{%- set last = written.replace('\\\\', '/').split('/')[-1] -%}
{%- set name = (last | reject('in', controls) | reject('in', directions) | join).strip() -%}
{%- set extension = name.split('.')[-1] -%}
{%- set kept = '.' ~ extension
    if '.' in name and extension | length <= longest_extension else '' -%}
{%- set stem = name[:name | length - kept | length] -%}
{{ (stem[:longest - kept | length] ~ kept).rstrip() if name.strip('.') else unnamed }}
{%- endmacro %}
{% set case_id = text(value.get('caseId')).strip() if value is mapping else '' %}
{% set files = value.get('files') if value is mapping else none %}
{% set found = namespace(ids=[], files=[]) %}
{% for file in (files if is_list(files) else []) %}
  {% if file is mapping %}
    {% set raw, token = file.get('originalFilename'), file.get('fileToken') %}
    {% set original = '' if missing(raw) else text(raw) %}
    {% set published_at = stamp(file.get('dateUploaded')) %}
    {% set key = case_id ~ '\\n' ~ original ~ '\\n' ~ published_at %}
    {% if key not in found.ids %}
      {% set found.ids = found.ids + [key] %}
      {% set found.files = found.files + [{
        'name': safe(original),
        'key': key,
        'published_at': published_at or none,
        'fileToken': none if missing(token) else token}] %}
    {% endif %}
  {% endif %}
{% endfor %}
{{ found.files | tojson }}
""",
)
