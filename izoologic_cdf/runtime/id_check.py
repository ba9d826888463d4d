"""Whether the API heeds the id of the case that it is asked for.

The name of that parameter is a guess, and an API that ignores it answers with any case. The details
of an incident name no case, so what shows it are two cases with the same details, and then an id
that no case has, which gets them too.
"""

import threading
from collections.abc import Callable
from typing import Any

from izoologic_cdf.errors import Cause, ItemError
from izoologic_cdf.runtime.case import Case

# cases whose details are compared, and with how many texts in them
_MAX_COMPARED, _MIN_TEXTS = 32, 5


class IdCheck:
    """What the first cases of a run show of it; the threads of the run share it."""

    def __init__(self, gives: Callable[[Case], bool]) -> None:
        """`gives` requests a case and returns whether there are details; raises ItemError."""
        self._gives = gives
        # by what they say, whose details came first
        self._first: dict[int, str] = {}
        # null until it is known
        self._heeds: bool | None = None
        self._made_up: str | None = None
        # the request for the id that no case has comes back here
        self._lock = threading.RLock()

    def refuses(self, case: Case, details: Any) -> bool:
        """Return whether these are not the details of that case, as far as it can be known."""
        if self._heeds or not isinstance(case.value, dict) or not isinstance(details, dict):
            return False
        if case.id is None or case.id == self._made_up:
            return False
        texts = sorted((key, one) for key, one in details.items() if isinstance(one, str) and one)
        with self._lock:
            first = self._first.setdefault(hash(tuple(texts)), case.id)
            if self._heeds is None and first != case.id and len(texts) >= _MIN_TEXTS:
                self._heeds = self._ask_for_nobody(case, case.value)
            if self._heeds is None and len(self._first) >= _MAX_COMPARED:
                self._heeds = True
            return self._heeds is False and first != case.id

    def _ask_for_nobody(self, case: Case, value: dict[str, Any]) -> bool | None:
        """Return whether an id that no case has gets nothing; null where no answer says so."""
        self._made_up = nobody = f"{case.id}-no-such-case"
        made_up = {key: nobody if one == case.id else one for key, one in value.items()}
        try:
            return not self._gives(
                Case(nobody, None, made_up, window=case.window, asked=case.window)
            )
        except ItemError as error:
            return True if error.cause is Cause.ITEM else None
