"""The cases of one feed: what a scenario gives, and what has been changed since."""

import bisect
import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from izoologic_cdf.emulator.endpoints import DLR_PREFIX

JsonObject = dict[str, Any]


@dataclass(slots=True)
class Case:
    """One case with everything the API tells about it.

    ``contents[i]`` are the bytes of ``detail["caseFiles"][i]`` (None: they cannot be had);
    ``blank`` is what its detail says in ``message`` and ``errorCode`` on success (the guide
    shows both null and "").
    """

    detail: JsonObject
    messages: list[JsonObject] = field(default_factory=list)
    contents: list[bytes | None] = field(default_factory=list)
    blank: str | None = None


class CaseSource(Protocol):
    """Where the cases of a scenario come from; a source never changes."""

    def rows(self) -> Iterable[tuple[int, str]]:
        """Return the rows of the list, (epoch seconds, case id), in any order."""

    def case(self, case_id: str) -> Case | None:
        """Return the case of exactly that id, or None."""

    def resolve(self, tracking_id: str) -> str | None:
        """Return the id of the case with that tracking id, or None."""


class StoredCases:
    """A source that holds its cases in memory."""

    def __init__(
        self, rows: Iterable[tuple[int, str]] = (), cases: Mapping[str, Case] | None = None
    ) -> None:
        self._rows = list(rows)
        self._cases = dict(cases or {})
        self._tracked = {tracking_id(case.detail): name for name, case in self._cases.items()}

    def rows(self) -> Iterable[tuple[int, str]]:
        """Return the rows as given."""
        return self._rows

    def case(self, case_id: str) -> Case | None:
        """Return the case of exactly that id, or None."""
        return self._cases.get(case_id)

    def resolve(self, tracking_id: str) -> str | None:
        """Return the id of the case with that tracking id, or None."""
        return self._tracked.get(tracking_id)


def tracking_id(detail: Mapping[str, Any]) -> str | None:
    """Return the tracking id that a detail tells, or None."""
    value = detail.get("trackingID")
    return value if isinstance(value, str) else None


class Register:
    """The list and the cases of one feed, as they are now."""

    def __init__(self, source: CaseSource) -> None:
        self._source = source
        self._rows = sorted(source.rows())
        self._changed: dict[str, Case | None] = {}
        self._tracked: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, first: int, last: int) -> list[tuple[int, str]]:
        """Return the rows updated from first to last, both inclusive, oldest first."""
        low = bisect.bisect_left(self._rows, (first, ""))
        return self._rows[low : bisect.bisect_left(self._rows, (last + 1, ""))]

    def case(self, case_id: str) -> Case | None:
        """Return the case of exactly that id, or None; it must not be changed."""
        if case_id in self._changed:
            return self._changed[case_id]
        return self._source.case(case_id)

    def find(self, identifier: str) -> str | None:
        """Return a case's id by that, by the id without ``DLR#``, or by the tracking id (I-11)."""
        tracked = self._tracked.get(identifier) or self._source.resolve(identifier)
        names = (identifier, DLR_PREFIX + identifier, tracked)
        return next((name for name in names if name and self.case(name)), None)

    def edit(self, case_id: str) -> Case:
        """Return a case to be changed in place; raises KeyError when there is none."""
        case = self.case(case_id)
        if case is None:
            raise KeyError(case_id)
        if case_id not in self._changed:
            case = copy.deepcopy(case)
            self._changed[case_id] = case
        return case

    def put(self, case_id: str, case: Case) -> None:
        """Add or replace a case; its rows stay as they are."""
        self._changed[case_id] = case
        tracked = tracking_id(case.detail)
        if tracked is not None:
            self._tracked[tracked] = case_id

    def list_once(self, case_id: str, updated: int) -> None:
        """Replace all rows of the case by one with that update time in epoch seconds."""
        self._rows = [row for row in self._rows if row[1] != case_id]
        self.list_again(case_id, updated)

    def list_again(self, case_id: str, updated: int) -> None:
        """Add one row and keep the others: a case that is listed twice."""
        bisect.insort(self._rows, (updated, case_id))

    def remove(self, case_id: str, *, listed: bool) -> None:
        """Forget the case; with listed its rows stay, as of a case that vanished meanwhile."""
        self._changed[case_id] = None
        if not listed:
            self._rows = [row for row in self._rows if row[1] != case_id]
