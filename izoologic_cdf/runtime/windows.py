"""Windows of a run. Whole seconds, both bounds inclusive, so that no row falls into two."""

from collections.abc import Iterator
from dataclasses import dataclass

DAY = 86_400


@dataclass(frozen=True, order=True, slots=True)
class Window:
    """A range of epoch seconds; `since` and `until` both belong to it."""

    since: int
    until: int


def windows(since: int, until: int, days: int) -> Iterator[Window]:
    """Cut a range into windows of at most `days` days, oldest first.

    Every window but the last ends on the last second of a UTC day, and counts from the midnight
    before its begin: a request that snaps its begin to midnight still spans at most `days` days
    (I-08, I-13).
    """
    begin = since
    while begin <= until:
        end = min(begin - begin % DAY + days * DAY - 1, until)
        yield Window(begin, end)
        begin = end + 1
