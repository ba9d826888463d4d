"""Notes out of the communications of a case (I-27, I-35)."""

from typing import Any, Literal, TypedDict

__all__ = ["merged"]


class NoteAttribute(TypedDict):
    """An attribute of a note."""

    name: Literal["Brand", "Posted By"]
    value: list[str]


class Note(TypedDict):
    """A note as the report takes it."""

    value: str
    description: str
    published_at: str | None
    attributes: list[NoteAttribute]


def merged(value: Any) -> list[Note]:
    """Return notes by time; those of one time and subject are one note with all their texts."""
    groups: dict[str, list[dict[str, Any]]] = {}
    names = ("description", "postedBy", "brand", "value")
    for note in sorted(value, key=lambda note: [note["value"].lower(), *map(note.get, names)]):
        groups.setdefault(note["value"].lower(), []).append(note)

    def all_of(notes: list[dict[str, Any]], name: str) -> list[str]:
        return list(dict.fromkeys(note[name] for note in notes if note[name]))

    return [
        {
            "value": notes[0]["value"],
            "description": "\n\n".join(all_of(notes, "description")),
            "published_at": notes[0]["published_at"],
            "attributes": [
                {"name": "Brand", "value": all_of(notes, "brand")},
                {"name": "Posted By", "value": all_of(notes, "postedBy")},
            ],
        }
        for notes in groups.values()
    ]
