"""Attribute names and sources as small numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from izoologic_cdf.library.limits import storable

if TYPE_CHECKING:
    import sqlite3


class Terms(dict[str, int]):
    """The numbers of texts that repeat in every object, remembered between batches.

    `terms[text]` is the number of the text, which gets one inside the open transaction if new.
    Terms are never deleted from the file, so a remembered number stays right, except when the
    transaction that made it is rolled back: `forget` is for that.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, text: str) -> int:
        number = self[text] = self._find_or_make(storable(text))
        return number

    def forget(self) -> None:
        """Forget all numbers, since some may not be in the file any more."""
        self.clear()

    def _find_or_make(self, text: str) -> int:
        found = self._connection.execute("SELECT id FROM term WHERE text = ?", (text,)).fetchone()
        if found is not None:
            return int(found[0])
        made = self._connection.execute("INSERT INTO term (text) VALUES (?)", (text,))
        return int(made.lastrowid or 0)
