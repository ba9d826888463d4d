"""Which cases a run has processed, so that one that is listed again is asked for once."""

import json
from collections.abc import Iterable

from izoologic_cdf.library.limits import exact
from izoologic_cdf.library.store import Library

_TABLE = "CREATE TEMP TABLE IF NOT EXISTS feed_worked (case_id TEXT PRIMARY KEY) WITHOUT ROWID"
_CLEAR = "DELETE FROM feed_worked"
_ADD = "INSERT OR IGNORE INTO feed_worked SELECT value FROM json_each(?)"
_KNOWN = "SELECT case_id FROM feed_worked WHERE case_id IN (SELECT value FROM json_each(?))"


class Worked:
    """The ids of one run, in a temporary table: a long run has more of them than memory is for.

    It belongs to the library's connection and is gone with it; no other process sees it, and none
    is kept from writing.
    """

    def __init__(self, library: Library) -> None:
        """Begin with none. All methods raise LibraryError when there is no room for them."""
        self._library = library
        with library.plain_errors():
            library.connection.execute(_TABLE)
            library.connection.execute(_CLEAR)

    def add(self, case_ids: Iterable[str]) -> None:
        """Remember cases."""
        with self._library.plain_errors():
            self._library.connection.execute(_ADD, (json.dumps(list(map(exact, case_ids))),))

    def among(self, case_ids: Iterable[str]) -> set[str]:
        """Return those of the cases that are remembered."""
        # SQLite reads the text of JSON as far as its first NUL: `exact` leaves none
        ids = {exact(case_id): case_id for case_id in case_ids}
        with self._library.plain_errors():
            rows = self._library.connection.execute(_KNOWN, (json.dumps(list(ids)),))
            return {ids[case_id] for (case_id,) in rows}
