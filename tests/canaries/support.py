"""Canaries: texts that occur nowhere else, and the search for them in all that was written."""

import base64
import contextlib
import functools
import html
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

KEY = "CaNaRy+key/9f3A=="
SECRET = 'CaNaRy"secret&7c1B?'
PART = "CaNaRy-token_8e2D"
# an access token of the emulator whose every part is that
TOKEN = f"{PART}.{PART}.{PART}"
PASSWORD = "CaNaRy password: 5d8C!"
# no issuer has this number; its check digit is right
CARD = "5999991234567891"
# what the library holds by mandate (I-38)
MAPPED = "Password"


@functools.cache
def forms(canary: str) -> tuple[bytes, ...]:
    """Return how a text looks when it is written, in each form once."""
    return tuple(dict.fromkeys(_forms(canary)))


def _forms(canary: str) -> Iterator[bytes]:
    """Yield how a text looks when it is written: plain, escaped, URL-encoded, base64."""
    raw = canary.encode()
    for text in (
        canary,
        json.dumps(canary)[1:-1],
        quote(canary),
        quote(canary, safe=""),
        quote_plus(canary),
        quote(canary, safe="").lower(),
        "".join(f"\\u{ord(character):04x}" for character in canary),
        html.escape(canary),
    ):
        yield text.encode()
    yield raw.hex().encode()
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + raw + bytes(2))[first:last]


def found(written: bytes, canaries: Iterable[str]) -> list[str]:
    """Return the canaries of which a part stands in what was written, in any form."""
    return [
        canary
        for canary in canaries
        if any(form in written for part in parts(canary) for form in forms(part))
    ]


def parts(canary: str) -> tuple[str, ...]:
    """Return what must not be left of a text: of a key not even two thirds of it."""
    if canary not in (KEY, SECRET):
        return (canary,)
    third = len(canary) // 3
    return canary, canary[: 2 * third], canary[third:]


def without_passwords(library: Path) -> bytes:
    """Return the bytes of a library file of which only the mapped passwords were taken out."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    with contextlib.closing(copy), contextlib.closing(sqlite3.connect(library)) as connection:
        connection.backup(copy)
        copy.execute("PRAGMA secure_delete = ON")
        copy.execute(
            "DELETE FROM attribute WHERE name IN (SELECT id FROM term WHERE text = ?)", (MAPPED,)
        )
        copy.execute("VACUUM")
        return copy.serialize()


def passwords_left_out(export: str) -> bytes:
    """Return an export without its Password attributes."""
    document: dict[str, Any] = json.loads(export)
    for one in document["objects"]:
        one["attributes"] = [a for a in one["attributes"] if a["name"] != MAPPED]
    return json.dumps(document, ensure_ascii=False).encode()
