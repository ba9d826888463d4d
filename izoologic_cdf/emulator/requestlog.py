"""What the emulator has been asked: never a secret, a bearer, a file token or an unknown value."""

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

MASK = "***"
# values of any other name are masked: whatever a client sends there may be a secret
_SHOWN = frozenset({"lastsyncntime", "lastsynctime", "fromdate", "todate", "caseid", "trackingid"})


class LoggedRequest(NamedTuple):
    """One request of the API; ``token`` is the number of its access token, from 1, or None."""

    endpoint: str | None
    method: str
    path: str
    query: Mapping[str, Any]
    body: Any
    status: int
    token: int | None


def masked(values: Any) -> Any:
    """Return the names and values of a query or body with all but harmless values masked."""
    if not isinstance(values, Mapping):
        return None if values is None else MASK
    return {
        name: value if name.lower() in _SHOWN and isinstance(value, str | int) else MASK
        for name, value in values.items()
    }


class RequestLog:
    """The newest requests, oldest first; counts are over all since the last clear."""

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._entries: deque[LoggedRequest] = deque(maxlen=limit)
        self._counts: Counter[tuple[str | None, int]] = Counter()
        self._spellings: Counter[str] = Counter()

    def add(self, entry: LoggedRequest) -> None:
        """Add one request."""
        with self._lock:
            self._entries.append(entry)
            self._counts[entry.endpoint, entry.status] += 1
            self._spellings.update(list(entry.query))
            if isinstance(entry.body, Mapping):
                self._spellings.update(list(entry.body))

    def limit(self, limit: int) -> None:
        """Keep at most that many entries from now on."""
        with self._lock:
            if limit != self._entries.maxlen:
                self._entries = deque(self._entries, maxlen=limit)

    def clear(self) -> None:
        """Forget entries and counts."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()
            self._spellings.clear()

    def count(self, endpoint: str | None = None, status: int | None = None) -> int:
        """Return how many requests there were, of one endpoint or status if given."""
        with self._lock:
            return sum(
                number
                for (name, code), number in self._counts.items()
                if endpoint in (None, name) and status in (None, code)
            )

    @property
    def spellings(self) -> dict[str, int]:
        """How often each name occurred in a query or body, as it was spelt (I-04)."""
        with self._lock:
            return dict(self._spellings)

    def __iter__(self) -> Iterator[LoggedRequest]:
        with self._lock:
            return iter(list(self._entries))

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def __getitem__(self, index: int) -> LoggedRequest:
        with self._lock:
            return self._entries[index]
