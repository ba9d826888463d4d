"""Notes out of the communications of a case (I-27, I-35)."""

from collections.abc import Mapping, Sequence
from typing import Any

from ._shared import (
    IS_LIST,
    TEXT,
    Examples,
    Native,
    constants,
    elements,
    identity,
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
"""The platform's limit of a value, in characters."""

_NO_SUBJECT = "(no subject)"


def _subject(value: Any) -> str:
    """Return a subject without blanks around it and without hyphens at its end (I-27)."""
    subject = "" if missing(value) else text(value).strip()
    return subject[: len(subject.replace("-", " ").rstrip())] or _NO_SUBJECT


def _value(note: dict[str, Any], case_id: str, mark: str = "") -> str:
    """Return `<time> - <subject> - <case id><mark>`, the subject shortened to fit."""
    head = f"{note['published_at']} - " if note["published_at"] else ""
    subject: str = note["subject"]
    tail = f" - {case_id}" if case_id else ""
    fitting = LONGEST - len(head) - len(mark)
    short = subject[: max(fitting, 1)].rstrip()
    if not case_id or case_id in short:
        return head + short + mark
    return head + subject[: max(fitting - len(tail), 1)].rstrip() + tail + mark


def _note(message: Mapping[Any, Any]) -> dict[str, Any]:
    description = text(message.get("message")).replace("\r\n", "\n").rstrip()
    brand, posted_by = message.get("brand"), message.get("postedBy")
    return {
        "published_at": stamp(message.get("createdOn")),
        "subject": _subject(message.get("subject")),
        "description": None if missing(description) else description,
        "brand": None if missing(brand) else brand,
        "postedBy": None if missing(posted_by) else posted_by,
    }


def _distinct(notes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return equal notes once."""
    # messages hardly ever share a time, and to compare whole notes is slow
    if len({note["published_at"] for note in notes}) == len(notes):
        return notes
    return list({identity(note): note for note in notes}.values())


def _rank(value: Any) -> tuple[int, str]:
    """Order missing values first, then texts by code point, then what is no text."""
    if value is None:
        return 0, ""
    return (1, value) if isinstance(value, str) else (2, identity(value))


def _order(note: dict[str, Any]) -> tuple[Any, ...]:
    names = ("description", "postedBy", "brand", "subject")
    return (note["value"], *(_rank(note[name]) for name in names))


def _apart(notes: Sequence[dict[str, Any]], case_id: str) -> None:
    """Give each note a value of its own; `notes` are in order."""
    taken = {note["value"] for note in notes}
    last, number = None, 1
    for note in notes:
        value = note["value"]
        if value != last:
            last, number = value, 1
        else:
            while value in taken:
                number += 1
                value = _value(note, case_id, f" ({number})")
            taken.add(value)
        note["value"] = value


def for_case(value: Any) -> list[dict[str, Any]]:
    """Make the notes of a case: {"caseId", "messages": records of `names.message`} in, list out.

    A note is {"value": text of at most 255 characters, "description": text or None,
    "published_at": `YYYY-MM-DD HH:MM:SS` or None, "brand", "postedBy"}. Equal messages count
    once; different ones that would share a value are told apart by ` (2)`, ` (3)`, whatever
    their order. Sorted by (published_at, value), undated first. Source: I-27, I-35; the
    contract, "Note".
    """
    if not is_object(value):
        return []
    case_id = text(value.get("caseId")).strip()
    messages = elements(value.get("messages"))
    notes = _distinct([_note(message) for message in messages if is_object(message)])
    for note in notes:
        note["value"] = _value(note, case_id)
    # their order among each other counts only where they share a value
    if len({note["value"] for note in notes}) < len(notes):
        notes.sort(key=_order)
        _apart(notes, case_id)
    notes.sort(key=lambda note: (note["published_at"] or "", note["value"]))
    names = ("value", "description", "published_at", "brand", "postedBy")
    return [{name: note[name] for name in names} for note in notes]


def _example(value: str, published_at: str | None = None, **values: Any) -> dict[str, Any]:
    note = {"value": value, "description": None, "published_at": published_at}
    return {**note, "brand": None, "postedBy": None, **values}


EXAMPLES["for_case"] = [
    (
        {
            "caseId": "gz3kEgBWO",
            "messages": [
                {
                    "createdOn": "1754599674",
                    "subject": "New file uploaded for the CASE ID - gz3kEgBWO",
                    "message": "File name\r\ntest_file.txt\r\n",
                    "brand": "ThreatQ",
                    "postedBy": "user@example.com",
                },
                {"createdOn": "1754490523", "subject": "Incident Acknowledgement - "},
            ],
        },
        [
            _example(
                "2025-08-06 14:28:43 - Incident Acknowledgement - gz3kEgBWO", "2025-08-06 14:28:43"
            ),
            _example(
                "2025-08-07 20:47:54 - New file uploaded for the CASE ID - gz3kEgBWO",
                "2025-08-07 20:47:54",
                description="File name\ntest_file.txt",
                brand="ThreatQ",
                postedBy="user@example.com",
            ),
        ],
    ),
    (
        {
            "caseId": " a ",
            "messages": [
                {"subject": "S", "message": "2"},
                {"subject": "S", "message": "1"},
                {"subject": "S -", "message": "1\r\n"},
                {"subject": "S", "message": "null"},
            ],
        },
        [
            _example("S - a"),
            _example("S - a (2)", description="1"),
            _example("S - a (3)", description="2"),
        ],
    ),
    (
        {"caseId": "X1", "messages": [{"subject": None}, {"subject": 7}, {"subject": [1]}, 5]},
        [_example("(no subject) - X1"), _example("7 - X1")],
    ),
    (
        {"caseId": "id", "messages": [{"subject": "x" * 260 + " id"}, {"subject": "y" * 260}]},
        [_example("x" * 250 + " - id"), _example("y" * 250 + " - id")],
    ),
    (
        # a mark that is already taken by a subject is passed over
        {
            "caseId": "id",
            "messages": [
                {"subject": "A"},
                {"subject": "A", "brand": "B"},
                {"subject": "A - id (2)"},
            ],
        },
        [_example("A - id"), _example("A - id (2)"), _example("A - id (3)", brand="B")],
    ),
    (
        # neither a cut nor a mark leaves a blank behind or hides the case id
        {
            "caseId": "id",
            "messages": [{"subject": " id" + " " * 260 + "x"}, {"subject": "NULL"}],
        },
        [_example("(no subject) - id"), _example("id")],
    ),
    (
        {"caseId": "id", "messages": [{"subject": "x" * 253 + "id", "brand": b} for b in "AB"]},
        [
            _example("x" * 246 + " - id (2)", brand="B"),
            _example("x" * 253 + "id", brand="A"),
        ],
    ),
    ({"caseId": None, "messages": [{"subject": "-"}]}, [_example("(no subject)")]),
    ({"caseId": "a", "messages": None}, []),
    ([], []),
    (None, []),
]
NATIVE["for_case"] = template(
    IS_LIST,
    TEXT,
    STAMP,
    constants(longest=LONGEST, no_subject=_NO_SUBJECT),
    """\
{# <time> - <subject> - <case id><mark>, the subject shortened to fit #}
{% macro note_value(published_at, subject, case_id, mark) -%}
{%- set head = published_at ~ ' - ' if published_at else '' -%}
{%- set tail = ' - ' ~ case_id if case_id else '' -%}
{%- set fitting = longest - head | length - mark | length -%}
{%- set short = subject[:[fitting, 1] | max].rstrip() -%}
{%- set shorter = subject[:[fitting - tail | length, 1] | max].rstrip() -%}
{{ head ~ (short if not case_id or case_id in short else shorter ~ tail) ~ mark }}
{%- endmacro %}
{% set case_id = text(value.get('caseId')).strip() if value is mapping else '' %}
{% set messages = value.get('messages') if value is mapping else none %}
{% set notes = namespace(found=[], seen=[], taken=[], last=none, number=1, apart=[]) %}
{% for message in (messages if is_list(messages) else []) %}
  {% if message is mapping %}
    {% set raw = message.get('subject') %}
    {% set subject = '' if missing(raw) else text(raw).strip() %}
    {% set subject = subject[:subject.replace('-', ' ').rstrip() | length] or no_subject %}
    {% set description = text(message.get('message')).replace('\\r\\n', '\\n').rstrip() %}
    {% set published_at = stamp(message.get('createdOn')) %}
    {% set brand, posted_by = message.get('brand'), message.get('postedBy') %}
    {% set note = {
      'published_at': published_at or none,
      'subject': subject,
      'description': none if missing(description) else description,
      'brand': none if missing(brand) else brand,
      'postedBy': none if missing(posted_by) else posted_by} %}
    {% if note | tojson not in notes.seen %}
      {% set notes.seen = notes.seen + [note | tojson] %}
      {% set plain = note_value(published_at, subject, case_id, '') %}
      {% set notes.taken = notes.taken + [plain] %}
      {# missing values first, then texts by code point, then what is no text #}
      {% set order = namespace(ranks=[plain]) %}
      {% for v in [note.description, note.postedBy, note.brand, subject] %}
        {% set key = [0, ''] if v is none else ([1, v] if v is string else [2, v | tojson]) %}
        {% set order.ranks = order.ranks + [key] %}
      {% endfor %}
      {% set notes.found = notes.found + [{'note': note, 'plain': plain, 'order': order.ranks}] %}
    {% endif %}
  {% endif %}
{% endfor %}
{# of notes with one value the first keeps it, the others end in (2), (3) #}
{% for row in notes.found | sort(attribute='order', case_sensitive=true) %}
  {% set own = namespace(value=row.plain) %}
  {% if row.plain != notes.last %}
    {% set notes.last = row.plain %}
    {% set notes.number = 1 %}
  {% else %}
    {% for n in range(notes.found | length) %}
      {% if own.value in notes.taken %}
        {% set notes.number = notes.number + 1 %}
        {% set own.value = note_value(row.note.published_at, row.note.subject, case_id,
           ' (' ~ notes.number ~ ')') %}
      {% endif %}
    {% endfor %}
    {% set notes.taken = notes.taken + [own.value] %}
  {% endif %}
  {% set notes.apart = notes.apart + [{
    'order': [row.note.published_at or '', own.value],
    'note': {
      'value': own.value,
      'description': row.note.description,
      'published_at': row.note.published_at,
      'brand': row.note.brand,
      'postedBy': row.note.postedBy}}] %}
{% endfor %}
{% set sorted = notes.apart | sort(attribute='order', case_sensitive=true) %}
{{ sorted | map(attribute='note') | list | tojson }}
""",
)
